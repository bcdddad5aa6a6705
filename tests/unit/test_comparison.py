"""Two sides compared."""

from __future__ import annotations

import math
import statistics

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.analysis.several_runs.comparison import Measured, compared
from onionrig.analysis.several_runs.students_t import t_quantile
from onionrig.views.summary.comparison import comparison_markdown
from support.records.manifests import manifest
from support.records.results import result


def side(*rates, title="default", **more):
    return Measured(
        title=title,
        runs=tuple(f"run-{number}" for number, _ in enumerate(rates)),
        results=tuple(result(rate, **more) for rate in rates),
        manifest=more.get("manifest", manifest()),
    )


def sustained(comparison):
    return comparison.ratios[0]


A_RATES = (100, 200, 300, 150, 120, 260)
B_OVER_A = (1.1, 1.2, 1.3, 1.25, 1.15, 1.2)


def pairs(ratios=B_OVER_A, rates=A_RATES):
    return side(*rates), side(*(rate * over for rate, over in zip(rates, ratios, strict=True)))


def test_pairs_that_ran_in_turn_have_their_geometric_mean_and_an_interval():
    comparison = compared(*pairs(), alternated=True)
    ratio = sustained(comparison)
    assert (ratio.lowest, ratio.highest) == pytest.approx((1.1, 1.3))
    assert ratio.ratio == pytest.approx(statistics.geometric_mean(B_OVER_A))
    low, high = ratio.interval
    assert 1 < low < ratio.ratio < high
    assert low * high == pytest.approx(ratio.ratio**2)
    assert ratio.verdict == "higher"
    assert "B sustains 1.20 times A's rate (1.0" in comparison.sentence
    assert "over 6 pairs" in comparison.sentence


def test_each_figure_more_that_is_judged_widens_every_interval():
    logarithms = [math.log(ratio) for ratio in B_OVER_A]
    error = statistics.stdev(logarithms) / math.sqrt(6)
    comparison = compared(*pairs(), alternated=True)
    judged = [ratio for ratio in comparison.ratios if ratio.interval]
    reach = t_quantile(0.05 / len(judged), 5) * error
    middle = statistics.fmean(logarithms)
    assert sustained(comparison).interval == pytest.approx(
        (math.exp(middle - reach), math.exp(middle + reach))
    )


def test_what_else_differs_is_in_the_sentence():
    a = side(*A_RATES, costs={"backend": 1.0, "relay": 3.0})
    b = side(*A_RATES, costs={"backend": 2.0, "relay": 3.0})
    sentence = compared(a, b, alternated=True).sentence
    assert sentence.startswith("6 pairs show no difference in the sustained rate")
    assert "also different: CPU-s per Gbit, everything 1.25 times, CPU-s per Gbit, back" in sentence


def test_two_runs_are_one_repetition_each_and_show_nothing():
    comparison = compared(side(100), side(150), alternated=False)
    assert sustained(comparison).verdict == "not repeated"
    assert sustained(comparison).interval is None
    assert (
        "1.50 times A's 100 Mbit/s, but one repetition of each cannot show" in comparison.sentence
    )
    assert "several holds of one network count as one repetition" in comparison.sentence


def test_an_interval_around_one_shows_no_difference():
    comparison = compared(*pairs((1.05, 0.95, 1.02, 0.99, 1.1, 0.92)), alternated=True)
    assert sustained(comparison).verdict == "no difference shown"
    assert comparison.sentence.startswith("6 pairs show no difference in the sustained rate")


@pytest.mark.parametrize("count", [2, 3, 5])
def test_fewer_than_six_pairs_show_no_difference_however_far_apart(count):
    comparison = compared(side(*[100] * count), side(*[190] * count), alternated=True)
    assert sustained(comparison).verdict == "no difference shown"
    assert sustained(comparison).interval is None
    assert "fewer than 6 pairs show none" in comparison.sentence


def test_a_rate_of_nothing_in_a_repetition_is_told_and_not_judged():
    whole, with_zero = side(*[100] * 7), side(*[100] * 6, 0)
    for a, b in ((whole, with_zero), (with_zero, whole)):
        ratio = sustained(compared(a, b, alternated=True))
        assert (ratio.verdict, ratio.ratio) == ("not judged", 1.0)
        assert "it is 0 in a repetition" in ratio.reason


