"""What followed what was done to the rig: in the summary, the report, its charts, the exports."""

import io
import re
from xml.etree import ElementTree

import msgspec
import pytest
from rich.console import Console

from onionrig.analysis.over_time.series import SeriesFault, series
from onionrig.analysis.result import analyse
from onionrig.records.events import Phase, PhaseBegan
from onionrig.records.streams.transfers import Ending
from onionrig.views.export.tables import TABLES
from onionrig.views.live.progress import Progress
from onionrig.views.live.table import PlainLines, progress_drawing
from onionrig.views.report.charts.load_over_time import goodput_figure
from onionrig.views.report.colours import LIGHT
from onionrig.views.report.images import svg
from onionrig.views.report.run.report import run_report
from support.records.events import answered, happened, listed, published
from support.records.manifests import balanced_manifest
from support.records.realistic_run import DONE, disturbed, realistic_run
from support.records.recordings import recording
from support.records.samples import (
    HOLD,
    dial,
    failed_dial,
    sink_sample,
    transfer,
    waiting_dial,
)
from support.views.page import Page, figure_of, reported
from support.views.terminal import summary_of

BOTH = ("backend-1", "backend-2")
EVENTS = (
    listed(-4.0, *BOTH),
    happened("kill", "backend-1", 10.0),
    listed(13.8, "backend-2"),
    happened("start", "backend-1", 20.0),
)

BALANCED = balanced_manifest()


def run(events=EVENTS, dials=()):
    """100 Mbit/s, 50 from the tenth second on, 95 from the fourteenth."""
    rates = [100] * 10 + [50] * 4 + [95] * 16
    samples = [
        sink_sample(HOLD + at, {"backend-1": rate * 125_000}) for at, rate in enumerate(rates)
    ]
    return recording(samples, events=events, dials=dials)


DIALS = [dial(9.0), dial(11.0, first_byte=29.5), failed_dial(12.0), dial(21.0, first_byte=0.25)]


def figure_of_run(made, name):
    return figure_of(run_report(analyse(made), made, series(made)), name)


# The summary


def test_the_summary_says_what_followed_each_in_a_line():
    shown = [line.split() for line in summary_of(run(dials=DIALS), width=100).splitlines()]
    assert [
        "10", "s", "backend-1", "killed", "100", "Mbit/s", "50.0", "Mbit/s", "4.0", "s", "3.8", "s",
        "1", "of", "2", "2.0", "s", "29.5", "s",
    ] in shown  # fmt: skip
    assert [
        "20", "s", "backend-1", "started", "100", "Mbit/s", "95.0", "Mbit/s", "0.0", "s", ">", "10", "s",
        "0", "of", "1", "-", "0.2", "s",
    ] in shown  # fmt: skip


BACK = (
    happened("kill", "balancer-tor", 10.0),
    happened("start", "balancer-tor", 20.0, followed_up=True),
)


@pytest.mark.parametrize(
    ("came", "told", "cell"),
    [
        (
            (answered(23.1, "balancer-tor"), published(28.5)),
            "it answered 3.1 s later, and the balancer published the address 8.5 s later",
            "8.5 s",
        ),
        (
            (answered(23.1, "balancer-tor"),),
            "it answered 3.1 s later, and the balancer had not published the address 10.0 s later",
            "> 10 s",
        ),
        (
            (),
            (
                "it had not answered 10.0 s later, and the balancer had not published the address "
                "10.0 s later"
            ),
            "> 10 s",
        ),
    ],
)
def test_whether_a_tor_that_is_back_answered_and_published_is_told(came, told, cell):
    made = msgspec.structs.replace(run(events=(*BACK, *came)), manifest=BALANCED)
    shown = " ".join(summary_of(made, width=100).split())
    assert f"balancer-tor started at 20 s: {told}" in shown
    assert f"0.0 s {cell}" in shown
    page = reported(analyse(made), made)
    assert f"balancer-tor started at 20 s: {told}" in page.words
    (table,) = (table for table in TABLES if table.name == "aftermaths")
    *_, row = (dict(zip(table.columns, row, strict=True)) for row in table.rows(made))
    assert row["awaited"] == "answered; published"


def test_the_live_view_tells_who_answers_again_and_not_each_publication(progress):
    progress.tell(answered(3.0, "balancer-tor"))
    progress.tell(published(4.0))
    assert progress.notes == ["balancer-tor answers again"]


