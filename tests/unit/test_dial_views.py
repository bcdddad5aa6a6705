"""What dials came to as the summary, the report and the exports show it."""

import io

import msgspec
import pytest
from rich.console import Console

from onionrig.analysis.result import analyse
from onionrig.records.events import Phase, PhaseBegan, Waiting
from onionrig.records.streams.transfers import Ending
from onionrig.views.export.tables import TABLES
from onionrig.views.live.progress import Progress
from onionrig.views.live.table import PlainLines, progress_drawing
from onionrig.views.report.charts.dials import dials_figure
from onionrig.views.report.images import svg
from support.records.events import covered
from support.records.manifests import manifest
from support.records.recordings import recording
from support.records.samples import HOLD, RAMP, sink_sample, transfer
from support.views.page import reported
from support.views.terminal import summary_of


def dial(number, backend, client, **more):
    return transfer(
        number, backend=backend, client=client, verified=8192, started=RAMP - 9.0, **more
    )


def dialled(counts, *, failures=0, variants=2, known=True):
    """A run whose dials fell so; backends belong to the variants in turn, a client to each."""
    names = list(counts)
    events = [
        covered(
            f"client-{number}",
            dict.fromkeys(names[number - 1 :: variants], 2),
            variant=number,
        )
        for number in range(1, variants + 1)
    ]
    made = [
        dial(0, name, f"client-{index % variants + 1}", first_byte=0.25)
        for index, (name, times) in enumerate(counts.items())
        for _ in range(times)
    ]
    made += [
        transfer(
            0,
            backend=None,
            verified=0,
            ending=Ending.NO_FIRST_BYTE,
            first_byte=None,
            started=RAMP - 5.0,
        )
        for _ in range(failures)
    ]
    samples = [sink_sample(HOLD + at, {names[0]: 1000}) for at in range(10)]
    return recording(
        samples, dials=made, events=events if known else (), manifest=manifest(tuple(names))
    )


UNEVEN = {"backend-1": 30, "backend-2": 12, "backend-3": 10, "backend-4": 0}


# The summary


def test_the_summary_says_how_evenly_dials_fell_and_what_chance_would_give():
    shown = summary_of(dialled(UNEVEN, failures=3)).splitlines()
    assert (
        "dials: 55 before the load, 3 failed; first byte after 0.25 s (median), "
        "0.25 s (90 %), 0.25 s (last)"
    ) in shown
    assert "  3 times no first byte" in shown
    rows = [line.split() for line in shown]
    # 40²/(2·(30²+10²)) and 12²/(2·12²); 20²/(20²+10) and 6²/(6²+3)
    (first,) = (row for row in rows if row[:4] == ["1", "2", "40", "0.800"])
    (second,) = (row for row in rows if row[:4] == ["2", "2", "12", "0.500"])
    assert (first[4], second[4]) == ("0.976", "0.923")
    assert (first[6], second[6]) == ("0.50", "0.00")
    # means of 20 and 6 a backend; two clients that draw one of two
    assert any(
        line.startswith("between variants: Jain's index 0.775 of their means; by chance 0.667")
        for line in shown
    )
    assert "no dial reached backend-4" in shown


def test_the_table_fits_a_terminal_of_eighty_columns():
    counts = {f"backend-{number}": 1000 + number for number in range(1, 61)}
    shown = summary_of(dialled(counts, variants=6), width=80).splitlines()
    rows = [line.split() for line in shown if line.lstrip()[:2] in {f"{n} " for n in range(1, 7)}]
    assert len(rows) == 6
    assert {len(row) for row in rows} == {9}


def test_many_that_were_not_reached_are_counted():
    counts = {"backend-1": 9, **{f"backend-{number}": 0 for number in range(2, 12)}}
    shown = summary_of(dialled(counts, variants=1))
    assert (
        "no dial reached backend-2, backend-3, backend-4, backend-5, backend-6, backend-7" in shown
    )
    assert "and 4 more" in shown


def test_a_run_without_dials_has_no_word_of_them():
    run = msgspec.structs.replace(dialled(UNEVEN), dials=())
    assert "dial" not in summary_of(run)
    page = reported(analyse(run), run)
    assert "Dials before the load" not in page.of("h2")


def test_dials_by_instances_that_a_descriptor_had_not_had_are_said():
    run = dialled(UNEVEN, variants=2)
    moved = [dial(0, "backend-2", "client-1")] * 4
    shown = summary_of(msgspec.structs.replace(run, dials=[*run.dials, *moved]))
    assert "4 dials were served by instances that were not in the descriptor" in shown


def test_where_nothing_was_served_the_failures_are_left():
    shown = summary_of(dialled(dict.fromkeys(UNEVEN, 0), failures=5))
    assert "dials: 5 before the load, 5 failed\n" in shown.replace(" \n", "\n")
    assert "5 times no first byte" in shown


