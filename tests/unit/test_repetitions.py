import statistics

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.analysis.result import analyse, results_by_load
from onionrig.analysis.several_runs.repetitions import combined
from onionrig.records.events import Failed
from onionrig.records.streams.transfers import Ending
from support.records.events import finished, held, scheduled
from support.records.recordings import recording
from support.records.samples import HOLD, RAMP, sink_sample, transfer

LENGTH = 12
APART = HOLD - RAMP + LENGTH + 2


def repeated(sizes, *, settings=None, cut=None, **more):
    """A run whose loads get so many bytes in each second; ``cut`` is how long the last is held."""
    told, samples = [], []
    for number, size in enumerate(sizes):
        ramp = RAMP + number * APART
        own = (settings or {}).get(number, {})
        load = scheduled(hold_seconds=LENGTH, ramp=ramp, settings=own)
        last = cut is not None and number == len(sizes) - 1
        told += [load] if last else [load, held()]
        length = cut if last else LENGTH
        samples += [
            sink_sample(load.hold_second + at, {"backend-1": size}, corrupt=more.get("corrupt", 0))
            for at in range(length)
        ]
    failure = Failed(wall_seconds=0, since_start_seconds=1, error="Died", message="x", exit_code=7)
    told.append(finished() if cut is None else failure)
    return recording(
        samples, loads=[], events=told, done=False, target=more.get("target"),
        transfers=more.get("transfers", []),
    )  # fmt: skip


def test_the_figures_are_those_of_the_median_repetition():
    result = analyse(repeated([100, 300, 120]))
    assert result.goodput.sustained_bits_per_second == 960
    assert result.goodput.steady_seconds == LENGTH
    said = result.repetitions
    assert said.count == 3
    assert said.sustained_bits_per_second == (800, 2400, 960)
    assert (said.lowest_bits_per_second, said.highest_bits_per_second) == (800, 2400)
    assert said.spread == pytest.approx(1600 / 960)


def test_of_two_repetitions_the_lower_is_taken():
    assert analyse(repeated([300, 290])).goodput.sustained_bits_per_second == 2320


def test_a_single_load_has_no_spread():
    said = analyse(repeated([100])).repetitions
    assert (said.count, said.sustained_bits_per_second, said.spread) == (1, (800,), None)


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=7))
def test_the_median_is_one_of_the_repetitions_and_the_range_holds_all(sizes):
    result = analyse(repeated(sizes))
    assert result.goodput.sustained_bits_per_second == 8 * statistics.median_low(sizes)
    assert result.repetitions.lowest_bits_per_second == 8 * min(sizes)
    assert result.repetitions.highest_bits_per_second == 8 * max(sizes)
    assert result.bytes.verified == LENGTH * sum(sizes)


def test_what_went_wrong_in_any_of_them_is_summed():
    transfers = [
        transfer(0, ending=Ending.STALLED, started=RAMP + at * APART + 1.0) for at in (0, 2)
    ]
    transfers += [transfer(0, 2, started=RAMP + 2.0 + APART)]
    result = analyse(repeated([100, 101, 102], corrupt=1, transfers=transfers))
    assert result.bytes.corrupt == 3 * LENGTH
    assert result.bytes.verified == (100 + 101 + 102) * LENGTH
    assert result.streams.failed == 2
    assert result.streams.failed_by_reason == {"stalled": 2}
    assert result.streams.reconnected == 1


@pytest.mark.parametrize(("target", "met"), [(960, True), (961, False)])
def test_the_target_is_held_against_the_median(target, met):
    assert analyse(repeated([100, 300, 120], target=target)).verdict.met is met


def test_every_doubt_is_told_with_the_number_of_its_repetition():
    whole = repeated([100, 101, 102])
    without = [at for at in whole.sinks["sink"] if at.second != HOLD + APART + 3]
    result = analyse(msgspec.structs.replace(whole, sinks={"sink": without}))
    assert "repetition 2: 1 of 12 seconds of the hold lack a sample of a sink" in " ".join(
        result.trust.doubts
    )
    assert result.trust.trusted is False


def test_what_all_repetitions_miss_is_told_once():
    result = analyse(repeated([100, 101, 102]))
    assert result.trust.missing.count("no round trip was measured in the hold") == 1
    assert not [text for text in result.trust.missing if text.startswith("repetition")]


@pytest.mark.parametrize(("highest", "doubted"), [(110, False), (111, True)])
def test_repetitions_that_differ_by_more_than_a_tenth_are_a_doubt(highest, doubted):
    result = analyse(repeated([100, highest, 100]))
    told = [doubt for doubt in result.trust.doubts if "repetitions differ" in doubt]
    assert bool(told) is doubted
    if doubted:
        assert told == ["the repetitions differ by 11.0 %: 800 bit/s to 888 bit/s"]


def test_a_repetition_that_was_cut_short_is_told_but_not_ranked():
    # the last would be the fastest, and the median were it ranked
    result = analyse(repeated([100, 104, 102], cut=11, target=1.0))
    assert (result.status, result.failure.error) == ("aborted", "Died")
    assert result.verdict.met is None
    assert result.goodput.sustained_bits_per_second == 800
    assert result.repetitions.sustained_bits_per_second == (800, 832, 816)
    assert result.repetitions.highest_bits_per_second == 832
    assert "repetition 3: the hold was cut short: 11 of 12 seconds" in result.trust.doubts


def test_a_run_that_failed_in_its_only_load_keeps_its_figures():
    result = analyse(repeated([100], cut=11))
    assert (result.status, result.goodput.sustained_bits_per_second) == ("aborted", 800)


def test_a_run_that_failed_before_a_second_load_was_held_keeps_the_first():
    result = analyse(repeated([100, 104], cut=0))
    assert result.goodput.sustained_bits_per_second == 800
    assert result.repetitions.sustained_bits_per_second == (800, None)


def test_of_a_sweeps_run_the_first_settings_are_told_and_every_byte_is_counted():
    settings = {0: {"load.streams": "4"}, 1: {"load.streams": "16"}, 2: {"load.streams": "4"}}
    whole = repeated([100, 500, 102], settings=settings, corrupt=1)
    result = analyse(whole)
    assert result.settings == {"load.streams": "4"}
    assert result.repetitions.sustained_bits_per_second == (800, 816)
    assert result.bytes.corrupt == 3 * LENGTH
    assert "loads had other settings" in result.trust.missing[-1]
    by_load = results_by_load(whole)
    assert [one.goodput.sustained_bits_per_second for one in by_load] == [800, 4000, 816]


def test_repetitions_of_several_runs_combine_alike():
    runs = [results_by_load(repeated([size]))[0] for size in (100, 300, 120)]
    assert combined(runs).goodput.sustained_bits_per_second == 960
    assert combined(runs).status == "complete"
