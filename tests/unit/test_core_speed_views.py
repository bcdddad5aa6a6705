"""How fast the cores were, as it is shown: in a summary, in a report, in the list of runs."""

import msgspec
import pytest

from onionrig.analysis.load.windows import Window
from onionrig.analysis.result import analyse
from onionrig.records.yardstick.core_speed import ArithmeticBound
from onionrig.records.yardstick.readings import WORK_PARTS
from onionrig.store.account import finish
from onionrig.store.listing import ListedRun, listed
from onionrig.views.core_speed_text import (
    arithmetic_text,
    carried_over_text,
    speed_text,
    speeds_text,
)
from onionrig.views.report.run.core_speed import PARTS, core_speed
from onionrig.views.runs import runs_view
from support.records.realistic_run import realistic_run
from support.records.results import result
from support.records.run_directories import append, write_run
from support.records.samples import HOLD
from support.records.yardsticks import read_on, readings, yardstick_of
from support.views.page import reported
from support.views.terminal import printed_lines, summary_of

HELD_SECONDS = 12
BOUND = ArithmeticBound(
    relays=6,
    cpu_seconds_per_gbit={"sha3": 2.0, "aes": 0.5, "tls": 0.5, "kernel": 1.0},
    role_cpu_seconds_per_gbit={"backend": 1.0, "client": 1.0, "relay": 2.0},
    bits_per_second=500e6,
    reached=0.4,
)
NOWHERE_READ = read_on("here", moment="before")


def halved(name="slow"):
    (host,) = read_on(name, **dict.fromkeys(WORK_PARTS, 0.5)).hosts
    return host


def whole(name="fast"):
    (host,) = read_on(name).hosts
    return host


def with_(yardstick, **more):
    return msgspec.structs.replace(result(100, **more), yardstick=yardstick)


def read_run(speed=0.8):
    """A whole run on one machine, whose yardstick was read."""
    made = realistic_run(hold_seconds=HELD_SECONDS, backends=2, relays=2, clients=1, streams=4)
    hold = Window(begin=HOLD, end=HOLD + HELD_SECONDS)
    several = readings(hold, speed=speed, before=1.0, after=0.9)
    return msgspec.structs.replace(made, yardsticks={"yardstick": several})


def section_texts(section):
    return [[str(cell) for cell in row] for block in section.blocks for row in block.rows]


# in words


def test_a_speed_has_two_places_and_an_unknown_one_is_a_dash():
    assert speed_text(0.7512) == "0.75"
    assert speed_text(None) == "-"


def test_the_speed_of_one_host_has_its_readings_their_spread_and_what_was_before_and_after():
    text = speeds_text(yardstick_of(halved()))
    assert text == (
        "times the reference core in the hold (10 readings, half of them from 0.50 to 0.50); "
        "- before it, - after"
    )


def test_a_host_with_few_readings_has_no_spread():
    few = msgspec.structs.replace(halved(), readings=1, middle_half=None)
    assert "(1 reading);" in speeds_text(yardstick_of(few))


def test_of_several_hosts_each_is_named():
    text = speeds_text(yardstick_of(whole(), halved()))
    assert text == "times the reference core in the hold, mean of the hosts: fast 1.00, slow 0.50"
    unread = msgspec.structs.replace(halved(), hold=None)
    assert speeds_text(yardstick_of(whole(), unread)).endswith("fast 1.00, slow -")


def test_a_rate_that_is_not_carried_over_has_the_reason():
    assert carried_over_text(yardstick_of(whole(), not_carried_over="no CPU bound it")) == (
        "-",
        "no CPU bound it",
    )
    rate, remark = carried_over_text(
        yardstick_of(whole(), sustained_on_reference_core_bits_per_second=200e6)
    )
    assert rate == "200 Mbit/s"
    assert "estimate" in remark


def test_what_was_reached_of_the_arithmetic_names_the_role_that_took_the_most():
    reached, remark = arithmetic_text(BOUND, result(100, costs={"backend": 1.0, "relay": 3.0}))
    assert reached == "40.0 %"
    assert "500 Mbit/s" in remark
    assert "of the rig's CPU time, role" in remark
    _, without_costs = arithmetic_text(BOUND, result(100, costs={}))
    assert "role" not in without_costs


