"""Two sides held against each other."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.analysis.several_runs.comparison import Measured, compared
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


def test_pairs_that_alternated_give_a_ratio_each():
    comparison = compared(side(100, 200, 300), side(110, 240, 390), alternated=True)
    ratio = sustained(comparison)
    assert (ratio.lowest, ratio.ratio, ratio.highest) == pytest.approx((1.1, 1.2, 1.3))
    assert ratio.verdict == "higher"
    assert "B sustains 1.20 times A's rate (1.10 to 1.30)" in comparison.sentence


def test_how_often_chance_alone_would_say_so_is_said():
    comparison = compared(side(100, 100, 100), side(110, 120, 130), alternated=True)
    assert (
        "All 3 pairs point one way; by chance alone that happens once in 4" in comparison.sentence
    )


def test_runs_that_did_not_alternate_are_held_each_against_each():
    ratio = sustained(compared(side(100, 110), side(120, 130), alternated=False))
    assert (ratio.lowest, ratio.highest) == pytest.approx((120 / 110, 130 / 100))
    assert ratio.ratio == pytest.approx(125 / 105)


def test_a_range_around_one_shows_no_difference():
    comparison = compared(side(100, 110, 90), side(105, 100, 95), alternated=True)
    assert sustained(comparison).verdict == "no difference shown"
    assert comparison.sentence.startswith("No difference that these repetitions can show")


def test_one_run_of_each_says_nothing_about_chance():
    comparison = compared(side(100), side(150), alternated=False)
    assert sustained(comparison).verdict == "not repeated"
    assert sustained(comparison).lowest is None
    assert "1.50 times, but one repetition of each says nothing" in comparison.sentence


def test_two_of_each_show_no_difference_however_far_apart():
    comparison = compared(side(100, 100), side(150, 160), alternated=True)
    assert sustained(comparison).verdict == "no difference shown"
    assert "fewer than 3 of each show none" in comparison.sentence


def test_a_role_that_costs_next_to_nothing_is_not_compared():
    costs = {"backend": 1.0, "keeper": 0.0}
    whats = [
        ratio.what
        for ratio in compared(side(1, costs=costs), side(1, costs=costs), alternated=True).ratios
    ]
    assert "CPU-s a Gbit, backend" in whats
    assert "CPU-s a Gbit, keeper" not in whats


def test_a_side_without_a_rate_is_not_compared():
    comparison = compared(side(None), side(150), alternated=False)
    assert sustained(comparison).verdict == "not measured"
    assert comparison.sentence.startswith("Nothing can be compared")


def test_costs_are_compared_by_role_and_in_all():
    a = side(100, 100, costs={"backend": 1.0, "relay": 3.0})
    b = side(100, 100, costs={"backend": 2.0, "relay": 3.0})
    ratios = {ratio.what: ratio.ratio for ratio in compared(a, b, alternated=True).ratios}
    assert ratios["CPU-s a Gbit, backend"] == pytest.approx(2.0)
    assert ratios["CPU-s a Gbit, relay"] == pytest.approx(1.0)
    assert ratios["CPU-s a Gbit, everything"] == pytest.approx(5 / 4)


def test_a_role_that_only_one_side_has_is_not_measured():
    a, b = side(100, costs={"sink": 0.1}), side(100, costs={"sink": 0.1, "relay": 3.0})
    verdicts = {ratio.what: ratio.verdict for ratio in compared(a, b, alternated=True).ratios}
    assert verdicts["CPU-s a Gbit, relay"] == "not measured"


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
    a = side(100, 100, 100, title="a | b")
    text = comparison_markdown(compared(a, side(110, 115, 120), alternated=True))
    assert text.startswith("**B sustains 1.15 times A's rate")
    assert (
        "| sustained rate | 100 Mbit/s | 115 Mbit/s | 1.15 | 1.10 to 1.20 | B is higher |" in text
    )
    assert all(line.count("|") == 7 for line in text.splitlines() if line.startswith("| sust"))


@given(
    st.lists(st.tuples(st.floats(1, 1000), st.floats(1, 1000)), min_size=2, max_size=6),
)
def test_swapping_the_sides_turns_the_range_round(pairs):
    a, b = side(*(pair[0] for pair in pairs)), side(*(pair[1] for pair in pairs))
    one = sustained(compared(a, b, alternated=True))
    other = sustained(compared(b, a, alternated=True))
    assert one.lowest == pytest.approx(1 / other.highest)
    assert one.highest == pytest.approx(1 / other.lowest)
    assert one.lowest <= one.ratio <= one.highest
