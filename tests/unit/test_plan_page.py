"""A plan's page: one file without scripts, with the answer on top and everything it rests on."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import msgspec
import pytest

from onionrig.records.plan import HostsNeeded
from onionrig.views.report.charts.plan import curve_figure
from onionrig.views.report.drawings.planned_hosts import planned_rig
from onionrig.views.report.plan.report import plan_page
from support.records.plans import (
    PI3,
    PI5,
    ZERO,
    hosts_asked,
    many,
    pi3,
    pi5,
    plan,
    side_by_side,
    span,
    zero,
)
from support.views.page import Page, colours_of


@pytest.fixture(scope="module")
def several():
    return plan_page(side_by_side())


def rows_of(figure):
    """The points of a chart, by hardware and hosts."""
    rows = [row for data in figure.spec["datasets"].values() for row in data if "hardware" in row]
    return {(row["hardware"], row["hosts"]): row for row in rows}


def drawn(made):
    (kind,) = made.hardware
    return planned_rig(made, kind, kind.bill)


def test_the_page_needs_no_script_and_fetches_nothing(several):
    page = Page(several)
    assert "script" not in page.tags
    assert all(target.startswith(("#", "data:,")) for target in page.fetched)
    (policy,) = [value for _, value in page.attributes if value and "default-src" in value]
    assert "default-src 'none'" in policy
    assert "script-src 'none'" in policy
    assert not any(name.startswith("on") for name, _ in page.attributes)


def test_the_question_and_the_answer_stand_on_top(several):
    page = Page(several)
    (first,) = page.of("h1")
    assert first == (
        f"500 Mbit/s, with 20 % to spare, from one onion address takes 7 × {PI3} or 1 × {PI5}; "
        f"no number of hosts can be given for {ZERO}."
    )
    assert page.of("span")[0] == (
        "What would it take to serve 500 Mbit/s, with 20 % to spare, from one onion address?"
    )
    assert "planned 2026-11-25 13:00:00 UTC" in page.of("span")


def test_sections_go_from_the_picture_to_what_it_rests_on(several):
    assert Page(several).of("h2") == [
        "Goodput by number of hosts", "Side by side", f"7 × {PI3}", f"1 × {PI5}",
        "What limits it", "Assumptions", "What it is computed from",
        "How to repeat it",
    ]  # fmt: skip


def test_one_kind_of_hardware_has_its_key_figures_on_top():
    page = Page(plan_page(plan()))
    assert page.of("dt") == [
        "Hosts", "Would serve", "Bottleneck", "Client side", "Power", "Price", "Estimated",
    ]  # fmt: skip
    assert page.of("dd") == [
        "7", "620 Mbit/s", "links", "3 client tors", "20 W", "245 USD", "1 of 5 figures",
    ]  # fmt: skip
    assert "Side by side" not in page.of("h2")


def mood_of(made):
    return re.search(r'<h1 class="(\w+)">', plan_page(made))[1]


def test_what_all_can_do_is_good_what_none_can_is_bad_and_the_rest_is_plain():
    assert mood_of(plan()) == "good"
    assert mood_of(plan(zero())) == "bad"
    assert mood_of(side_by_side()) == "plain"
    assert mood_of(hosts_asked()) == "plain"


def test_what_cannot_be_done_has_the_reason_and_no_rig():
    page = Page(plan_page(plan(zero())))
    assert "with --balancer extended, 18 would: 630 Mbit/s" in page.of("h1")[0]
    assert page.of("dt") == []
    assert not any(title.startswith(("0 ×", "10 ×")) for title in page.of("h2"))
    assert "Goodput by number of hosts" in page.of("h2")


def test_every_figure_says_where_it_is_from_and_how_to_replace_it(several):
    page = Page(several)
    assert {
        "Measured elsewhere (2): by this project, on other machines",
        "Read (3): in the named source; not measured again here",
        "Estimated (3): a guess, for the reason given beside it",
        "Asked (1): on the command line",
    } <= {*page.of("caption")}
    assert (
        "To replace these: `onionrig probe --json` on such a board, then --probe FILE"
        in page.of("li")
    )
    assert "a review, https://example.org/review" in page.of("td")


def test_the_command_stands_at_the_end_where_it_is_known():
    assert "onionrig plan --target 500Mbit --hardware pi3b" in Page(plan_page(plan())).of("pre")
    without = msgspec.structs.replace(plan(), command=())
    assert "How to repeat it" not in Page(plan_page(without)).of("h2")


def test_no_text_of_a_plan_becomes_markup():
    attack = "</title><script>alert(1)</script><b>"
    kind = msgspec.structs.replace(pi3(), name=attack, answer=attack)
    html = plan_page(msgspec.structs.replace(plan(kind, pi5()), assumptions=(attack,)))
    page = Page(html)
    assert "script" not in page.tags
    assert "b" not in page.tags
    assert attack in page.of("li")


def test_every_colour_has_a_value_in_both_schemes(several):
    named = colours_of(several)
    assert "--series-2" in named
    for scheme in (":root{color-scheme", "prefers-color-scheme:dark){:root{"):
        start = several.index(scheme)
        block = several[start : several.index("}", start + len(scheme))]
        assert named <= set(re.findall(r"(--[a-z0-9-]+):#", block))


def test_the_chart_is_drawn_once_and_described(several):
    ((described, drawn),) = re.findall(
        r'<div class="chart still" role="img" aria-label="([^"]+)">(<svg.*?</svg>)</div>',
        several,
        re.DOTALL,
    )
    assert "The target is 500 Mbit/s." in described
    assert f"{PI3}: 88.0 Mbit/s from 1 host" in described
    said = {
        text.strip()
        for text in ElementTree.fromstring(drawn).itertext()  # noqa: S314 - made here
    }
    assert {"7 hosts", "1 host", "target", "+ 20 %", "hosts"} <= said
    assert PI3 not in said, "the key is the page's"


def test_what_the_lines_of_the_chart_mean_stands_beside_it(several):
    assert {"target 500 Mbit/s", "with 20 % to spare, 600 Mbit/s"} <= {*Page(several).of("li")}


def test_the_chart_has_the_band_of_every_number_of_hosts():
    rows = rows_of(curve_figure(plan()))
    assert [hosts for _, hosts in rows] == list(range(1, 11))
    tenth = rows[PI3, 10]
    assert (tenth["lowest"], tenth["likely"], tenth["highest"]) == (809.6, 880, 950.4)


def test_a_curve_ends_where_nothing_more_is_learnt_from_it():
    """Of 700 Mbit/s a host, two are beyond twice the 600 that are wanted."""
    rows = rows_of(curve_figure(side_by_side()))
    assert [hosts for name, hosts in rows if name == PI5] == [1, 2]
    assert [hosts for name, hosts in rows if name == PI3] == list(range(1, 11))
    whole = rows_of(curve_figure(plan(pi5(), target_mbit=None)))
    assert [hosts for _, hosts in whole] == list(range(1, 11))


def test_without_a_target_no_line_is_drawn_for_one():
    figure = curve_figure(hosts_asked())
    assert figure.keys == ()
    assert "target" not in figure.description
    without_headroom = curve_figure(plan(headroom=0.0))
    assert [key.name for key in without_headroom.keys] == ["target 500 Mbit/s"]


def test_without_a_curve_there_is_no_chart():
    bare = msgspec.structs.replace(zero(), curve=(), inputs=())
    assert curve_figure(plan(bare)) is None
    assert "Goodput by number of hosts" not in Page(plan_page(plan(bare))).of("h2")


def test_each_host_of_a_few_is_drawn_with_its_daemons_and_its_link():
    made = plan(pi3(3))
    boxes = drawn(made).serving
    assert [box.title for box in boxes] == ["host 1", "host 2", "host 3"]
    assert boxes[0].details == (PI3, "1 tor daemon", "link 98 Mbit/s")
    assert boxes[0].ways[0].lines == ("goodput 88 Mbit/s", "the link is full")
    (lone,) = drawn(plan(pi5())).serving
    assert lone.details[1] == "4 tor daemons"
    assert lone.ways[0].lines == ("goodput 700 Mbit/s", "80 % of what the link carries")
    assert lone.ways[0].strands[0].share == pytest.approx(700 / 880)


def test_many_hosts_are_drawn_as_one_box_with_a_link_each():
    (box,) = drawn(many(30)).serving
    assert box.title == "30 hosts, all alike"
    assert box.details[1:] == ("1 tor daemon each", "link 98 Mbit/s each")
    (way,) = box.ways
    assert len(way.strands) == 30
    assert all(strand.full for strand in way.strands)
    assert way.lines == ("goodput 88 Mbit/s each", "the links are full")


def test_the_client_side_and_the_relays_are_drawn_too():
    network, clients = drawn(plan()).others
    assert network.details[1:] == ("2.3–3.1, likely 2.7 cores", "stock Onionbalance and its tor")
    assert clients.details == (
        "3 client tors:", "0.62–0.82, likely 0.71 cores", "40 streams, a circuit each"
    )  # fmt: skip
    assert clients.ways[0].lines == ("610 Mbit/s on the wire",)


def test_the_drawing_tells_those_who_do_not_see_it_what_is_there():
    told = drawn(many(30)).title
    assert told.startswith(f"30 × {PI3} at a switch")
    assert "client side: 3 client tors:" in told


def test_a_rig_of_unknown_links_is_drawn_with_plain_lines():
    kind = pi3()
    bare = msgspec.structs.replace(
        kind,
        constraints=(),
        bill=msgspec.structs.replace(kind.bill, link_bits_per_second=None),
    )
    (box,) = drawn(plan(bare)).serving
    assert box.details == (PI3, "1 tor daemon each")
    assert box.ways[0].strands[0].share is None


def test_a_range_that_never_reaches_the_target_is_a_warning_on_top():
    never = pi3(needed=HostsNeeded(fewest=7, likely=7, most=None))
    page = Page(plan_page(plan(never)))
    assert "Before relying on it" in page.of("strong")
    assert any("no number of hosts is enough" in item for item in page.of("li"))


def test_a_plan_of_certain_figures_has_nothing_to_warn_of():
    needed = HostsNeeded(fewest=7, likely=7, most=7)
    certain = msgspec.structs.replace(
        pi3(needed=needed), inputs=(), projected_bits_per_second=span(616e6)
    )
    page = Page(plan_page(plan(certain)))
    assert page.of("strong") == []
    assert "616 Mbit/s" in page.of("dd")
