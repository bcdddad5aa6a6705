"""Recordings that lack something: what can be said is said, and nothing raises."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onionrig.analysis.over_time.series import downsampled, series
from onionrig.analysis.result import analyse, results_by_load
from onionrig.records.events import Scheduled
from onionrig.records.result import Result
from support.records.manifests import manifest
from support.records.recordings import recording, watched
from support.records.samples import HOLD, RAMP, sink_sample, transfer

PARTS = ("sinks", "sources", "samplers", "tors", "pings")


def analysed(whole):
    """Analyse and draw a run, and see that the result can be written and read again."""
    result = analyse(whole)
    assert msgspec.json.decode(msgspec.json.encode(result), type=Result) == result
    assert len(downsampled(series(whole), 7).goodput_bits_per_second.at_seconds) <= 7
    assert results_by_load(whole)
    return result


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("empty", [{}, {"one": []}])
def test_a_run_without_one_kind_of_samples_is_analysed(part, empty):
    result = analysed(msgspec.structs.replace(watched(), **{part: empty}))
    assert result.bottleneck is not None
    if part == "sinks":
        assert result.goodput.missing_seconds == 10
        assert result.bottleneck.kind == "unknown"
    else:
        assert result.goodput.sustained_bits_per_second == 8e6


def test_a_run_of_which_only_the_manifest_is_left_is_analysed():
    whole = recording([], loads=[], done=False)
    bare = msgspec.structs.replace(
        whole, sinks={}, events=[], manifest=manifest(hosts=(), roles={}, backends={}, address=None)
    )
    result = analysed(bare)
    assert result.status == "aborted"
    assert result.trust.trusted is None


def test_a_run_of_a_single_second_is_analysed():
    result = analysed(watched(seconds=1))
    assert result.goodput.steady_seconds == 1
    assert result.trust.trend.steady is None


def test_a_run_that_was_aborted_in_the_ramp_is_analysed():
    samples = [sink_sample(RAMP + at, {"backend-1": 5}) for at in range(3)]
    whole = watched(samples=samples, other={"hold_seconds": 60, "done": False})
    result = analysed(whole)
    assert result.goodput.steady_seconds == 0
    assert result.bottleneck.sentence == "no load was held"
    assert result.bytes.verified == 15


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_is_missing_of_a_run_it_is_analysed(data):
    # the evidence: analysed() raises nothing and asserts what every result holds
    whole = watched(
        seconds=12,
        sizes=data.draw(st.lists(st.integers(0, 10**9), min_size=1, max_size=14)),
        others=data.draw(st.floats(0, 3)),
        carries={"eth0": (10**7, 10, data.draw(st.sampled_from([None, 0.0, 1e8])))},
        round_trip=data.draw(st.sampled_from([None, 0.0, 0.001, 2.0])),
    )
    kept = {
        part: {
            name: [sample for sample in samples if data.draw(st.integers(0, 3))]
            for name, samples in getattr(whole, part).items()
        }
        for part in PARTS
    }
    ended = data.draw(st.booleans())
    events = whole.events if ended else [at for at in whole.events if isinstance(at, Scheduled)]
    transfers = data.draw(
        st.lists(
            st.builds(
                transfer,
                st.integers(0, 3),
                started=st.floats(RAMP, HOLD + 20),
                connected=st.none(),
                ended_after=st.floats(0, 30),
            ),
            max_size=3,
        )
    )
    analysed(msgspec.structs.replace(whole, events=events, transfers=transfers, **kept))
