import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.records.streams.transfers import Ending
from support.bottlenecks import bottleneck_of, evidence
from support.records.events import happened
from support.records.recordings import watched
from support.records.samples import HOLD, RAMP, sink_sample, transfer


def served(sizes, *, streams=4, other=1_000_000):
    """A sink's seconds, from the ramp on, in which backend-1 delivers as told, backend-2 evenly."""
    counts = streams if isinstance(streams, list) else [streams] * len(sizes)
    return [
        sink_sample(
            RAMP + at,
            {"backend-1": size, "backend-2": other},
            streams={"backend-1": up, "backend-2": 4},
        )
        for at, (size, up) in enumerate(zip(sizes, counts, strict=True))
    ]


def with_sink(samples, *, hold_seconds, **more):
    return watched(
        seconds=hold_seconds, samples=samples, other={"hold_seconds": hold_seconds, **more}
    )


def test_a_stalled_backend_is_named():
    # it serves in the ramp and for 3 s of the hold, then is silent to the end
    whole = with_sink(served([9] * 8 + [0] * 7), hold_seconds=10)
    verdict = bottleneck_of(whole)
    assert (verdict.kind, verdict.subject) == ("stalled backend", "backend-1")
    assert verdict.sentence == (
        "backend-1 stalled: it had served, then delivered nothing for 7 s of the hold while it "
        "had 4 streams"
    )
    piece = evidence(verdict, "longest silence of backend-1")
    assert (piece.measured, piece.limit, piece.unit, piece.at_limit) == (7.0, 5.0, "seconds", True)


def test_a_stalled_backend_comes_before_a_full_machine():
    whole = watched(
        seconds=10, samples=served([9] * 8 + [0] * 7), cores={"relay-1": 1.99},
        other={"hold_seconds": 10},
    )  # fmt: skip
    assert bottleneck_of(whole).kind == "stalled backend"


@pytest.mark.parametrize(("silent", "kind"), [(4, "load"), (5, "stalled backend")])
def test_silence_counts_from_five_seconds(silent, kind):
    sizes = [9] * 7 + [0] * silent + [9] * (8 - silent)
    assert bottleneck_of(with_sink(served(sizes), hold_seconds=10)).kind == kind


def test_silence_without_streams_is_no_stall():
    whole = with_sink(served([9] * 8 + [0] * 7, streams=[4] * 8 + [0] * 7), hold_seconds=10)
    assert bottleneck_of(whole).kind == "load"


def test_a_backend_that_never_served_is_starved_and_not_stalled():
    assert bottleneck_of(with_sink(served([0] * 15), hold_seconds=10)).kind == "load"


def test_a_sample_need_not_name_a_backend_that_has_nothing():
    # from the fourth second of the hold on backend-1 is in no sample; backend-3 never sends a byte
    samples = [
        sink_sample(
            RAMP + at,
            {"backend-1": 9, "backend-2": 9} if at < 8 else {"backend-2": 9},
            streams={"backend-1": 4, "backend-3": 1} if at < 8 else {"backend-3": 1},
        )
        for at in range(15)
    ]
    assert bottleneck_of(with_sink(samples, hold_seconds=10)).kind == "load"


def test_a_silence_that_ended_before_the_hold_bound_nothing():
    assert (
        bottleneck_of(with_sink(served([9, 0, 0, 0, 0] + [9] * 10), hold_seconds=10)).kind == "load"
    )


@pytest.mark.parametrize(
    ("ending", "kind"), [(Ending.STALLED, "stalled backend"), (Ending.RESET, "load")]
)
def test_a_stall_that_began_before_the_hold_counts_until_its_streams_are_given_up(ending, kind):
    # silent from the ramp's second second; given up as the hold's third second ends
    sizes, streams = [9] * 2 + [0] * 13, [4] * 7 + [0] * 8
    given_up = transfer(ending=ending, started=float(RAMP), ended_after=8.05)
    whole = with_sink(served(sizes, streams=streams), hold_seconds=10, transfers=[given_up])
    assert bottleneck_of(whole).kind == kind


def test_a_missing_second_neither_ends_a_silence_nor_adds_to_it():
    samples = served([9] * 8 + [0] * 7)
    four_left = [at for at in samples if at.second - RAMP not in {10, 11, 12}]
    five_left = [at for at in samples if at.second - RAMP not in {10, 12}]
    assert bottleneck_of(with_sink(four_left, hold_seconds=10)).kind == "load"
    assert evidence(bottleneck_of(with_sink(five_left, hold_seconds=10)), "longest").measured == 5


def test_a_backend_that_alone_had_streams_is_named_and_nothing_shared_is_blamed():
    samples = [sink_sample(HOLD + at, {"backend-1": 9 if at < 3 else 0}) for at in range(10)]
    verdict = bottleneck_of(with_sink(samples, hold_seconds=10))
    assert verdict.subject == "backend-1"
    assert verdict.sentence.endswith("while it had 1 stream")


def test_where_all_stall_at_once_none_is_blamed():
    samples = [
        sink_sample(HOLD + at, dict.fromkeys(("backend-1", "backend-2"), 9 if at < 3 else 0))
        for at in range(10)
    ]
    verdict = bottleneck_of(with_sink(samples, hold_seconds=10))
    assert (verdict.kind, verdict.subject) == ("stalled backend", None)
    assert "all 2 backend instances" in verdict.sentence


def test_others_that_stalled_too_are_told():
    samples = [
        sink_sample(
            HOLD + at,
            {"backend-1": 9 if at < 2 else 0, "backend-2": 9 if at < 5 else 0, "backend-3": 9},
        )
        for at in range(10)
    ]
    verdict = bottleneck_of(with_sink(samples, hold_seconds=10))
    assert verdict.subject == "backend-1"
    assert verdict.sentence.endswith("; so did backend-2")