def test_new_streams_that_waited_in_vain_are_counted_with_those_that_failed():
    dials = [dial(11.0, first_byte=0.5), failed_dial(12.0)]
    dials += [waiting_dial(float(at)) for at in range(13, 27)]
    made = run(EVENTS[:2], dials=dials)
    (line,) = (line for line in summary_of(made, width=80).splitlines() if line[:4] == "10 s")
    assert line.split()[-8:] == ["15", "of", "16", "16.0", "s", ">", "17", "s"]
    (found,) = msgspec.json.decode(msgspec.json.encode(analyse(made)))["aftermaths"]
    assert (found["dials"]["failed"], found["dials"]["waited_in_vain"]) == (1, 14)
    assert found["dials"]["longest_wait_in_vain_seconds"] == 17
    page = reported(analyse(made), made)
    assert (
        "Of 16 new streams dialled since the first, 1 failed and 14 were overdue when the hold "
        "ended, after waiting for up to 17.0 s."
    ) in page.words
    assert [key.name for key in figure_of_run(made, "dialled").keys] == [
        "served", "failed", "still waiting",
    ]  # fmt: skip


def test_new_streams_that_still_waited_are_told_where_nothing_was_done_to_the_rig():
    made = run(events=(), dials=[*DIALS, waiting_dial(28.0)])
    page = reported(analyse(made), made)
    assert (
        "5 new streams were dialled, 1 failed, 1 still waited when they were cut off."
    ) in page.words


def test_streams_that_still_wait_for_a_byte_when_the_load_ends_are_told():
    waiting = transfer(2, 5, backend=None, verified=0, ending=Ending.STILL_WAITING)
    made = msgspec.structs.replace(run(events=()), transfers=[transfer(1), waiting])
    assert analyse(made).streams.still_waiting == 1
    shown = summary_of(made, width=80)
    assert "1 still waited for a first byte when the load ended" in shown
    page = reported(analyse(made), made)
    assert "1 stream still waited for a first byte when the load ended." in page.words


def test_the_table_fits_a_terminal_of_eighty_columns():
    events = [
        happened("kill", "balancer-tor", 10.0),
        happened("kill", "authority-1", 20.0),
    ]
    dials = [failed_dial(10.0 + at / 10) for at in range(99)]
    lines = summary_of(run(events, dials), width=80).splitlines()
    (heading,) = (line for line in lines if line.startswith("at "))
    assert heading.split() == [
        "at", "done", "before", "lowest", "as", "before", "listed", "unserved", "until", "slowest",
    ]  # fmt: skip
    (killed,) = (line for line in lines if line.startswith("10 s"))
    assert "99 of 99" in killed
    assert "9.8 s" in killed
    assert "…" not in "".join(lines)


def test_without_events_the_summary_has_no_word_of_them():
    assert "as before" not in summary_of(run(events=()), width=80)


# While it runs


@pytest.fixture
def progress():
    known = Progress(target_bits_per_second=None, streams=1)
    known.tell(PhaseBegan(wall_seconds=0.0, since_start_seconds=0.0, phase=Phase.HOLD))
    return known


def test_the_live_views_tell_what_is_done_and_who_leaves_and_enters_the_descriptors(progress):
    console = Console(file=io.StringIO(), width=120)
    lines = PlainLines(console, cores=2)
    for event in (
        *EVENTS,
        listed(24.0, *BOTH),
        happened("hang", "backend-2", 25.0),
        happened("resume", "backend-2", 26.0),
        happened("stop", "balancer", 27.0),
    ):
        progress.tell(event)
        lines.show(progress)
    told = [line.partition(" s  ")[2] for line in console.file.getvalue().splitlines()]
    expected = [
        "backend-1 killed",
        "no longer in the address's descriptors: backend-1",
        "backend-1 started",
        "now in the address's descriptors: backend-1",
        "backend-2 hung",
        "backend-2 resumed",
        "balancer stopped",
    ]
    assert told == ["hold", *expected]
    console.print(progress_drawing(progress, elapsed_seconds=1.0, cores=2))
    assert "· balancer stopped" in console.file.getvalue()


def test_an_unchanged_list_and_the_first_one_are_no_news(progress):
    progress.tell(listed(-4.0, *BOTH))
    progress.tell(listed(36.0, *BOTH))
    assert progress.notes == []


def test_instances_that_enter_where_none_was_listed_are_news(progress):
    progress.tell(listed(-4.0))
    progress.tell(listed(3.0, *BOTH))
    assert progress.notes == ["now in the address's descriptors: backend-1, backend-2"]


# The report


@pytest.fixture(scope="module")
def disturbed_run():
    return disturbed(realistic_run())


@pytest.fixture(scope="module")
def disturbed_report(disturbed_run):
    return run_report(analyse(disturbed_run), disturbed_run, series(disturbed_run))


def test_the_report_has_the_table_and_the_charts_after_the_goodput(disturbed_report):
    page = Page(disturbed_report.html)
    assert page.of("h2")[:4] == ["Thresholds", "Goodput", "Faults", "CPU by role"]
    assert {
        "New streams dialled in each second",
        "From the dial of a new stream to its first byte",
    } <= set(page.of("figcaption"))
    # 100 dials begin 10 s into the hold or later, of the 8 until 14 s each third fails
    assert "4 faults in the hold. Of 99 new streams dialled since the first, 2 failed." in (
        page.words
    )
    assert {"backend-2 killed", "backend-2 started", "balancer killed"} <= set(page.of("td"))
    assert "3.5 s" in page.of("td")


