"""What dials come to: in all, within and between descriptors, by second, after a fault."""

from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.analysis.backends.dials import (
    dials,
    dials_by_second,
    first_byte,
    served,
)
from onionrig.analysis.load.loads import loads as cut
from onionrig.analysis.result import analyse, results_by_load
from onionrig.records.result import Result
from onionrig.records.streams.transfers import Ending
from support.records.events import covered, held, scheduled
from support.records.manifests import manifest
from support.records.recordings import recording
from support.records.samples import HOLD, RAMP, sink_sample, transfer

BEFORE = RAMP - 50.0
BACKENDS = ("backend-1", "backend-2", "backend-3", "backend-4")


def dial(number=0, backend="backend-1", client="client-1", **more):
    whole = {"started": BEFORE, "verified": 8192, **more}
    return transfer(number, backend=backend, client=client, **whole)


def failing(number=0, ending=Ending.CONNECT_TIMEOUT, **more):
    whole = {"started": BEFORE, "verified": 0, "first_byte": None, **more}
    return transfer(number, backend=None, ending=ending, **whole)


def unfinished(number=0, **more):
    """A dial that was under way when the dialling was ended."""
    return failing(number, Ending.STILL_WAITING, **more)


def run(made, *events, **changed):
    samples = [sink_sample(HOLD + at, {"backend-1": 1}) for at in range(10)]
    return recording(
        samples, dials=made, events=events, manifest=manifest(BACKENDS, **changed), asked=4
    )


def spread(counts, client="client-1"):
    """So many dials of each backend through a client."""
    return [
        dial(backend=name, client=client) for name, times in counts.items() for _ in range(times)
    ]


# In all


def test_a_run_without_dials_says_nothing_of_them():
    assert dials(run([])) is None
    assert analyse(run([])).dials is None


def test_dials_are_counted_by_who_served_and_by_why_they_failed():
    made = [
        *spread({"backend-1": 3, "backend-3": 2}),
        failing(),
        failing(ending=Ending.SOCKS_REFUSED, detail="F2 onion service introduction failed"),
        failing(),
        unfinished(),
    ]
    found = dials(run(made))
    assert (found.dials, found.failed, found.unfinished) == (9, 3, 1)
    assert found.failed_by_reason == {
        "connect timeout": 2,
        "SOCKS refused: F2 onion service introduction failed": 1,
    }
    assert found.backends == {"backend-1": 3, "backend-2": 0, "backend-3": 2, "backend-4": 0}
    assert found.unreached == ("backend-2", "backend-4")


@pytest.mark.parametrize("ending", [Ending.SERVED, Ending.RUN_ENDED])
def test_older_records_tell_served_dials_from_those_that_waited_by_what_was_verified(ending):
    was_served = dial(ending=ending)
    assert served(was_served)
    assert not was_served.was_still_waiting
    for waiting in (Ending.STILL_WAITING, Ending.RUN_ENDED):
        waited = failing(ending=waiting)
        assert not waited.failed
        assert not served(waited)
        assert waited.was_still_waiting


def test_a_dial_that_broke_after_it_was_served_a_little_has_failed():
    found = dials(run([dial(), dial(ending=Ending.STALLED)]))
    assert (found.failed, found.backends["backend-1"]) == (1, 1)