def test_a_summary_has_the_speed_only_of_a_run_whose_yardstick_was_read():
    assert "core speed" in summary_of(read_run())
    assert "0.80" in summary_of(read_run())
    assert "core speed" not in summary_of(msgspec.structs.replace(read_run(), yardsticks={}))


# in a report


def test_a_report_has_a_section_on_the_speed_of_the_cores():
    made = read_run()
    page = reported(analyse(made), made)
    assert "How fast the cores were" in page.of("h2")
    assert "0.80 times as fast as the reference core of yardstick version 1" in page.words
    assert PARTS["digest"] in page.words


def test_a_report_of_a_run_without_a_yardstick_has_no_such_section():
    made = msgspec.structs.replace(read_run(), yardsticks={})
    assert "How fast the cores were" not in reported(analyse(made), made).of("h2")
    assert core_speed(with_(None)) is None


def test_unknown_speeds_are_dashes_and_nothing_is_carried_over():
    section = core_speed(with_(NOWHERE_READ))
    assert section.finding == (
        "Nothing is carried over to the reference core: there is no sustained rate."
    )
    (host, *_), *_ = (block.rows for block in section.blocks)
    assert host == ("here", "1", "1.00", "\u2013", "\u2013", "0", "\u2013")
    assert section_texts(section)[1] == [PARTS["digest"], "504", "\u2013", "\u2013", "504"]


def test_a_yardstick_of_another_version_has_figures_but_no_speed():
    section = core_speed(with_(read_on("here", version=999)))
    _, digest, *_ = section_texts(section)
    assert digest == [PARTS["digest"], "\u2013", "504", "\u2013", "\u2013"]


def test_each_of_two_hosts_has_a_row_and_a_table_of_its_parts():
    section = core_speed(with_(yardstick_of(whole(), halved())))
    hosts, of_fast, of_slow = section.blocks
    assert [(row[0], row[3]) for row in hosts.rows] == [("fast", "1.00"), ("slow", "0.50")]
    assert "on fast, in MB" in of_fast.caption
    assert "on slow, in MB" in of_slow.caption
    assert of_slow.rows[0][2] == "252"


def test_the_arithmetic_is_listed_with_its_sum_and_what_was_reached():
    section = core_speed(with_(yardstick_of(whole(), arithmetic=BOUND)))
    assert "The mean goodput was 40.0 % of what these cores could carry" in section.finding
    table = section.blocks[-1]
    assert "over 6 relays" in table.caption
    assert table.rows[-1] == ("everything", "4.00")


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"sustained_on_reference_core_bits_per_second": 200e6}, "would be about 200 Mbit/s there"),
        ({"not_carried_over": "no CPU bound it"}, "is not carried over: no CPU bound it."),
    ],
)
def test_the_finding_says_what_the_rate_would_be_on_the_reference_core_or_why_not(more, text):
    assert text in core_speed(with_(yardstick_of(whole(), **more))).finding


# in the list of runs


def test_the_list_of_runs_has_the_speed_of_those_whose_yardstick_was_read():
    def line(name, speed):
        return ListedRun(
            name=name, path=name, kind="run", began="2026-11-29T12:00:00+00:00",
            outcome="complete", sustained_bits_per_second=100e6, core_speed=speed,
        )  # fmt: skip

    heading, read, older = printed_lines(runs_view([line("read", 0.756), line("older", None)], "."))
    assert "sustained speed outcome" in heading
    assert "100 Mbit/s 0.76 complete" in read
    assert "100 Mbit/s complete" in older
    heading, _ = printed_lines(runs_view([line("older", None)], "."))
    assert "sustained outcome" in heading


def test_the_listing_takes_the_speed_from_the_result(tmp_path):
    runs = tmp_path / "runs"
    made = read_run()
    for name, yardsticks in (("1-read", made.yardsticks), ("2-older", {})):
        run = write_run(runs / name, made)
        for yardstick, several in yardsticks.items():
            append(run.sample_path(yardstick), several)
        result_of_run = finish(run)
        run.write_result(
            result_of_run if yardsticks else msgspec.structs.replace(result_of_run, yardstick=None)
        )
    speeds = {line.name: line.core_speed for line in listed(runs)}
    assert speeds == {"1-read": pytest.approx(0.8, rel=1e-2), "2-older": None}