def test_a_role_that_takes_too_little_is_told_and_not_judged():
    a = side(*A_RATES, costs={"backend": 1.0, "relay": 3.0, "authority": 0.2})
    b = side(*A_RATES, costs={"backend": 1.0, "relay": 3.0, "authority": 0.04})
    ratio = ratios(compared(a, b, alternated=True))["CPU-s per Gbit, authority"]
    assert ratio.ratio == pytest.approx(0.2)
    assert (ratio.verdict, ratio.interval) == ("not judged", None)
    assert ratio.reason == "it takes less than 5 % of all CPU time"


@pytest.mark.parametrize(
    ("hold", "verdict"), [(10, "not judged"), (50, "not judged"), (40, "lower")]
)
def test_authorities_are_judged_where_holds_cover_whole_vote_intervals(hold, verdict):
    a = held_for(hold, side(*A_RATES, costs={"relay": 3.0, "authority": 1.0}))
    b = held_for(hold, side(*A_RATES, costs={"relay": 3.0, "authority": 0.5}))
    ratio = ratios(compared(a, b, alternated=True))["CPU-s per Gbit, authority"]
    assert ratio.verdict == verdict
    assert ("vote every 20 s" in ratio.reason) is (verdict == "not judged")


def held_for(seconds, measured):
    return msgspec.structs.replace(
        measured,
        results=tuple(
            msgspec.structs.replace(
                each, goodput=msgspec.structs.replace(each.goodput, steady_seconds=seconds)
            )
            for each in measured.results
        ),
    )


def ratios(comparison):
    return {ratio.what: ratio for ratio in comparison.ratios}


def test_a_role_that_costs_next_to_nothing_is_not_compared():
    costs = {"backend": 1.0, "keeper": 0.0}
    whats = [
        ratio.what
        for ratio in compared(side(1, costs=costs), side(1, costs=costs), alternated=True).ratios
    ]
    assert "CPU-s per Gbit, backend" in whats
    assert "CPU-s per Gbit, keeper" not in whats


def test_a_side_without_a_rate_is_not_compared():
    comparison = compared(side(None), side(150), alternated=False)
    assert sustained(comparison).verdict == "not measured"
    assert comparison.sentence.startswith("Nothing can be compared")


def test_costs_are_compared_by_role_and_in_all():
    a = side(100, 100, costs={"backend": 1.0, "relay": 3.0})
    b = side(100, 100, costs={"backend": 2.0, "relay": 3.0})
    ratios = {ratio.what: ratio.ratio for ratio in compared(a, b, alternated=True).ratios}
    assert ratios["CPU-s per Gbit, backend"] == pytest.approx(2.0)
    assert ratios["CPU-s per Gbit, relay"] == pytest.approx(1.0)
    assert ratios["CPU-s per Gbit, everything"] == pytest.approx(5 / 4)


def test_a_role_that_only_one_side_has_is_not_measured():
    a, b = side(100, costs={"sink": 0.1}), side(100, costs={"sink": 0.1, "relay": 3.0})
    verdicts = {ratio.what: ratio.verdict for ratio in compared(a, b, alternated=True).ratios}
    assert verdicts["CPU-s per Gbit, relay"] == "not measured"


def test_settings_that_differ_are_named():
    a = msgspec.structs.replace(manifest(), experiment={"load": {"streams": 16, "hold": "60s"}})
    b = msgspec.structs.replace(manifest(), experiment={"load": {"streams": 32, "hold": "60s"}})
    comparison = compared(side(1, manifest=a), side(1, manifest=b), alternated=False)
    assert [(d.kind, d.what, d.a, d.b) for d in comparison.differences] == [
        ("setting", "load.streams", "16", "32")
    ]
    assert not comparison.doubts