def test_one_that_hangs_because_it_was_asked_to_has_not_stalled():
    # it serves for 2 s of the hold, is silent for 6 s while it hangs, and serves again
    samples = served([9] * 7 + [0] * 6 + [9] * 2)
    hung = [happened("hang", "backend-1", 2.02), happened("resume", "backend-1", 8.01)]
    assert bottleneck_of(with_sink(samples, hold_seconds=10)).subject == "backend-1"
    verdict = bottleneck_of(with_sink(samples, hold_seconds=10, events=hung))
    assert verdict.kind == "load"
    assert not [piece for piece in verdict.evidence if piece.what.startswith("longest silence")]


def test_one_that_hangs_to_the_end_has_not_stalled_although_its_streams_were_given_up():
    samples = served([9] * 7 + [0] * 23, streams=[4] * 27 + [0] * 3)
    given_up = transfer(ending=Ending.STALLED, started=float(RAMP), ended_after=27.0)
    whole = with_sink(
        samples,
        hold_seconds=25,
        transfers=[given_up],
        events=[happened("hang", "backend-1", 2.02)],
    )
    assert bottleneck_of(whole).kind == "load"


def test_one_that_goes_on_and_then_is_silent_has_stalled():
    samples = served([9] * 7 + [0] * 8)
    resumed = happened("resume", "backend-1", 3.0)
    verdict = bottleneck_of(with_sink(samples, hold_seconds=10, events=[resumed]))
    assert (verdict.kind, verdict.subject) == ("stalled backend", "backend-1")


@pytest.mark.parametrize(
    ("events", "subject", "deeds"),
    [
        ([("hang", "relay-2", 2.0)], "relay-2", "hung relay-2 at 2 s"),
        ([("kill", "balancer", 1.0)], "balancer", "killed balancer at 1 s"),
        # done as the second before the silence ends
        ([("stop", "backend-2", 2.9)], "backend-2", "stopped backend-2 at 3 s"),
        (
            [("kill", "relay-1", 0.0), ("hang", "relay-2", 2.0), ("kill", "relay-3", 8.0)],
            "relay-1 and relay-2",
            "killed relay-1 at 0 s and hung relay-2 at 2 s",
        ),
    ],
)
def test_what_the_experiment_did_as_an_instance_fell_silent_is_named_as_the_cause(
    events, subject, deeds
):
    samples = served([9] * 7 + [0] * 8)
    done = [happened(*event) for event in events]
    verdict = bottleneck_of(with_sink(samples, hold_seconds=10, events=done))
    assert (verdict.kind, verdict.subject) == ("planned fault", subject)
    assert verdict.sentence == (
        f"the experiment itself {deeds}: meanwhile backend-1 delivered nothing for 8 s of the hold "
        "while it had 4 streams"
    )


@pytest.mark.parametrize(
    "events",
    [
        # back for longer than a second before the silence
        [("kill", "relay-1", 0.0), ("start", "relay-1", 0.5)],
        # done when it had been silent for a second
        [("hang", "relay-2", 3.2)],
        # takes nothing away
        [("start", "relay-2", 2.0)],
        [("a verb of a later version", "relay-2", 2.0)],
    ],
)
def test_what_cannot_have_silenced_an_instance_is_no_excuse(events):
    samples = served([9] * 7 + [0] * 8)
    done = [happened(*event) for event in events]
    verdict = bottleneck_of(with_sink(samples, hold_seconds=10, events=done))
    assert (verdict.kind, verdict.subject) == ("stalled backend", "backend-1")


def test_one_that_stalled_by_itself_is_named_although_another_was_silenced_on_purpose():
    samples = [
        sink_sample(
            HOLD + at,
            {"backend-1": 9 if at < 3 else 0, "backend-2": 9 if at < 8 else 0, "backend-3": 9},
        )
        for at in range(20)
    ]
    whole = with_sink(samples, hold_seconds=20, events=[happened("hang", "relay-1", 7.0)])
    verdict = bottleneck_of(whole)
    assert (verdict.kind, verdict.subject) == ("stalled backend", "backend-1")
    assert "backend-2" not in verdict.sentence


def test_all_that_were_silenced_on_purpose_are_told():
    samples = [
        sink_sample(HOLD + at, dict.fromkeys(("backend-1", "backend-2"), 9 if at < 3 else 0))
        for at in range(10)
    ]
    whole = with_sink(samples, hold_seconds=10, events=[happened("kill", "relay-1", 2.0)])
    verdict = bottleneck_of(whole)
    assert verdict.sentence.endswith("while it had 1 stream; so did backend-2")
    assert verdict.kind == "planned fault"


@pytest.mark.parametrize(("resumed", "kind"), [(3.9, "load"), (2.9, "stalled backend")])
def test_one_that_stays_silent_for_five_seconds_after_it_went_on_has_stalled(resumed, kind):
    # silent from the hold's third second to its ninth; excused until one second after
    samples = served([9] * 7 + [0] * 7 + [9])
    events = [happened("hang", "backend-1", 2.0), happened("resume", "backend-1", resumed)]
    verdict = bottleneck_of(with_sink(samples, hold_seconds=10, events=events))
    assert verdict.kind == kind


@given(st.lists(st.integers(0, 2), min_size=5, max_size=40))
def test_a_stall_is_five_zeros_in_a_row_after_the_first_byte(sizes):
    whole = with_sink(
        [sink_sample(HOLD + at, {"backend-1": size}) for at, size in enumerate(sizes)],
        hold_seconds=len(sizes),
    )
    after_the_first = "".join(str(size) for size in sizes).lstrip("0")
    assert (bottleneck_of(whole).kind == "stalled backend") is ("00000" in after_the_first)
