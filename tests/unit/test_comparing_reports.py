"""Reports of sweeps and comparisons."""

from __future__ import annotations

import pytest

from onionrig.records.series.sweep import Axis
from onionrig.views.report.series.comparison import comparison_report
from onionrig.views.report.series.sweep import sweep_report
from support.records.several_runs import HIGHER, RATES, SAME, UNKNOWN, comparison, sweep
from support.views.page import Page, figure_of


def rows_of(figure, field):
    (rows,) = [rows for rows in figure.spec["datasets"].values() if field in rows[0]]
    return rows


def test_a_sweep_has_a_row_a_point_with_its_range_and_its_cost_by_role():
    page = Page(sweep_report(sweep()).html)
    assert page.tags.count("tr") == 1 + 7
    cells = page.of("td")
    assert {"190 Mbit/s", "171 to 228 Mbit/s", "3.500", "1.250", "✗ doubted"} <= set(cells)
    assert {"relay", "backend", "load.streams", "backends.daemons"} <= set(page.of("th"))


def test_knees_are_named_and_marked_and_what_is_missing_is_said():
    made = sweep_report(sweep())
    page = Page(made.html)
    said = page.of("li")
    assert any(
        "the knee with backends.daemons = 1 is at load.streams = 16" in text for text in said
    )
    assert any("with backends.daemons = 2 is not reached" in text for text in said)
    assert "1 point is not measured." in said
    marked = rows_of(figure_of(made, "rates"), "name")
    assert [(row["at"], row["value"], row["name"]) for row in marked] == [
        (16, 190, "not reached"),
        (16, 110, "knee 16"),
    ]


def test_of_knees_that_lie_on_one_another_one_is_named():
    made = sweep_report(sweep({"1": {"1": 90, "4": 90}, "2": {"1": 92, "4": 92}}, missing=0))
    marked = rows_of(figure_of(made, "rates"), "name")
    assert [(row["value"], row["name"]) for row in marked] == [(92, "knee 1"), (90, "")]


def test_a_best_point_that_is_doubted_is_doubted_in_the_headline():
    html = sweep_report(sweep({"1": {"1": 40, "4": 90}}, missing=0)).html
    assert '<h1 class="doubted">' in html
    assert "1 of 2 points not to be trusted as measured." in Page(html).of("li")


def test_each_combination_has_a_line_of_its_own_shape():
    drawn = figure_of(sweep_report(sweep()), "rates")
    assert [key.name for key in drawn.keys] == ["backends.daemons = 1", "backends.daemons = 2"]
    assert len({key.shape for key in drawn.keys}) == 2
    rows = rows_of(drawn, "combination")
    assert {(row["combination"], row["at"]): row["value"] for row in rows} == {
        (f"backends.daemons = {daemons}", int(streams)): rate
        for daemons, along in RATES.items()
        for streams, rate in along.items()
    }
    assert {(row["lowest"], row["highest"]) for row in rows if row["value"] == 190} == {(171, 228)}


def test_the_verdict_of_one_knee_is_the_knee():
    page = Page(sweep_report(sweep({"1": RATES["1"]}, missing=0)).html)
    assert page.of("h1")[0].startswith("The knee with backends.daemons = 1 is at load.streams = 16")
    assert "All 4 are measured." in page.words


def test_an_axis_that_has_no_numbers_is_drawn_as_it_comes():
    axes = (Axis(key="load.streams", values=("true", "false")),)
    made = sweep_report(sweep({"1": {"true": 10, "false": 20}}, axes=axes, missing=0))
    rows = rows_of(figure_of(made, "rates"), "combination")
    assert [row["at"] for row in rows] == ["true", "false"]


@pytest.mark.parametrize("rates", [{}, {"1": {"1": None}}], ids=["no point", "no rate"])
def test_a_sweep_that_measured_nothing_has_a_report(rates):
    made = sweep_report(sweep(rates, missing=8))
    page = Page(made.html)
    assert "8 points are not measured." in page.words
    assert "rates" not in [figure.name for figure in made.figures]


def test_a_sweep_of_a_thousand_points_is_drawn():
    values = tuple(str(number) for number in range(1, 1001))
    axes = (Axis(key="load.streams", values=values),)
    made = sweep_report(sweep({"1": dict.fromkeys(values, 100)}, axes=axes, missing=0))
    assert len(rows_of(figure_of(made, "rates"), "combination")) == 1000


def test_a_comparison_says_its_sentence_both_sides_and_what_differs():
    page = Page(comparison_report(comparison(HIGHER, SAME, UNKNOWN)).html)
    assert page.of("h1") == ["B sustains 1.38 times A's rate."]
    assert {"1.30 to 1.50", "0.90 to 1.10", "no range", "B is higher"} <= set(page.of("td"))
    assert {"300 Mbit/s", "280 Mbit/s", "a2", "b1"} <= set(page.of("td"))
    assert {"tor", "0.4.9.11", "0.4.8.16"} <= set(page.of("td"))


def test_ratios_are_drawn_with_their_ranges_around_one():
    drawn = figure_of(comparison_report(comparison(HIGHER, SAME, UNKNOWN)), "ratios")
    rows = rows_of(drawn, "ratio")
    assert [(row["what"], row["ratio"], row["lowest"], row["highest"]) for row in rows] == [
        ("sustained rate", 1.38, 1.3, 1.5),
        ("first byte", 0.97, 0.9, 1.1),
    ]
    (scale,) = [
        layer["encoding"]["x"]["scale"]
        for layer in drawn.spec["layer"]
        if "scale" in layer["encoding"].get("x", {})
    ]
    low, high = scale["domain"]
    assert low * high == pytest.approx(1)
    assert high > 1.5
    assert [key.name for key in drawn.keys] == ["B is higher", "no difference shown"]


def test_a_comparison_with_doubts_shows_them_first():
    html = comparison_report(comparison(HIGHER, doubts=("A: the machine was busy",))).html
    assert '<h1 class="doubted">' in html
    assert "A: the machine was busy" in html[: html.index("<nav")]


def test_a_comparison_of_nothing_has_a_report():
    made = comparison_report(comparison(UNKNOWN))
    assert [figure.name for figure in made.figures] == ["repetitions"]
    assert "No figure was measured on both sides." in Page(made.html).words
