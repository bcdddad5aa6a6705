import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.analysis.backends.tor_circuits import tor_circuits
from onionrig.analysis.load.loads import load_of
from onionrig.analysis.trust.agreement import received_until
from onionrig.records.streams.transfers import Ending
from support.bottlenecks import trust_of
from support.records.events import happened
from support.records.manifests import host, manifest, service
from support.records.recordings import recording, watched
from support.records.samples import (
    HOLD,
    host_sample,
    sink_sample,
    tor_counters,
    tor_sample,
    transfer,
)

MB = 1_000_000
ON_ITS_WAY_TO_SINKS = 2 * 1024 * 1024 + 249_000
"""Bytes a stream: in the source's socket and in the window."""


def agreement(whole, what):
    (piece,) = [piece for piece in trust_of(whole).agreement if piece.what == what]
    return piece


def test_sources_agree_where_they_run_ahead_by_what_is_on_its_way():
    ahead = 4 * ON_ITS_WAY_TO_SINKS
    sent = [10 * MB + ahead, *[10 * MB] * 9]
    piece = agreement(watched(size=10 * MB, sent=sent), "sources")
    assert (piece.sink_bytes, piece.other_bytes) == (100 * MB, 100 * MB + ahead)
    assert piece.difference == pytest.approx(ahead / (100 * MB))
    assert piece.expected == pytest.approx((-ahead / (100 * MB), ahead / (100 * MB)))
    assert piece.explained is True


@pytest.mark.parametrize(("beyond", "explained"), [(0.009, True), (0.011, False), (-1.0, False)])
def test_more_than_a_percent_beyond_what_is_on_its_way_is_unexplained(beyond, explained):
    total = 1000 * MB
    sent = total + 4 * ON_ITS_WAY_TO_SINKS + round(beyond * total)
    said = trust_of(watched(size=100 * MB, sent=[sent, *[0] * 9]))
    assert said.agreement[0].explained is explained
    assert any("the sources sent" in doubt for doubt in said.doubts) is not explained


def test_an_unexplained_difference_is_told_with_its_number():
    said = trust_of(watched(size=100 * MB, sent=[125 * MB] * 10))
    # 4 streams have at most 9.4 MB on their way, 0.9 % of 1 GB
    assert said.doubts == (
        "the sources sent 25.0 % more than the sinks received; -0.9 % to +0.9 % is expected",
    )
    assert said.trusted is False


def test_what_failed_streams_had_on_their_way_is_lost():
    failures = [
        transfer(stream, ending=Ending.STALLED, started=float(HOLD), ended_after=3.0)
        for stream in range(2)
    ]
    before = transfer(3, ending=Ending.STALLED, started=HOLD - 4.0, ended_after=3.0)
    never = transfer(3, backend=None, ending=Ending.CONNECT_TIMEOUT, started=float(HOLD))
    whole = watched(size=10 * MB, other={"transfers": [*failures, before, never]})
    highest = agreement(whole, "sources").expected[1]
    assert highest == pytest.approx((4 + 2) * ON_ITS_WAY_TO_SINKS / (100 * MB))


def test_each_dial_under_way_in_the_hold_may_have_had_as_much_on_its_way():
    dials = [
        transfer(started=HOLD + began, ended_after=lasted, verified=8192, **more)
        for began, lasted, more in (
            (-9.0, 8.9, {}),  # over before the hold began
            (-1.0, 2.0, {}),
            (5.0, 0.3, {}),
            (6.0, 0.4, {"backend": None, "ending": Ending.NO_FIRST_BYTE}),
            (9.9, 30.0, {}),
            (10.0, 0.3, {}),  # the hold is over
        )
    ]
    whole = watched(size=10 * MB, other={"dials": dials})
    piece = agreement(whole, "sources")
    lowest, highest = (4 * ON_ITS_WAY_TO_SINKS, (4 + 4) * ON_ITS_WAY_TO_SINKS)
    assert piece.expected == pytest.approx((-lowest / (100 * MB), highest / (100 * MB)))
    assert piece.cause.endswith("; 4 dials in the hold, which no sink counts")
    assert agreement(whole, "tor").expected[1] == pytest.approx(
        (4 + 4) * (249_000 + 1024 * 1024) / (100 * MB)
    )
    assert "dials" not in agreement(watched(size=10 * MB), "sources").cause


