"""The verdict on a run whose goodput the experiment itself took."""

import pytest

from support.bottlenecks import bottleneck_of, evidence
from support.records.events import happened
from support.records.recordings import watched
from support.records.samples import BYTES_PER_MBIT, HOLD, sink_sample


def verdict_on(rates, *events, cores=()):
    """Judge a hold of so many Mbit/s in each second, with so much CPU in use."""
    samples = [
        sink_sample(HOLD + at, {"backend-1": rate * BYTES_PER_MBIT})
        for at, rate in enumerate(rates)
    ]
    whole = watched(
        seconds=len(rates),
        samples=samples,
        cores=dict(cores),
        other={"hold_seconds": len(rates), "events": list(events)},
    )
    return bottleneck_of(whole)


FELL = [60] * 10 + [12] * 20


def test_where_goodput_fell_after_something_was_taken_away_that_is_the_verdict():
    verdict = verdict_on(
        FELL, happened("kill", "relay-1", 10.02), happened("hang", "relay-2", 21.0)
    )
    assert (verdict.kind, verdict.subject) == ("planned fault", "relay-1")
    assert verdict.sentence == (
        "the experiment itself killed relay-1 at 10 s: goodput fell to 12.0 Mbit/s in the lowest ten "
        "seconds, from 60.0 Mbit/s before"
    )
    piece = evidence(verdict, "lowest ten seconds")
    assert (piece.measured, piece.limit, piece.at_limit) == (12e6, 60e6, True)


def test_a_full_machine_is_told_as_well():
    verdict = verdict_on(FELL, happened("kill", "relay-1", 10.02), cores={"relay-1": 1.99})
    assert verdict.kind == "planned fault"
    assert verdict.sentence.endswith("full as well")


@pytest.mark.parametrize(
    "events",
    [
        (),
        # goodput was low before
        (happened("kill", "relay-1", 25.0),),
        # back again before goodput fell
        (happened("kill", "relay-1", 6.0), happened("start", "relay-1", 7.0)),
        (happened("start", "relay-1", 10.0),),
    ],
)
def test_where_nothing_was_away_as_goodput_fell_nothing_is_blamed(events):
    assert verdict_on(FELL, *events).kind == "load"


def test_a_fault_that_cost_little_is_not_the_verdict():
    verdict = verdict_on([60] * 10 + [50] * 20, happened("kill", "balancer", 10.0))
    assert verdict.kind == "load"
    assert not evidence(verdict, "lowest ten seconds").at_limit


def test_what_was_done_before_there_was_anything_to_compare_with_is_told_with_the_verdict():
    verdict = verdict_on([60] * 3 + [12] * 20, happened("kill", "relay-1", 3.0))
    assert verdict.kind == "load"
    assert verdict.sentence.endswith("; meanwhile the experiment itself killed relay-1 at 3 s")


def test_what_an_earlier_hold_had_taken_away_is_told_with_the_verdict():
    verdict = verdict_on(FELL, happened("kill", "relay-1", -40.0))
    assert verdict.sentence.endswith(
        "; meanwhile the experiment itself killed relay-1 before this hold"
    )