def test_settings_of_emulated_hosts_are_named_as_one_would_set_them():
    hosts = [{"name": "pi1", "link": "100Mbit"}, {"name": "pi2", "link": "100Mbit"}]
    a = msgspec.structs.replace(manifest(), experiment={"hosts": hosts, "load": {"torrc": []}})
    changed = [hosts[0], {"name": "pi2", "link": "50Mbit"}]
    b = msgspec.structs.replace(manifest(), experiment={"hosts": changed, "load": {"torrc": []}})
    comparison = compared(side(1, manifest=a), side(1, manifest=b), alternated=False)
    assert [(d.what, d.a, d.b) for d in comparison.differences] == [
        ("hosts.pi2.link", "100Mbit", "50Mbit")
    ]


def test_another_tor_or_another_host_is_a_doubt():
    a = manifest()
    b = msgspec.structs.replace(
        a,
        versions=msgspec.structs.replace(a.versions, tor="0.4.9.15"),
        hosts=(msgspec.structs.replace(a.hosts[0], cores=4),),
    )
    doubts = compared(side(1, manifest=a), side(1, manifest=b), alternated=False).doubts
    assert doubts == (
        f"they differ in tor ({a.versions.tor} and 0.4.9.15)",
        f"they differ in cores of the host ({a.hosts[0].cores} and 4)",
    )


def with_build(build):
    whole = manifest()
    return msgspec.structs.replace(
        whole, versions=msgspec.structs.replace(whole.versions, tor_build=build)
    )


def test_another_build_of_the_same_tor_is_a_doubt():
    a, b = with_build("0123456789ab"), with_build("ba9876543210")
    doubts = compared(side(1, manifest=a), side(1, manifest=b), alternated=False).doubts
    assert doubts == ("they differ in build of tor (0123456789ab and ba9876543210)",)


def test_a_build_that_one_side_does_not_know_is_no_difference():
    known, unknown = with_build("0123456789ab"), with_build(None)
    comparison = compared(side(1, manifest=known), side(1, manifest=unknown), alternated=False)
    assert comparison.differences == ()


def test_what_the_runs_doubt_the_comparison_doubts():
    doubts = compared(
        side(1, 2, doubts=("the hold had a trend",)), side(1, 2), alternated=True
    ).doubts
    assert doubts == (
        "A, repetition 1: the hold had a trend",
        "A, repetition 2: the hold had a trend",
    )


def test_a_run_that_was_cut_short_is_a_doubt():
    doubts = compared(side(1), side(1, status="aborted"), alternated=False).doubts
    assert doubts == ("B: the run was cut short",)


def test_markdown_has_the_sentence_the_figures_and_escaped_cells():
    costs = {"relay": 3.0, "sink": 0.01}
    a = side(*A_RATES, title="a | b", costs=costs)
    b = side(*(x * y for x, y in zip(A_RATES, B_OVER_A, strict=True)), costs=costs)
    text = comparison_markdown(compared(a, b, alternated=True))
    assert text.startswith("**B sustains 1.20 times A's rate")
    assert "| sustained rate | 175 Mbit/s | 214 Mbit/s | 1.20 | 1." in text
    assert "| 1.10 to 1.30 | B is higher |" in text
    assert (
        "not judged, since it takes less than 5 % of all CPU time: CPU-s per Gbit, sink\n" in text
    )
    assert all(line.count("|") == 8 for line in text.splitlines() if line.startswith("| sust"))


@given(
    st.lists(st.tuples(st.floats(1, 1000), st.floats(1, 1000)), min_size=2, max_size=8),
)
def test_swapping_the_sides_turns_everything_round(pairs):
    a, b = side(*(pair[0] for pair in pairs)), side(*(pair[1] for pair in pairs))
    one = sustained(compared(a, b, alternated=True))
    other = sustained(compared(b, a, alternated=True))
    assert one.lowest == pytest.approx(1 / other.highest)
    assert one.highest == pytest.approx(1 / other.lowest)
    assert one.ratio == pytest.approx(1 / other.ratio)
    turned = {"higher": "lower", "lower": "higher"}
    assert one.verdict == turned.get(other.verdict, other.verdict)
    if one.interval:
        assert one.interval == pytest.approx([1 / end for end in reversed(other.interval)])