def test_a_source_that_was_ended_on_purpose_is_not_judged():
    said = trust_of(watched(sent=[0] * 10, other={"events": [happened("kill", "source", 5.0)]}))
    assert said.agreement[0].explained is None
    assert said.agreement[0].cause.startswith("source was ended in the hold")
    assert said.trusted


def test_sources_that_did_not_record_are_not_judged():
    piece = agreement(watched(other={"sources": {}}), "sources")
    assert (piece.difference, piece.explained, piece.other_bytes) == (None, None, None)
    assert piece.cause == "no source of ours recorded the hold"


def read_at(*readings):
    return {
        "tors": [
            tor_sample(int(at), {"backend-1": tor_counters(at, application=taken)})
            for at, taken in readings
        ]
    }


def test_tors_are_held_against_the_sinks_between_the_same_two_moments():
    # the sink gets 10, 20, … 100 bytes; from 2.25 s to 8.5 s these are
    # 0.75 * 30 + 40 + 50 + 60 + 70 + 80 + 0.5 * 90
    sizes = [10 * at for at in range(1, 11)]
    tors = read_at((HOLD + 2.25, 1000), (HOLD + 5.0, 1200), (HOLD + 8.5, 1368))
    piece = agreement(watched(sizes=sizes, other={"tors": tors}), "tor")
    assert piece.sink_bytes == round(22.5 + 300 + 45)
    assert piece.other_bytes == 368
    assert piece.explained
    # 4 streams, each with a window and what waits for a sink within a second
    assert piece.expected[1] == pytest.approx(4 * (249_000 + 1024 * 1024) / 367, rel=0.01)


def test_an_answer_right_after_the_hold_is_its_last():
    tors = read_at((HOLD + 0.01, 0), (HOLD + 10.2, 100 * MB), (HOLD + 13, 900 * MB))
    piece = agreement(watched(size=10 * MB, other={"tors": tors}), "tor")
    assert piece.other_bytes == 100 * MB
    assert piece.sink_bytes == pytest.approx(100 * MB, rel=0.01)


def test_tors_that_took_far_more_are_a_doubt():
    said = trust_of(watched(size=100 * MB, tor_takes=1200 * MB))
    assert said.trusted is False
    assert said.doubts[0].startswith("the backend instances' tors took 20.0 % more than the sinks")


def test_other_ports_and_other_tors_do_not_count():
    # the echo port's 77 bytes are in every reading; a relay's are no payload
    tors = {
        "tors": [
            tor_sample(
                HOLD + at,
                {
                    "backend-1": tor_counters(HOLD + at, application=MB * at),
                    "relay-1": tor_counters(HOLD + at, application=99 * MB * at),
                },
            )
            for at in (0, 10)
        ]
    }
    assert agreement(watched(size=MB, other={"tors": tors}), "tor").other_bytes == 10 * MB


def two_backends(events, *, first, second):
    """A hold of 10 s in which each of two serves 50 MB, and their tors say so much at its ends."""
    tors = [
        tor_sample(
            HOLD + at,
            {
                name: tor_counters(HOLD + at, application=counted[index], begun=counted[index])
                for name, counted in (("backend-1", first), ("backend-2", second))
            },
        )
        for index, at in ((0, 0), (1, 10))
    ]
    samples = [
        sink_sample(HOLD + at, {"backend-1": 5 * MB, "backend-2": 5 * MB}) for at in range(10)
    ]
    return watched(samples=samples, other={"tors": {"tors": tors}, "events": events})


@pytest.mark.parametrize("verb", ["kill", "stop"])
def test_one_that_was_ended_on_purpose_is_left_out_with_what_the_sinks_had_of_it(verb):
    # it had taken 900 MB, was ended, and took 3 MB once it was started again
    ended = [happened(verb, "backend-1", 3.0), happened("start", "backend-1", 7.0)]
    piece = agreement(
        two_backends(ended, first=(900 * MB, 3 * MB), second=(70 * MB, 120 * MB)), "tor"
    )
    assert (piece.sink_bytes, piece.other_bytes) == (50 * MB, 50 * MB)
    assert piece.explained
    assert piece.cause.startswith("without backend-1, ended in the hold: payload in flight")


