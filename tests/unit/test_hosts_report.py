"""Emulated hosts in a report and a summary: drawn around their switch, and as a table."""

from __future__ import annotations

import re

import msgspec
import pytest

from onionrig.analysis.hosts.links import links
from onionrig.analysis.load.loads import load_of
from onionrig.analysis.over_time.series import series
from onionrig.analysis.result import analyse
from onionrig.views.report.drawings.hosts import delay_text, hosts_drawing
from onionrig.views.report.run.hosts import hosts
from onionrig.views.report.run.report import run_report
from onionrig.views.roles import roles_text
from support.records.emulated_hosts import bramble
from support.records.manifests import with_emulated
from support.records.realistic_run import realistic_run
from support.views.page import reported
from support.views.terminal import summary_of


def drawn(whole):
    return hosts_drawing(links(load_of(whole)), whole.manifest)


def tabled(whole):
    return hosts(analyse(whole), whole.manifest).blocks[1]


def bars(whole):
    """How full each link is drawn, in per cent, and whether in the colour of limits."""
    html = run_report(analyse(whole), whole, series(whole)).html
    found = re.findall(r'<rect class="carried( full)?" width="([\d.]+)%"', html)
    return [(float(share), bool(full)) for full, share in found]


def altered(whole, **more):
    """The same with every board's link or host otherwise."""
    emulated = tuple(
        msgspec.structs.replace(host, **more) if host.board else host
        for host in whole.manifest.emulated
    )
    return msgspec.structs.replace(whole, manifest=with_emulated(whole.manifest, emulated))


def summarised(whole):
    return " ".join(summary_of(whole).split())


def test_each_host_is_drawn_with_what_runs_on_it_and_its_link():
    pi1, pi2 = drawn(bramble([96.1, 40], link=96.8e6)).serving
    assert pi1.title == "pi1"
    assert pi1.details == ("Raspberry Pi 3", "backend instance, source", "link 96.8 Mbit/s")
    assert [way.lines for way in pi1.ways] == [
        ("host sent 96.1 Mbit/s", "99.3 % of its link, full"),
        ("host received 2.00 Mbit/s", "2.1 % of its link"),
    ]  # fmt: skip
    assert [strand.full for way in (*pi1.ways, *pi2.ways) for strand in way.strands] == [
        True, False, False, False,
    ]  # fmt: skip
    network, clients = drawn(bramble([60])).others
    assert network.details == ("2 relays", "link not shaped")
    assert clients.details == ("client, sink", "link not shaped")
    assert clients.ways[1].lines == ("host received 60.0 Mbit/s",)
    assert clients.ways[1].strands[0].share is None


def test_a_delay_and_a_share_of_the_cpu_are_told_where_there_are_any():
    whole = altered(bramble([60]), delay_seconds=0.0117, cpu_cores=0.25)
    (pi1,) = drawn(whole).serving
    assert pi1.details[2:] == ("link 100 Mbit/s, delay 11.7 ms", "CPU: 0.25 cores")
    table = tabled(whole)
    told = {column.title: cell for column, cell in zip(table.columns, table.rows[2], strict=True)}
    assert (told["delay"], told["CPU"]) == ("11.7 ms", "0.25 cores")
    assert [column.title for column in tabled(bramble([60])).columns] == [
        "host", "board", "link", "sent", "received", "of the link",
    ]  # fmt: skip


def test_many_hosts_that_are_alike_are_drawn_as_one_with_a_bar_each():
    whole = bramble([90 + number / 10 for number in range(30)])
    (boards,) = drawn(whole).serving
    assert boards.title == "30 hosts"
    assert boards.details[0] == "pi1 to pi30"
    assert boards.details[2] == "backend instance, source each"
    sent = boards.ways[0]
    assert len(sent.strands) == 30
    assert sent.lines == (
        "hosts sent 90.0 to 92.9 Mbit/s", "each, 90.0 to 92.9 % of its link", "30 of 30 full",
    )  # fmt: skip
    assert [box.title for box in drawn(whole).others] == ["network", "clients"]


def test_as_many_as_ten_hosts_are_drawn_one_by_one():
    assert len(drawn(bramble([10] * 8)).serving) == 8
    assert len(drawn(bramble([10] * 9)).serving) == 1


def test_what_was_not_sampled_is_said_to_be_not_known():
    whole = msgspec.structs.replace(bramble([60]), samplers={})
    (pi1,) = drawn(whole).serving
    assert [way.lines for way in pi1.ways] == [
        ("host sent: not known",), ("host received: not known",),
    ]  # fmt: skip
    assert bars(whole) == []


def test_a_link_is_filled_by_its_share_and_a_full_one_in_the_colour_of_limits():
    assert bars(bramble([95, 40])) == [(95, True), (2, False), (40, False), (2, False)]


def test_the_drawing_tells_those_who_do_not_see_it_what_is_full():
    told = drawn(bramble([95, 40, 96])).title
    assert "the 5 emulated hosts" in told
    assert "Full: pi1 and pi3." in told
    assert "Full: none." in drawn(bramble([40])).title


def test_the_table_has_the_rates_and_the_share_of_each_link():
    whole = bramble([95, 40])
    page = reported(analyse(whole), whole)
    cells = page.of("td")
    assert {"95.0 Mbit/s", "40.0 Mbit/s", "100 Mbit/s", "not shaped", "95.0 %, full", "40.0 %"} <= {
        *cells
    }
    assert "Hosts and links" in page.of("h2")


def test_a_run_on_one_machine_has_no_such_section():
    made = realistic_run(hold_seconds=12)
    assert "Hosts and links" not in reported(analyse(made), made).of("h2")


def test_a_host_whose_name_is_markup_stays_text():
    whole = bramble([60])
    named = msgspec.structs.replace(whole.manifest.emulated[2].board, name="<b>&")
    page = reported(analyse(altered(whole, board=named)), altered(whole, board=named))
    assert "b" not in page.tags
    assert "<b>&" in page.of("span")


def test_the_summary_says_what_part_of_the_links_was_sustained_and_at_which_scale():
    whole = bramble([60, 40], goodput_mbit=0.9)
    said = "45.0 % sustained of the 200 Mbit/s that the links of 2 of 4 emulated hosts carry"
    assert said in summarised(whole)
    assert "at a scale" not in summarised(whole)
    scaled = tuple(msgspec.structs.replace(host, scale=0.25) for host in whole.manifest.emulated)
    quarter = with_emulated(whole.manifest, scaled)
    assert f"{said}, at a scale of 1/4" in summarised(
        msgspec.structs.replace(whole, manifest=quarter)
    )
    assert "4 emulated hosts" in summarised(bramble([60, 40], link=None))


@pytest.mark.parametrize(
    ("roles", "text"),
    [
        ([("backend", 4, 4), ("source", 1, 1)], "4 backend instances, source"),
        ([("backend", 1, 4)], "1 to 4 backend instances"),
        ([("authority", 3, 3), ("balancer-tor", 1, 1)], "3 authorities, the balancer's tor"),
        ([], "nothing"),
    ],
)
def test_roles_are_counted_as_one_would_say_it(roles, text):
    assert roles_text(roles) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0002, "0.2 ms"), (0.02, "20 ms"), (1.0, "1.00 s")]
)
def test_delays_are_told_as_finely_as_they_can_be_asked_for(seconds, text):
    assert delay_text(seconds) == text