LINES = {"at": [10.02, 25.02, 50.01, 50.53]}
NAMES = ["backend-2 killed", "backend-2 started", "balancer killed and 1 more"]


def layers(figure):
    """The rows of each layer's own data."""
    return [
        figure.spec["datasets"].get(layer.get("data", {}).get("name"), [])
        for layer in figure.spec["layer"]
    ]


@pytest.mark.parametrize(
    "name",
    ["goodput", "streams", "interfaces", "dialled", "dial-waits", "cpu-by-role", "machine-here",
     "round-trips"],
)  # fmt: skip
def test_each_chart_over_time_marks_what_was_done_and_names_it_once_a_place(disturbed_report, name):
    rows = layers(figure_of(disturbed_report, name))
    assert [{"at": at} for at in LINES["at"]] in rows
    assert [
        {"at": at, "name": text} for at, text in zip((10.02, 25.02, 50.01), NAMES, strict=True)
    ] in (rows)


def test_the_image_has_the_dashed_lines_and_the_names(disturbed_report):
    image = ElementTree.fromstring(svg(figure_of(disturbed_report, "goodput")))  # noqa: S314 - ours
    said = ["".join(text.itertext()) for text in image.findall(".//{*}text")]
    for name in NAMES:
        # outlined: once as the outline, once to be read
        assert said.count(name) == 2
    dashed = [line for line in image.findall(".//{*}line") if line.get("stroke-dasharray") == "3,3"]
    assert len(dashed) == len(DONE)
    assert {line.get("stroke") for line in dashed} == {LIGHT.ink}


def test_failed_dials_are_drawn_in_the_colour_of_what_is_bad(disturbed_report):
    chart = figure_of(disturbed_report, "dialled")
    assert [key.name for key in chart.keys] == ["served", "failed"]
    assert LIGHT.bad in svg(chart)
    rows = max(chart.spec["datasets"].values(), key=len)[1:-1]
    told = {row["begin"]: (row["line00"], row["line01"]) for row in rows}
    failing = {at: both for at, both in told.items() if both[1]}
    assert failing == {10: (1, 1), 11: (1, 1), 13: (1, 1)}


def test_a_run_to_which_nothing_was_done_has_neither_marks_nor_section():
    made = realistic_run(hold_seconds=12)
    report = run_report(analyse(made), made, series(made))
    assert "Faults" not in Page(report.html).of("h2")
    assert not [figure for figure in report.figures if figure.name.startswith("dial")]
    assert "3,3" not in svg(figure_of(report, "goodput"))


def test_dials_under_load_alone_have_a_section_too():
    made = run(events=(), dials=DIALS)
    page = reported(analyse(made), made)
    assert "New streams under load" in page.of("h2")
    assert "4 new streams were dialled, 1 failed." in page.words


def test_of_a_run_of_which_only_the_result_is_left_the_table_stays(disturbed_run):
    page = Page(run_report(analyse(disturbed_run), None, None).html)
    assert "Faults" in page.of("h2")
    assert "backend-2 killed" in page.of("td")


def test_a_fault_at_the_very_beginning_is_named_inside_the_chart(disturbed_run):
    whole = msgspec.structs.replace(
        series(disturbed_run),
        faults=(
            SeriesFault(at=-4.9, verb="hang", subject="relay-1"),
            SeriesFault(at=-1.0, verb="resume", subject="relay-1"),
        ),
    )
    image = svg(goodput_figure(whole, levels=(), description="."))
    # along the text's own downwards, which is to the right of the line
    hung, resumed = (
        float(re.search(rf"rotate\(270\) translate\(-4,([-\d.]+)\)[^>]*>{name}<", image)[1])
        for name in ("relay-1 hung", "relay-1 resumed")
    )
    assert hung > 0 > resumed


# Exports


def test_what_followed_is_exported_with_what_new_streams_met():
    (table,) = (table for table in TABLES if table.name == "aftermaths")
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows(run(dials=DIALS))]
    assert [(row["load"], row["verb"], row["subject"], row["at_seconds"]) for row in rows] == [
        (1, "kill", "backend-1", 10.0),
        (1, "start", "backend-1", 20.0),
    ]
    assert rows[0]["before_bits_per_second"] == 100e6
    assert rows[0]["listed_after_seconds"] == pytest.approx(3.8)
    assert (rows[0]["dials_begun"], rows[0]["dials_failed"]) == (2, 1)
    assert rows[0]["dials_highest_first_byte_seconds"] == 29.5


def test_events_are_exported_as_they_were_recorded():
    (table,) = (table for table in TABLES if table.name == "events")
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows(run())]
    said = [msgspec.json.decode(row["said"]) for row in rows if row["kind"] == "happened"]
    assert said == [
        {
            "verb": verb,
            "subject": "backend-1",
            "of_host": False,
            "bits_per_second": None,
            "followed_up": False,
        }
        for verb in ("kill", "start")
    ]
