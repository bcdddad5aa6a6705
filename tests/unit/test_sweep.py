"""What a sweep came to, what is left of it, and where goodput stops growing."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from onionrig.analysis.several_runs.knee import knees
from onionrig.analysis.several_runs.sweep import speed_remarks, still_to_do, sweep_result
from onionrig.analysis.thresholds import judged_as
from onionrig.records.result import Verdict
from onionrig.records.series.sweep import Axis, SweepPlan, SweepPoint
from onionrig.records.thresholds import Threshold
from onionrig.records.yardstick.core_speed import Yardstick
from onionrig.views.report.series.sweep import sweep_report
from onionrig.views.summary.sweep import sweep_summary
from support.records.results import result
from support.views.terminal import printed


def plan(*axes, repeat=1):
    return SweepPlan(
        name="default",
        started="2026-01-01T00:00:00+00:00",
        command=("onionrig", "sweep"),
        experiment={},
        axes=tuple(Axis(key=key, values=values) for key, values in axes),
        repeat=repeat,
    )


STREAMS = ("load.streams", ("1", "4", "16"))


def held(rate, **settings):
    return result(rate, settings={key.replace("_", "."): value for key, value in settings.items()})


def points(rates):
    return [
        SweepPoint(settings={"load.streams": value}, run="001", result=result(rate))
        for value, rate in rates.items()
    ]


def knee_of(rates):
    (knee,) = knees([Axis(key="load.streams", values=tuple(rates))], points(rates))
    return knee


def test_the_knee_is_the_lowest_load_with_nine_tenths_of_the_most():
    knee = knee_of({"1": 40, "4": 150, "16": 290, "64": 300})
    assert (knee.value, knee.reached) == ("16", True)
    assert "the knee is at load.streams = 16: 290 Mbit/s" in knee.sentence


def test_a_rate_that_still_grows_has_no_knee_yet():
    knee = knee_of({"1": 40, "4": 150, "16": 290})
    assert (knee.value, knee.reached) == ("16", False)
    assert "is not reached" in knee.sentence


def test_a_rate_that_falls_after_its_height_has_its_knee_at_the_height():
    assert knee_of({"1": 40, "4": 300, "16": 200}).value == "4"


def test_values_are_ordered_as_numbers_not_as_text():
    assert knee_of({"16": 300, "4": 295, "128": 301}).value == "4"


def test_there_is_a_knee_for_each_combination_of_the_other_settings():
    axes = [
        Axis(key="backends.daemons", values=("1", "2")),
        Axis(key="load.streams", values=("1", "4")),
    ]
    measured = [
        SweepPoint(
            settings={"backends.daemons": n, "load.streams": s}, run="001", result=result(rate)
        )
        for n, s, rate in (("1", "1", 100), ("1", "4", 101), ("2", "1", 100), ("2", "4", 200))
    ]
    assert [(knee.settings, knee.value) for knee in knees(axes, measured)] == [
        ({"backends.daemons": "1"}, "1"),
        ({"backends.daemons": "2"}, "4"),
    ]


def test_points_that_had_cores_of_different_speed_are_remarked_on():
    def at(speed):
        read = Yardstick(
            version=1, libraries=(), hosts=(), speed=speed,
            sustained_on_reference_core_bits_per_second=None,
        )  # fmt: skip
        return msgspec.structs.replace(result(100), yardstick=read)

    (remark,) = speed_remarks([at(0.6), at(0.9), at(None), result(100)])
    assert remark.startswith("the cores were 0.60 to 0.90 times as fast as the reference core")
    assert speed_remarks([at(0.9), at(0.95)]) == ()
    assert speed_remarks([result(100)]) == speed_remarks([]) == ()


def test_the_table_has_the_speed_of_the_cores_where_it_was_read():
    read = Yardstick(
        version=1, libraries=(), hosts=(), speed=0.85,
        sustained_on_reference_core_bits_per_second=None,
    )  # fmt: skip
    loads = {
        "001": [
            msgspec.structs.replace(held(100, load_streams="1"), yardstick=read),
            held(200, load_streams="4"),
        ]
    }
    whole = sweep_result(plan(STREAMS), "a-sweep", loads)
    assert "0.85" in printed(sweep_summary(whole, "."))
    assert "0.85" in sweep_report(whole).html
    older = sweep_result(plan(STREAMS), "a-sweep", {"001": [held(100, load_streams="1")]})
    assert "speed" not in printed(sweep_summary(older, "."))


def test_settings_without_an_order_have_no_knee():
    axes = [Axis(key="backends.single_hop", values=("false", "true"))]
    assert knees(axes, []) == ()


def test_points_that_measured_nothing_have_no_knee_and_say_so():
    knee = knee_of({"1": None, "4": None})
    assert knee.value is None
    assert knee.sentence == "no rate was measured along load.streams"


@given(st.dictionaries(st.integers(1, 1000).map(str), st.floats(1, 1000), min_size=2, max_size=8))
def test_the_knee_has_at_least_nine_tenths_and_nothing_below_it_does(rates):
    knee = knee_of(rates)
    most = max(rates.values()) * 1e6
    assert knee.sustained_bits_per_second >= 0.9 * most
    assert all(
        rate * 1e6 < 0.9 * most for value, rate in rates.items() if int(value) < int(knee.value)
    )


def test_what_is_left_is_each_point_as_often_as_it_is_missing():
    asked = plan(STREAMS, repeat=2)
    loads = {"001": [held(40, load_streams="1"), held(150, load_streams="4")]}
    left = [point["load.streams"] for point in still_to_do(asked, loads)]
    assert left == ["16", "1", "4", "16"]


def test_a_load_that_was_cut_short_is_measured_again():
    cut = msgspec.structs.replace(held(40, load_streams="1"), status="aborted")
    left = still_to_do(plan(STREAMS), {"001": [cut]})
    assert [point["load.streams"] for point in left] == ["1", "4", "16"]


def test_a_sweep_that_is_done_has_nothing_left():
    loads = {
        "001": [held(rate, load_streams=value) for value, rate in (("1", 4), ("4", 9), ("16", 9))]
    }
    assert still_to_do(plan(STREAMS), loads) == []
    assert sweep_result(plan(STREAMS), "s", loads).missing == 0


def test_points_come_from_every_run_and_missing_ones_are_counted():
    loads = {"001": [held(40, load_streams="1")], "002": [held(150, load_streams="4")]}
    sweep = sweep_result(plan(STREAMS), "s", loads)
    assert [(point.settings["load.streams"], point.run) for point in sweep.points] == [
        ("1", "001"),
        ("4", "002"),
    ]
    assert sweep.missing == 1


def test_a_point_that_was_repeated_has_its_median_and_range():
    loads = {"001": [held(rate, load_streams="1") for rate in (40, 60, 50)]}
    (point,) = sweep_result(plan(("load.streams", ("1",)), repeat=3), "s", loads).points
    assert point.result.goodput.sustained_bits_per_second == 50e6
    assert point.result.repetitions.sustained_bits_per_second == (40e6, 60e6, 50e6)


def judged_load(rate, *, failed=0, streams="1"):
    """A load whose target of 100 Mbit/s and limit of one failed stream were compared with."""
    target = Threshold(
        key="verdict.target", figure="sustained rate", bound="at least", limit=100e6,
        unit="bits per second",
    )  # fmt: skip
    few = Threshold(key="verdict.failed_streams", figure="failed streams", bound="at most", limit=1)
    thresholds = (judged_as(target, rate * 1e6), judged_as(few, failed))
    verdict = Verdict(target_bits_per_second=100e6, met=rate >= 100, thresholds=thresholds)
    return msgspec.structs.replace(held(rate, load_streams=streams), verdict=verdict)


def test_each_point_says_which_thresholds_it_misses():
    loads = {
        "001": [
            judged_load(120, streams="1"),
            judged_load(120, failed=2, streams="4"),
            judged_load(90, failed=2, streams="16"),
        ]
    }
    whole = sweep_result(plan(STREAMS), "s", loads)
    text = printed(sweep_summary(whole, "."), width=150)
    lines = [line.rstrip() for line in text.splitlines()]
    for streams, outcome in (
        ("1", "  met"),
        ("4", "  missed: failed streams"),
        ("16", "  missed: sustained rate, failed streams"),
    ):
        assert [line for line in lines if line.split()[:1] == [streams] and line.endswith(outcome)]
    assert "missed: sustained rate, failed streams" in sweep_report(whole).html
    without = sweep_result(plan(STREAMS), "s", {"001": [held(100, load_streams="1")]})
    assert "thresholds" not in printed(sweep_summary(without, "."))
    assert "missed:" not in sweep_report(without).html


def test_a_point_that_was_repeated_is_judged_by_its_mean_rate_and_otherwise_by_the_worst():
    loads = {"001": [judged_load(90), judged_load(130, failed=3)], "002": [judged_load(95)]}
    (point,) = sweep_result(plan(("load.streams", ("1",)), repeat=3), "s", loads).points
    rate, failed = point.result.verdict.thresholds
    assert (rate.outcome, rate.note) == ("met", "mean of 3 repetitions")
    assert point.result.verdict.met
    assert (failed.outcome, failed.measured, failed.note) == (
        "missed", 3, "worst of 3 repetitions, repetition 2",
    )  # fmt: skip


def test_the_table_has_a_line_a_point_and_says_what_is_missing(tmp_path):
    loads = {"001": [held(40, load_streams="1"), held(150, load_streams="4")]}
    text = printed(sweep_summary(sweep_result(plan(STREAMS), "s", loads), tmp_path), width=100)
    assert "40.0 Mbit/s" in text
    assert "150 Mbit/s" in text
    assert "1 point not measured" in text
