"""How repetitions are shown: report, summary, list of runs."""

from __future__ import annotations

import msgspec
import pytest

from onionrig.analysis.several_runs.until_known import repeat_result
from onionrig.cli.main import application
from onionrig.records.series.repetition import RepeatPlan
from onionrig.store.listing import listed
from onionrig.store.series_directory import SeriesDirectory
from onionrig.views.report.series.repetition import repetition_report
from onionrig.views.runs import runs_view
from onionrig.views.summary.repetition import known_so_far, repetition_summary
from support.records.results import result
from support.records.yardsticks import read_on
from support.views.page import Page, figure_of
from support.views.terminal import printed

MBIT = (200, 210, 190, 205, 198)
SPEEDS = (1.0, 1.05, 0.95, 1.02, 1.0)


def plan(**changed):
    asked = {"within": 0.15, "budget_seconds": 360.0, "first_stage": 4, **changed}
    return RepeatPlan(
        name="smoke", started="2026-01-01T00:00:00+00:00", command=("onionrig", "run"),
        experiment={}, **asked,
    )  # fmt: skip


def network(mbit, speed=None, **more):
    made = result(mbit, **more)
    if speed is None:
        return made
    yardstick = msgspec.structs.replace(
        read_on("here"), speed=speed, sustained_on_reference_core_bits_per_second=mbit * 1e6 / speed
    )
    return msgspec.structs.replace(made, yardstick=yardstick)


def repeated(*, speeds=SPEEDS, doubts=(), mbits=MBIT):
    speeds = speeds or (None,) * len(mbits)
    networks = {
        f"{number:03d}-network": network(mbit, speed, doubts=doubts if number == 2 else ())
        for number, (mbit, speed) in enumerate(zip(mbits, speeds, strict=True), start=1)
    }
    return repeat_result(plan(), networks)


def rows_of(figure, field):
    (rows,) = [rows for rows in figure.spec["datasets"].values() if field in rows[0]]
    return rows


def test_a_page_says_the_result_and_what_each_repetition_came_to_with_its_report():
    made = repeated()
    page = Page(
        repetition_report(made, reports={"001-network": "runs/001-network/report.html"}).html
    )
    assert page.of("h1") == [made.sentence]
    assert page.of("a").count("001-network") == 1
    assert "002-network" not in page.of("a")
    assert {"200 Mbit/s", "1.05", "machine CPU", "✓"} <= set(page.of("td"))
    assert "Every check that could be made passed in each repetition." in page.words


def test_the_running_interval_is_drawn_with_the_precision_that_was_asked_for():
    made = repeated()
    rows = rows_of(figure_of(repetition_report(made, reports={}), "rates"), "mean")
    assert [row["rate"] for row in rows] == list(MBIT)
    assert rows[0]["low"] is None
    widths = [row["high"] - row["low"] for row in rows[1:]]
    assert widths == sorted(widths, reverse=True)
    known = made.figures[0]
    assert rows[-1]["mean"] == pytest.approx(known.mean / 1e6, rel=1e-4)
    (band,) = rows_of(figure_of(repetition_report(made, reports={}), "rates"), "lowest")
    assert band["highest"] == pytest.approx(known.mean * 1.15 / 1e6, rel=1e-4)


def test_rates_on_the_reference_core_are_drawn_where_each_repetition_has_one():
    made = repeated()
    assert [figure.what for figure in made.figures][-1] == "sustained rate, on the reference core"
    drawn = figure_of(repetition_report(made, reports={}), "rates-on-the-reference-core")
    assert [row["rate"] for row in rows_of(drawn, "mean")] == [200, 200, 200, 200.98, 198]
    without = repeated(speeds=None)
    report = repetition_report(without, reports={})
    assert [figure.name for figure in report.figures] == ["rates"]
    assert "No rate as on the reference core: no yardstick was read." in Page(report.html).words


def test_doubts_come_first_and_nothing_measured_has_a_page():
    html = repetition_report(repeated(doubts=("the hold had a trend",)), reports={}).html
    assert '<h1 class="doubted">' in html
    assert "002-network: the hold had a trend" in html[: html.index("<nav")]
    nothing = repetition_report(repeat_result(plan(), {"001-network": result(None)}), reports={})
    assert "Nothing is known" in Page(nothing.html).of("h1")[0]
    assert not nothing.figures


def test_a_summary_has_a_line_for_each_repetition():
    text = printed(repetition_summary(repeated(doubts=("the hold had a trend",)), "there"))
    assert "002-network  210 Mbit/s" in text
    assert "doubt: 002-network: the hold had a trend" in text
    assert "no rate as on the reference core: no yardstick was read" in printed(
        repetition_summary(repeated(speeds=None), "there")
    )


def test_what_is_known_so_far_is_said_after_each_repetition():
    one = repeated(mbits=MBIT[:1], speeds=None)
    assert known_so_far(one).startswith(
        "1 network so far, how many it takes follows from the spread of the first 4"
    )
    assert "mean of 5 networks 200 Mbit/s, known within" in known_so_far(repeated())
    assert "4 networks needed in all" in known_so_far(repeated())


def test_repetitions_are_listed_with_what_is_known_of_them_and_shown_again(tmp_path, capsys):
    directory = SeriesDirectory.create(tmp_path / "20260101T000000Z-repeat-smoke")
    directory.write_repeat_plan(plan())
    (before,) = listed(tmp_path)
    assert (before.kind, before.outcome) == ("repetition", "no result")
    directory.write_repeat_result(repeated())
    (line,) = listed(tmp_path)
    assert (line.outcome, line.trusted) == ("known", True)
    assert line.sustained_bits_per_second == repeated().figures[0].mean
    text = printed(runs_view([line], "runs"))
    assert "200 Mbit/s" in text
    assert "within " in text
    application()(("show", str(directory.path)), standalone_mode=False)
    assert repeated().sentence in " ".join(capsys.readouterr().out.split())
