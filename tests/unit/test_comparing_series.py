"""Two series of repetitions compared, which ran at different times."""

from __future__ import annotations

import math
import statistics

import msgspec
import pytest

from onionrig.analysis.several_runs.comparison import Measured, compared
from onionrig.analysis.several_runs.conditions import condition_from
from onionrig.analysis.several_runs.differences import differences
from onionrig.analysis.several_runs.students_t import t_quantile
from onionrig.analysis.several_runs.unpaired import interval_apart
from onionrig.cli.main import application
from onionrig.errors import RecordsUnreadable, UsageError
from onionrig.records.series.repetition import RepeatPlan
from onionrig.series.comparison import runs_compared
from onionrig.store.run_directory import RunDirectory
from onionrig.store.series_directory import SeriesDirectory
from onionrig.views.summary.comparison import comparison_markdown, comparison_summary
from support.records.manifests import manifest
from support.records.results import result
from support.records.yardsticks import read_on
from support.views.terminal import printed

A_MBIT = (100, 110, 95, 105, 102, 98)
B_MBIT = (130, 141, 124, 137)
ROLES = frozenset({"sink", "backend", "relay"})


def series(*mbits, speed=None, day="2026-01-01", changes=(), **more):
    results = [
        result(mbit, started=f"{day}T10:{number:02d}:00+00:00", **more)
        for number, mbit in enumerate(mbits)
    ]
    if speed is not None:
        results = [with_speed(made, speed * (1 + 0.001 * n)) for n, made in enumerate(results)]
    return Measured(
        title=f"series-{day}",
        runs=tuple(f"{number:03d}-network" for number, _ in enumerate(mbits, start=1)),
        results=tuple(results),
        manifest=manifest(),
        changes=changes,
    )


def with_speed(made, speed):
    """The result with a reading of the yardstick, its rate and cost carried over."""
    rate = made.goodput.sustained_bits_per_second
    yardstick = msgspec.structs.replace(
        read_on("here"), speed=speed, sustained_on_reference_core_bits_per_second=rate / speed
    )
    costs = {
        role: msgspec.structs.replace(
            cost, reference_core_seconds_per_gbit=cost.cpu_seconds_per_gbit * speed
        )
        for role, cost in made.costs.items()
    }
    return msgspec.structs.replace(made, yardstick=yardstick, costs=costs)


def apart(a, b, *, fail_if=()):
    conditions = [condition_from(text, roles=ROLES) for text in fail_if]
    return compared(a, b, alternated=False, conditions=conditions)


def ratios(comparison):
    return {ratio.what: ratio for ratio in comparison.ratios}


def test_the_interval_is_welchs_with_its_degrees_of_freedom_rounded_down():
    """And never more than the 2 * 3 of two sides of four repetitions, the shorter one's number."""
    a, b = ([math.log(value) for value in side] for side in (A_MBIT, B_MBIT))
    errors = statistics.variance(a) / 6, statistics.variance(b) / 4
    degrees = sum(errors) ** 2 / (errors[0] ** 2 / 5 + errors[1] ** 2 / 3)
    assert math.floor(degrees) <= 6
    reach = t_quantile(0.05, math.floor(degrees)) * math.sqrt(sum(errors))
    middle = statistics.fmean(b) - statistics.fmean(a)
    interval, whole_degrees = interval_apart(A_MBIT, B_MBIT, chance=0.05)
    assert interval == pytest.approx((math.exp(middle - reach), math.exp(middle + reach)))
    assert whole_degrees == math.floor(degrees)
    assert interval_apart((100, 101, 100, 101), A_MBIT * 3, chance=0.05)[1] == 6


def test_repetitions_without_any_spread_have_an_interval_without_width():
    assert interval_apart((1, 1), (2, 2), chance=0.05)[0] == pytest.approx((2, 2))


def test_the_sentence_says_how_many_networks_each_has_and_that_they_ran_at_different_times():
    made = apart(series(*A_MBIT), series(*B_MBIT))
    assert made.sentence.startswith("B sustains 1.31 times A's rate (1.")
    assert "over 6 networks of A and 4 networks of B, at different times" in made.sentence
    sustained = ratios(made)["sustained rate"]
    assert (sustained.verdict, sustained.repetitions, sustained.pairs) == ("higher", (6, 4), 0)
    low, high = sustained.interval
    assert 1 < low < sustained.ratio < high


