"""Conditions under which a comparison fails: read, judged by the interval, told, refused by name."""

from __future__ import annotations

import contextlib
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.analysis.several_runs.comparison import Measured, compared
from onionrig.analysis.several_runs.conditions import condition_from, judged_conditions
from onionrig.analysis.several_runs.students_t import t_quantile
from onionrig.cli.commands import compare as command
from onionrig.errors import ComparisonFails, ComparisonUndecided, UsageError
from onionrig.records.series.comparison import Comparison, Ratio
from onionrig.views.report.series.comparison import comparison_report
from onionrig.views.summary.comparison import comparison_markdown, comparison_summary
from support.records.manifests import manifest
from support.records.results import result
from support.records.several_runs import comparison as made_by_hand
from support.views.page import Page
from support.views.terminal import printed

ROLES = frozenset({"backend", "relay", "sink", "source", "pinger"})
NOISE = (1.05, 0.95, 1.02, 0.99, 1.1, 0.92)
"""Ratios of pairs that show no difference."""


def condition(text):
    return condition_from(text, roles=ROLES)


def side(*rates, costs=None):
    costs = costs or {"backend": 1.0, "relay": 3.0}
    return Measured(
        title="a title",
        runs=tuple(f"run-{number}" for number in range(len(rates))),
        results=tuple(result(rate, costs=costs) for rate in rates),
        manifest=manifest(),
    )


def pairs(ratios, *conditions, **of_b):
    """Compare sides whose sustained rates have these ratios, under conditions to fail."""
    a, b = side(*[100] * len(ratios)), side(*(100 * ratio for ratio in ratios), **of_b)
    return compared(a, b, alternated=True, conditions=[condition(text) for text in conditions])


def outcome(ratios, text):
    (judged,) = pairs(ratios, text).conditions
    return judged.outcome


@pytest.mark.parametrize(
    ("text", "what", "operator", "bound"),
    [
        ("sustained < 95%", "sustained rate", "<", 0.95),
        ("Sustained<95 %", "sustained rate", "<", 0.95),
        ("sustained rate > 1.2", "sustained rate", ">", 1.2),
        ("median second < 90%", "median second", "<", 0.9),
        ("cpu > 105%", "CPU-s per Gbit, everything", ">", 1.05),
        ("cpu backend > 105%", "CPU-s per Gbit, backend", ">", 1.05),
        ("CPU-s per Gbit, relay > 105%", "CPU-s per Gbit, relay", ">", 1.05),
        ("first byte > 120%", "first byte, median", ">", 1.2),
        ("round trip > 120%", "round trip in the hold, median", ">", 1.2),
        ("fairness < 80%", "fairness, Jain's index", "<", 0.8),
    ],
)
def test_a_condition_names_a_figure_a_direction_and_a_share(text, what, operator, bound):
    read = condition(text)
    assert (read.what, read.operator, read.bound) == (what, operator, pytest.approx(bound))
    assert read.text == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("speed < 95%", 'no figure "speed"; it has sustained, median second, cpu, first byte'),
        ("cpu keeper < 95%", 'no figure "cpu keeper"; it has .*cpu backend, .*cpu relay'),
        ("sustained", "write FIGURE < PERCENT"),
        ("sustained <= 95%", "write FIGURE < PERCENT"),
        ("sustained < 95% < 3", "write FIGURE < PERCENT"),
        ("sustained < much", "as a share"),
        ("sustained < 0%", "write more than 0%"),
        ("sustained < 95", "95 is 9500 % of A's figure, and a bound is at most 1000 %"),
    ],
)
def test_a_condition_that_cannot_be_judged_is_refused_by_name(text, message):
    with pytest.raises(UsageError, match=message) as refused:
        condition(text)
    assert str(refused.value).startswith(f'--fail-if "{text}": ')


def test_a_baseline_has_no_round_trips_to_fail_on():
    with pytest.raises(UsageError, match='no figure "round trip"'):
        condition_from("round trip > 105%", roles=frozenset({"sink", "source"}))


@given(st.text(max_size=30))
def test_whatever_is_typed_is_read_or_refused(text):
    with contextlib.suppress(UsageError):
        assert condition(text).bound > 0


@pytest.mark.parametrize(
    ("text", "expected_text"),
    [
        ("sustained < 50%", "passes"),
        ("sustained < 200%", "fails"),
        ("sustained < 98%", "undecided"),
        ("sustained > 50%", "fails"),
        ("sustained > 200%", "passes"),
        ("sustained > 102%", "undecided"),
    ],
)
def test_the_whole_interval_decides(text, expected_text):
    assert outcome(NOISE, text) == expected_text