def test_one_that_only_hung_is_counted_on():
    hung = [happened("hang", "backend-1", 3.0), happened("resume", "backend-1", 7.0)]
    piece = agreement(two_backends(hung, first=(0, 50 * MB), second=(0, 50 * MB)), "tor")
    assert (piece.sink_bytes, piece.other_bytes) == (100 * MB, 100 * MB)


def test_one_that_was_ended_outside_the_hold_is_counted_on():
    ended = [happened("kill", "backend-1", -3.0), happened("start", "backend-1", -1.0)]
    piece = agreement(two_backends(ended, first=(0, 50 * MB), second=(0, 50 * MB)), "tor")
    assert piece.other_bytes == 100 * MB


def test_where_all_were_ended_tors_are_not_judged():
    ended = [happened("kill", name, 3.0) for name in ("backend-1", "backend-2")]
    piece = agreement(two_backends(ended, first=(0, 1), second=(0, 1)), "tor")
    assert piece.explained is None
    assert piece.cause == (
        "without backend-1, backend-2, ended in the hold: no backend instance's tor reported its "
        "bytes twice"
    )


def test_tors_that_answered_once_or_never_are_not_judged():
    portless = [
        tor_sample(
            HOLD + at,
            {"backend-1": msgspec.structs.replace(tor_counters(HOLD + at), application_bytes={})},
        )
        for at in (0, 10)
    ]
    silent = [tor_sample(HOLD, {"backend-1": None})]
    for tors in ({}, read_at((HOLD, 1)), {"tors": silent}, {"tors": portless}):
        piece = agreement(watched(other={"tors": tors}), "tor")
        assert (piece.difference, piece.explained) == (None, None)


def test_interfaces_are_not_judged_on_one_host():
    piece = agreement(watched(carries={"eth0": (1, 1, None)}), "interfaces")
    assert piece.explained is None
    assert piece.cause == "every hop of a rig on one host goes over loopback"


@pytest.mark.parametrize(
    ("overhead", "explained"), [(0.01, False), (0.05, True), (0.12, True), (0.14, False)]
)
def test_a_host_of_backends_alone_sends_the_payload_and_its_overhead(overhead, explained):
    pi = [
        host_sample(
            HOLD + at,
            {"backend-1": 0.1 * at},
            interfaces={
                "lo": {"sent": 77 * MB * at},
                "eth0": {"sent": round(MB * (1 + overhead)) * at, "received": at},
            },
        )
        for at in range(-1, 10)
    ]
    made = manifest(
        hosts=(host("here"), host("pi")),
        backends={"backend-1": "pi", "backend-2": "here"},
        services=(
            service("sampler-pi", "sampler", "pi"),
            service("sampler", "sampler", "here"),
            service("backend-1", "backend", "pi"),
            service("source-pi", "source", "pi"),
            service("backend-2", "backend", "here"),
            service("relay-1", "relay", "here"),
        ),
    )
    whole = watched(carries={"eth0": (5 * MB, 5 * MB, None)}, other={"manifest": made})
    whole.sinks["sink"].append(sink_sample(HOLD + 10, {"backend-1": 3 * MB}))
    whole = msgspec.structs.replace(whole, samplers={**whole.samplers, "sampler-pi": pi})
    piece = agreement(whole, "interfaces")
    assert piece.sink_bytes == 10 * MB
    assert piece.difference == pytest.approx(overhead, abs=1e-4)
    assert piece.explained is explained