def test_series_of_equals_show_no_difference():
    made = apart(series(*A_MBIT), series(*reversed(A_MBIT)))
    assert "at different times, show no difference in the sustained rate" in made.sentence


def test_a_side_of_fewer_than_four_repetitions_shows_nothing_and_a_single_one_no_chance():
    few = apart(series(*A_MBIT), series(150, 151, 152))
    assert ratios(few)["sustained rate"].verdict == "no difference shown"
    assert "fewer than 4 repetitions of a side show none" in few.sentence
    single = apart(series(150), series(*A_MBIT))
    assert ratios(single)["sustained rate"].verdict == "not repeated"
    assert "nothing is known of how much repetitions of A differ" in single.sentence


def test_without_the_yardstick_a_change_of_the_machine_is_a_doubt():
    (doubt,) = apart(series(*A_MBIT), series(*B_MBIT)).doubts
    assert "a change of the machine in between cannot be told from a difference" in doubt


def test_figures_on_the_reference_core_are_judged_and_tell_a_faster_machine_from_a_difference():
    faster = tuple(1.5 * mbit for mbit in A_MBIT)
    made = apart(series(*A_MBIT, speed=0.8), series(*faster, speed=1.2))
    judged = ratios(made)
    assert judged["sustained rate"].verdict == "higher"
    assert judged["speed of the cores"].verdict == "higher"
    carried_over = judged["sustained rate, on the reference core"]
    assert (carried_over.verdict, carried_over.ratio) == (
        "no difference shown",
        pytest.approx(1.0),
    )
    assert "as on the reference core, B has 1.00 times A's sustained rate" in made.sentence
    assert "which shows no difference" in made.sentence
    (doubt,) = made.doubts
    assert doubt.startswith("the cores were 1.50 times as fast in B as in A")


def test_other_versions_of_tor_and_machines_are_doubts_also_within_a_series():
    first, second = manifest(), manifest()
    second = msgspec.structs.replace(
        second, versions=msgspec.structs.replace(second.versions, tor="0.4.9.15")
    )
    changes = differences(first, second, result(1), result(1))
    made = apart(series(*A_MBIT), series(*B_MBIT, changes=changes))
    assert f"the runs of B differ in tor ({first.versions.tor} and 0.4.9.15)" in made.doubts


def test_a_condition_holds_fails_or_says_how_many_repetitions_would_decide_it():
    texts = ("sustained < 95%", "sustained > 120%", "sustained > 125%", "cpu > 90%")
    made = apart(series(*A_MBIT), series(*B_MBIT), fail_if=texts)
    passes, undecided, further, cost = made.conditions
    assert passes.outcome == "passes"
    assert (undecided.outcome, further.outcome) == ("undecided", "undecided")
    a_count, b_count = undecided.repetitions_needed
    assert a_count > 6
    assert b_count > 4
    assert f"it would take about {a_count} of A and {b_count} of B to decide it" in (
        undecided.sentence
    )
    assert further.repetitions_needed > undecided.repetitions_needed
    assert cost.outcome == "fails"


def test_a_summary_has_the_number_of_repetitions_and_when_they_ran():
    made = apart(series(*A_MBIT), series(*B_MBIT, day="2026-02-01"))
    text = printed(comparison_summary(made))
    assert "6 networks, begun from 2026-01-01 10:00 to 10:05 UTC; sustained 100 Mbit/s" in text
    assert "6 and 4" in text
    assert "A and B ran at different times: what changed on the machine" in text
    assert "| repetitions | verdict |" in comparison_markdown(made)


def test_repetitions_without_a_rate_are_named(tmp_path):
    directory = SeriesDirectory.create(tmp_path / "s")
    directory.write_repeat_plan(
        RepeatPlan(
            name="default", started="2026-01-01T00:00:00+00:00", command=(), experiment={},
            within=0.05, budget_seconds=60, first_stage=4,
        )
    )  # fmt: skip
    with pytest.raises(RecordsUnreadable, match="no repetition has ended yet"):
        runs_compared(directory, directory)


def test_a_condition_on_a_single_run_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = RunDirectory.create(tmp_path / "r")
    run.write_manifest(manifest())
    with pytest.raises(UsageError, match="--fail-if: r is a single run"):
        application()(("compare", "r", "r", "--fail-if", "sustained < 95%"), standalone_mode=False)