# The report


def test_the_report_draws_each_backend_under_its_variant_with_the_mean():
    run = dialled(UNEVEN, failures=1)
    page = reported(analyse(run), run)
    assert "Dials by backend instance" in page.of("figcaption")
    assert "Dials before the load" in page.of("h2")
    assert any("53 dials, 1 failed. Half of those served" in text for text in page.of("p"))
    assert {"0.800", "0.500", "backend-4"} <= set(page.of("td"))
    assert any(text.startswith("0.976 (0.9") for text in page.of("td"))
    assert "1 failed: no first byte" in page.of("li")


def specification(run):
    return dials_figure(analyse(run).dials)


def values(chart, layer):
    return chart.spec["datasets"][chart.spec["layer"][layer]["data"]["name"]]


def test_bars_stand_by_variant_and_a_line_spans_each():
    chart = specification(dialled(UNEVEN))
    bars = [
        (row["variant"], row["name"], row["dials"], row["expected"]) for row in values(chart, 0)
    ]
    assert bars == [
        ("variant 1", "backend-1", 30, 20),
        ("variant 1", "backend-3", 10, 20),
        ("variant 2", "backend-2", 12, 6),
        ("variant 2", "backend-4", 0, 6),
    ]
    assert values(chart, 1) == [
        {"first": "backend-1", "last": "backend-3", "mean": 20},
        {"first": "backend-2", "last": "backend-4", "mean": 6},
    ]
    assert [key.name for key in chart.keys] == ["variant 1", "variant 2"]


@pytest.mark.parametrize("known", [True, False])
def test_one_variant_or_none_that_is_known_is_drawn_without_a_key(known):
    chart = specification(dialled(UNEVEN, variants=1, known=known))
    assert [row["dials"] for row in values(chart, 0)] == [30, 12, 10, 0]
    assert [row["mean"] for row in values(chart, 1)] == [13]
    assert chart.keys == ()


def test_what_chance_would_give_is_marked_where_it_is_not_alike_for_all():
    run = dialled({"backend-1": 30, "backend-2": 10}, variants=1)
    seen = covered(
        "client-1", {"backend-1": 1, "backend-2": 1}, drawn={"backend-1": 3, "backend-2": 1}
    )
    chart = specification(msgspec.structs.replace(run, events=[*run.events, seen]))
    assert [row["expected"] for row in values(chart, 2)] == [30, 10]
    assert [key.name for key in chart.keys] == ["by chance, on average"]
    assert len(specification(run).spec["layer"]) == 2


def test_a_backend_in_two_variants_has_a_bar_in_each():
    run = dialled({"backend-1": 4, "backend-2": 2})
    both = covered("client-2", {"backend-1": 2, "backend-2": 2}, variant=2)
    chart = specification(msgspec.structs.replace(run, events=[*run.events, both]))
    assert [row["key"] for row in values(chart, 0)] == [
        "backend-1 in 1", "backend-1 in 2", "backend-2",
    ]  # fmt: skip


@pytest.mark.parametrize("backends", [1, 60])
def test_the_chart_can_be_drawn_with_few_and_with_many(backends):
    counts = {f"backend-{number}": 90 + number for number in range(1, backends + 1)}
    drawing = svg(specification(dialled(counts, variants=min(backends, 6))))
    assert "backend-1" in drawing


# Exports, and the view of a run that goes on


def test_dials_are_exported_as_they_were_recorded():
    run = dialled({"backend-1": 1, "backend-2": 0}, failures=1)
    (table,) = (table for table in TABLES if table.name == "dials")
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows(run)]
    assert [(row["backend"], row["client"], row["ending"]) for row in rows] == [
        ("backend-1", "client-1", "run ended"),
        (None, "client-1", "no first byte"),
    ]


def test_the_live_view_says_how_many_dials_are_done():
    known = Progress(target_bits_per_second=None, streams=1)
    console = Console(file=io.StringIO(), width=140)
    lines = PlainLines(console, cores=2)
    known.tell(PhaseBegan(wall_seconds=0.0, since_start_seconds=0.0, phase=Phase.DIALS))
    for done in (0, 7, 12):
        subject = f"400 dials; {done} done"
        known.tell(Waiting(wall_seconds=0.0, since_start_seconds=0.0, subject=subject))
        lines.show(known)
    assert console.file.getvalue().count("waiting for 400 dials") == 1
    console.print(progress_drawing(known, elapsed_seconds=1.0, cores=2))
    assert "dials   1 s" in console.file.getvalue()
    assert "waiting for 400 dials; 12 done" in console.file.getvalue()