def test_dials_to_a_host_of_backends_may_be_beside_what_the_sinks_had():
    pi = [
        host_sample(
            HOLD + at,
            {"backend-1": 0.1 * at},
            interfaces={"eth0": {"sent": round(1.05 * MB) * at + 4 * MB * (at > 5)}},
        )
        for at in range(-1, 10)
    ]
    made = manifest(
        hosts=(host("here"), host("pi")),
        backends={"backend-1": "pi"},
        services=(
            service("sampler-pi", "sampler", "pi"),
            service("backend-1", "backend", "pi"),
            service("relay-1", "relay", "here"),
        ),
    )
    # 4.5 MB beside 10 MB of payload: 12 % of overhead, and for each dial 1.3 MB with as much
    for dials, explained in ((2, False), (3, True)):
        dialled = [transfer(started=HOLD + 5.5, ended_after=0.3) for _ in range(dials)]
        whole = watched(other={"manifest": made, "dials": dialled})
        whole = msgspec.structs.replace(whole, samplers={"sampler-pi": pi})
        assert agreement(whole, "interfaces").explained is explained


@pytest.mark.parametrize(("peer", "judged"), [("192.0.2.7:9000", True), ("127.0.0.1:9000", False)])
def test_a_baseline_from_elsewhere_is_held_against_what_the_interfaces_received(peer, judged):
    made = manifest(mode="without tor", backends={}, experiment={"baseline": {"peer": peer}})
    samples = [sink_sample(HOLD + at, {}, unverified=MB) for at in range(10)]
    carries = {"eth0": (round(1.045 * MB), 10, 1e9)}
    piece = agreement(
        watched(samples=samples, carries=carries, other={"manifest": made}), "interfaces"
    )
    assert piece.explained is (True if judged else None)
    assert piece.difference == (pytest.approx(0.045) if judged else None)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=20), st.floats(0, 20), st.floats(0, 20))
def test_bytes_received_until_a_moment_only_grow_and_end_at_the_sum(sizes, one, other):
    by_second = {HOLD + at: size for at, size in enumerate(sizes)}
    early, late = sorted((one, other))
    assert received_until(by_second, HOLD + early) <= received_until(by_second, HOLD + late) + 1e-6
    assert received_until(by_second, HOLD + len(sizes)) == sum(sizes)
    assert received_until(by_second, float(HOLD)) == 0


# tor's circuits


def test_circuits_are_what_came_between_the_first_and_last_reading_of_all_backends():
    def both(at, begun, failed, up):
        daemons = {
            f"backend-{n}": tor_counters(HOLD + at, begun=begun * n, failed=failed, up=up)
            for n in (1, 2)
        }
        return tor_sample(HOLD + at, daemons)

    tors = {
        "tors": [
            both(0, 10, {"timeout": 1, "old": 5}, 4),
            both(5, 11, {}, 9),
            both(10, 13, {"timeout": 3, "other": 1, "old": 5}, 5),
        ]
    }
    whole = recording([sink_sample(HOLD + at, {}) for at in range(10)], tors=tors)
    said = tor_circuits(load_of(whole))
    assert said.rendezvous_begun == 3 + 6
    assert said.rendezvous_failed == {"timeout": 4, "other": 2}
    assert said.rendezvous_open == 10
    assert said.introduction_circuits == 6


def test_circuits_of_one_that_was_ended_on_purpose_have_no_difference():
    ended = [happened("kill", "backend-1", 3.0), happened("start", "backend-1", 7.0)]
    whole = two_backends(ended, first=(900, 2), second=(10, 14))
    said = tor_circuits(load_of(whole))
    assert said.rendezvous_begun == 4
    # both are there at its end
    assert said.introduction_circuits == 6


def test_circuits_that_were_read_once_have_begun_unknown():
    tors = {"tors": [tor_sample(HOLD, {"backend-1": tor_counters(HOLD, begun=9, up=4)})]}
    whole = watched(other={"tors": tors})
    said = tor_circuits(load_of(whole))
    assert (said.rendezvous_begun, said.rendezvous_open) == (None, 4)


def test_circuits_are_null_where_no_backend_answered():
    whole = watched(other={"tors": {}})
    said = tor_circuits(load_of(whole))
    assert (said.rendezvous_begun, said.rendezvous_open, said.introduction_circuits) == (
        None,
        None,
        None,
    )
    assert said.rendezvous_failed == {}