def test_the_interval_is_the_one_that_the_comparison_shows():
    made = pairs(NOISE, "sustained < 50%")
    assert made.conditions[0].interval == made.ratios[0].interval


def test_equals_without_any_spread_are_not_below_themselves():
    assert outcome([1.0] * 6, "sustained < 100%") == "passes"
    assert outcome([1.0] * 6, "sustained > 100%") == "passes"


def test_an_undecided_condition_says_how_many_pairs_would_decide_it():
    (judged,) = pairs(NOISE, "sustained < 90%").conditions
    assert judged.outcome == "undecided"
    assert judged.pairs_needed > 6
    assert "includes 90.0 %; by the spread of these 6 pairs it would take about " in judged.sentence
    assert f"about {judged.pairs_needed} pairs to decide it" in judged.sentence


def test_a_bound_at_the_ratio_itself_is_beyond_any_number_of_pairs():
    middle = math.exp(sum(map(math.log, NOISE)) / 6)
    (judged,) = pairs(NOISE, f"sustained < {middle:.6f}").conditions
    assert judged.pairs_needed is None
    assert "it would take more than 1000 pairs" in judged.sentence


@given(st.lists(st.floats(0.8, 1.25), min_size=6, max_size=6, unique=True), st.floats(0.85, 1.18))
def test_as_many_pairs_as_are_named_decide_and_one_fewer_do_not(ratios, bound):
    one = pairs(ratios).ratios[0]
    (judged,) = pairs(ratios, f"sustained < {bound:.4f}").conditions
    if judged.pairs_needed is None:
        return
    decided = []
    for count in (judged.pairs_needed - 1, judged.pairs_needed):
        # the same spread and ratio with another number of pairs, judged by the same chance
        chance = 0.05 / sum(ratio.interval is not None for ratio in pairs(ratios).ratios)
        spread = math.log(one.interval[1] / one.interval[0]) / 2
        spread *= math.sqrt(6) / t_quantile(chance, 5)
        reach = t_quantile(chance, count - 1) * spread / math.sqrt(count)
        decided.append(reach < abs(math.log(one.ratio / judged.bound)))
    assert decided[1]
    assert not decided[0] or judged.pairs_needed == 7


def test_a_figure_without_an_interval_is_undecided_with_the_reason():
    few = pairs([1.0] * 5, "sustained < 95%").conditions[0]
    assert (few.outcome, few.pairs_needed) == ("undecided", None)
    assert few.sentence == (
        "undecided, since the sustained rate has no interval: fewer than 6 pairs show none"
    )
    small = pairs(NOISE, "cpu source < 95%", costs={"backend": 1.0, "source": 0.01})
    assert small.conditions[0].outcome == "undecided"
    ratio = Ratio(
        what="sustained rate", unit="", a=None, b=None, ratio=None, lowest=None, highest=None,
        verdict="not measured",
    )  # fmt: skip
    (absent,) = judged_conditions([condition("sustained < 95%")], [ratio])
    assert absent.sentence.endswith("has no interval: not measured")


def failed(*conditions):
    return pairs(NOISE, *conditions)


def test_each_view_has_a_line_for_each_condition():
    made = failed("sustained < 200%", "sustained < 50%", "sustained < 98%")
    shown = " ".join(printed(comparison_summary(made), width=200).split())
    for text in ("fail if sustained < 200%: fails, since the whole interval, ",
                 "fail if sustained < 50%: passes, since the whole interval, ",
                 "fail if sustained < 98%: undecided, since the interval, "):  # fmt: skip
        assert text in shown
    assert "- Fail if sustained < 50%: passes" in comparison_markdown(made)
    page = Page(comparison_report(made).html)
    assert "Conditions to fail" in page.of("h2")
    assert "1 fails, 1 undecided, 1 passes." in page.words
    assert "Conditions to fail" not in Page(comparison_report(failed()).html).of("h2")
    assert msgspec.json.decode(msgspec.json.encode(made), type=Comparison) == made


@pytest.mark.parametrize(
    ("conditions", "error", "code"),
    [
        (("sustained < 200%", "sustained < 98%"), ComparisonFails, 15),
        (("sustained < 50%", "sustained < 98%"), ComparisonUndecided, 16),
    ],
)
def test_each_answer_has_a_code_of_its_own(conditions, error, code):
    failure = command.failure_of(failed(*conditions))
    assert isinstance(failure, error)
    assert failure.exit_code == code
    assert str(failure).startswith(f"{conditions[code - 15]}: ")


def test_what_passes_ends_well():
    assert command.failure_of(failed("sustained < 50%")) is None
    assert command.failure_of(made_by_hand()) is None