@given(st.lists(st.floats(0.001, 100), min_size=1, max_size=50))
def test_nine_of_ten_had_their_first_byte_within_what_is_said(waits):
    first = dials(run([dial(first_byte=wait) for wait in waits] + [failing()])).first_byte
    ordered, last = sorted(waits), len(waits) - 1
    assert first.median_seconds == pytest.approx(
        (ordered[last // 2] + ordered[-(last // 2) - 1]) / 2
    )
    assert first.highest_seconds == max(waits)
    within = sum(wait <= first.nine_of_ten_seconds for wait in waits)
    sooner = sum(wait < first.nine_of_ten_seconds for wait in waits)
    assert sooner < 0.9 * len(waits) <= within


@given(st.integers(1, 60))
def test_the_wait_within_which_nine_of_ten_had_their_first_byte_is_the_shortest_such(count):
    waited = first_byte(float(number) for number in range(count, 0, -1))
    assert waited.nine_of_ten_seconds == -(-9 * count // 10)


def test_where_nobody_had_a_first_byte_there_is_no_wait():
    assert first_byte([]) is None


def test_dials_under_a_load_are_another_matter():
    under = [dial(backend="backend-2", started=RAMP + 1.0), failing(started=HOLD + 2.0)]
    assert dials(run(under)) is None
    found = dials(run([dial(), *under]))
    assert (found.dials, found.failed, found.unreached) == (1, 0, BACKENDS[1:])


def test_without_a_served_dial_there_is_no_first_byte():
    assert dials(run([failing()])).first_byte is None


# Within a descriptor


def test_within_a_descriptor_the_index_is_of_its_backends_alone():
    made = [
        *spread({"backend-1": 30, "backend-2": 10}, "client-1"),
        *spread({"backend-3": 25, "backend-4": 0}, "client-2"),
    ]
    first, second = dials(
        run(
            made,
            covered("client-1", {"backend-1": 2, "backend-2": 2, "backend-3": 0}),
            covered("client-2", {"backend-3": 2, "backend-4": 2}, variant=2),
        )
    ).variants
    assert (first.variant, first.clients, first.dials) == (1, ("client-1",), 40)
    assert [(each.name, each.dials, each.expected_dials) for each in first.backends] == [
        ("backend-1", 30, 20),
        ("backend-2", 10, 20),
    ]
    assert first.jain == pytest.approx(40**2 / (2 * (30**2 + 10**2)))
    assert first.smallest_over_mean == 0.5
    assert first.unreached == ()
    # two binomials of 40: variance 10 each, so the mean of the squares is 20² + 10
    assert first.jain_by_chance.expected == pytest.approx(20**2 / (20**2 + 10))
    assert first.jain < first.jain_by_chance.low
    assert (second.variant, second.dials, second.jain) == (2, 25, 0.5)
    assert second.unreached == ("backend-4",)
    assert second.smallest_over_mean == 0
    assert second.smallest_over_mean_by_chance.low > 0


def test_more_points_mean_more_dials():
    made = spread({"backend-1": 20, "backend-2": 10})
    (variant,) = dials(run(made, covered("client-1", {"backend-1": 2, "backend-2": 1}))).variants
    assert [each.expected_dials for each in variant.backends] == pytest.approx([20, 10])
    assert variant.jain == pytest.approx(0.9)
    assert variant.jain_by_chance.low < 0.9 < variant.jain_by_chance.high


def test_points_that_share_a_relay_count_for_the_one_that_is_used():
    usable, drawn = {"backend-1": 1, "backend-2": 1}, {"backend-1": 3, "backend-2": 1}
    event = covered("client-1", usable, drawn=drawn)
    (variant,) = dials(run(spread({"backend-1": 30, "backend-2": 10}), event)).variants
    assert [each.expected_dials for each in variant.backends] == pytest.approx([30, 10])


def test_two_publications_of_a_descriptor_count_by_their_clients_dials():
    made = [*spread({"backend-1": 30}, "client-1"), *spread({"backend-2": 10}, "client-2")]
    (variant,) = dials(
        run(
            made,
            covered("client-1", {"backend-1": 2}),
            covered("client-2", {"backend-1": 2, "backend-2": 2}),
        )
    ).variants
    assert variant.clients == ("client-1", "client-2")
    assert [each.expected_dials for each in variant.backends] == pytest.approx([35, 5])


def test_a_client_holds_what_it_was_last_seen_to_hold():
    (variant,) = dials(
        run(
            spread({"backend-2": 1}),
            covered("client-1", {"backend-1": 2}),
            covered("client-1", {"backend-2": 2}),
        )
    ).variants
    assert [each.name for each in variant.backends] == ["backend-2"]


def test_instances_that_the_descriptor_did_not_have_are_told_apart():
    made = spread({"backend-1": 5, "backend-4": 2})
    (variant,) = dials(run(made, covered("client-1", {"backend-1": 2, "unknown": 2}))).variants
    assert (variant.dials, variant.others) == (7, 2)
    assert [(each.name, each.dials) for each in variant.backends] == [("backend-1", 5)]
    assert variant.jain == 1


def test_a_descriptor_through_which_nothing_was_served_has_no_index():
    (variant,) = dials(run([failing()], covered("client-1", {"backend-1": 2}))).variants
    assert variant.jain is variant.jain_by_chance is None
    assert variant.smallest_over_mean is variant.smallest_over_mean_by_chance is None
    assert variant.unreached == ("backend-1",)


def test_where_nobody_knows_what_clients_held_there_are_no_variants():
    found = dials(run([dial()]))
    assert (found.variants, found.between) == ((), None)


# Between descriptors


def halves(first, second, clients=2):
    """Two descriptors of two backends, with so many dials; ``clients`` hold them in turn."""
    seen = [
        covered(
            f"client-{number}",
            {"backend-1": 2, "backend-2": 2} if number % 2 else {"backend-3": 2, "backend-4": 2},
            variant=2 - number % 2,
        )
        for number in range(1, clients + 1)
    ]
    return run(
        [
            *spread({"backend-1": first, "backend-2": first}, "client-1"),
            *spread({"backend-3": second, "backend-4": second}, "client-2"),
        ],
        *seen,
    )


def test_between_descriptors_the_index_is_of_their_mean_dials_a_backend():
    found = dials(halves(30, 10, clients=4)).between
    assert found.jain == pytest.approx((30 + 10) ** 2 / (2 * (30**2 + 10**2)))
    # four clients that draw one of two: variance 1, so the mean of the squares is 2² + 1
    assert found.jain_by_chance.expected == pytest.approx(2**2 / (2**2 + 1))


def test_with_one_descriptor_there_is_nothing_between():
    assert dials(run([dial()], covered("client-1", {"backend-1": 2}))).between is None


def test_a_descriptor_that_no_client_holds_is_seen_by_what_was_asked():
    event = covered("client-1", {"backend-1": 2, "backend-2": 2})
    made = spread({"backend-1": 5, "backend-2": 5})
    found = dials(run(made, event, experiment={"frontend": {"variants": 3}}))
    assert [(each.variant, each.clients) for each in found.variants] == [
        (1, ("client-1",)), (2, ()), (3, ()),
    ]  # fmt: skip
    assert found.between.jain == pytest.approx(1 / 3)
    assert found.unreached == ("backend-3", "backend-4")


# As part of a result

DIALLED = st.one_of(
    st.builds(dial, backend=st.sampled_from(BACKENDS), client=st.sampled_from(["client-1", "client-2", "x"])),
    st.builds(failing, ending=st.sampled_from([*Ending]), client=st.sampled_from(["client-1", "x"])),
)  # fmt: skip
SEEN = st.builds(
    covered,
    st.sampled_from(["client-1", "client-2"]),
    st.dictionaries(st.sampled_from([*BACKENDS, "unknown"]), st.integers(0, 3)),
    variant=st.integers(1, 6),
)


@given(made=st.lists(DIALLED, min_size=1, max_size=60), events=st.lists(SEEN, max_size=4))
def test_whatever_was_recorded_every_dial_counts_once(made, events):
    result = analyse(run(made, *events))
    assert msgspec.json.decode(msgspec.json.encode(result), type=Result) == result
    found = result.dials
    assert sum(found.backends.values()) + found.failed + found.unfinished == len(made)
    assert sum(found.failed_by_reason.values()) == found.failed
    known = {event.client for event in events}
    counted = Counter(each.client for each in made if served(each))
    assert sum(each.dials for each in found.variants) == sum(counted[name] for name in known)
    for variant in found.variants:
        assert sum(each.dials for each in variant.backends) + variant.others == variant.dials
        assert sum(each.expected_dials for each in variant.backends) == pytest.approx(
            variant.dials - variant.others
        )


def test_every_load_of_a_run_has_the_dials_from_before_the_first():
    before, first, between, second = [-10.0, -0.1], [0.1, 14.0], [50.0], [102.0]
    loads = [scheduled(hold_seconds=10, ramp=RAMP + at) for at in (0, 100)]
    samples = [
        sink_sample(HOLD + begin + at, {"backend-1": 1}) for begin in (0, 100) for at in range(10)
    ]
    made = recording(
        samples,
        loads=[covered("client-1", {"backend-1": 2}), loads[0], held(), loads[1], held()],
        dials=[dial(started=RAMP + at) for at in before + first + between + second],
    )
    whole = analyse(made).dials
    assert whole.variants[0].dials == 2
    assert [one.dials for one in results_by_load(made)] == [whole, whole]
    assert [[each.started_wall_seconds for each in load.recording.dials] for load in cut(made)] == [
        [RAMP + at for at in before + first],
        [RAMP + at for at in before + second],
    ]


# Over time


def test_dials_are_counted_in_the_second_in_which_they_began():
    made = [
        dial(started=99.9),
        dial(started=100.0, first_byte=0.5),
        dial(started=100.9, first_byte=0.7),
        failing(started=100.5),
        failing(started=102.2),
        unfinished(started=102.9),
        dial(started=103.0),
    ]
    told = [
        (each.second, each.begun, each.served, each.failed, each.still_waiting)
        for each in dials_by_second(made, since=100.0, seconds=3)
    ]
    assert told == [(0, 3, 2, 1, 0), (1, 0, 0, 0, 0), (2, 2, 0, 1, 1)]


def test_of_each_second_those_that_were_served_tell_how_long_they_waited():
    made = [
        dial(started=100.0 + at, first_byte=waited)
        for at, waited in ((0.1, 0.5), (0.2, 9.0), (0.3, 0.75), (2.5, 0.25))
    ]
    told = [
        (each.median_first_byte_seconds, each.highest_first_byte_seconds)
        for each in dials_by_second([*made, failing(started=101.0)], since=100.0, seconds=3)
    ]
    assert told == [(0.75, 9.0), (None, None), (0.25, 0.25)]


@given(
    st.lists(st.tuples(st.floats(-5, 20), st.booleans()), max_size=40),
    st.integers(0, 15),
)
def test_over_time_no_dial_is_lost_and_none_counts_twice(made, seconds):
    told = dials_by_second(
        [failing(started=1e6 + at) if fails else dial(started=1e6 + at) for at, fails in made],
        since=1e6,
        seconds=seconds,
    )
    within = [fails for at, fails in made if 1e6 <= 1e6 + at < 1e6 + seconds]
    assert len(told) == seconds
    assert sum(each.begun for each in told) == len(within)
    assert sum(each.failed for each in told) == sum(within)
