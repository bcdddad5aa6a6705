"""Reports in a real browser: every chart is drawn, nothing is fetched, nothing goes wrong."""

from __future__ import annotations

import itertools

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from onionrig.analysis.over_time.series import series
from onionrig.analysis.result import analyse
from onionrig.views.report.run.report import run_report
from onionrig.views.report.series.comparison import comparison_report
from onionrig.views.report.series.sweep import sweep_report
from support.records.emulated_hosts import bramble
from support.records.realistic_run import disturbed, realistic_run
from support.records.results import with_findings
from support.records.several_runs import HIGHER, SAME, UNKNOWN, comparison, sweep
from support.views.browser import PHONE_PIXELS, SCHEMES
from support.views.colours import rgb
from support.waiting import until

pytestmark = pytest.mark.browser

KINDS = ("run", "bramble", "many hosts", "sweep", "comparison")


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A page of each kind, and the names of its charts."""
    made = disturbed(realistic_run())
    six, many = bramble([96.1, 46.8, 95, 28, 40, 90]), bramble([93 + at / 10 for at in range(30)])
    reports = {
        "bramble": run_report(analyse(six), six, series(six)),
        "many hosts": run_report(analyse(many), many, series(many)),
        "run": run_report(with_findings(analyse(made), trusted=False), made, series(made)),
        "sweep": sweep_report(sweep()),
        "comparison": comparison_report(comparison(HIGHER, SAME, UNKNOWN)),
    }
    directory = tmp_path_factory.mktemp("reports")
    written = {}
    for kind, report in reports.items():
        path = directory / f"{kind}.html"
        path.write_text(report.html)
        written[kind] = (path, [figure.name for figure in report.figures])
    return written


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_chart_is_drawn_and_nothing_is_fetched_or_complained_of(browser, pages, kind, scheme):
    path, names = pages[kind]
    browser.show(path, scheme=scheme)
    charts = browser.charts()
    assert [chart["name"] for chart in charts] == names
    assert all(chart["fits"] for chart in charts)
    assert all(chart["width"] > 600 for chart in charts if not chart["folded"])
    assert browser.said() == []
    assert [url for url in browser.requested() if not url.startswith("data:")] == [path.as_uri()]


def test_a_complaint_and_a_request_would_have_been_noticed(browser, tmp_path):
    # the evidence: until() fails unless both are noticed
    page = tmp_path / "bad.html"
    page.write_text('<script>console.error("noticed")</script><img src="absent.png">')
    browser.show(page)
    said, requested = [], []

    def noticed():
        said.extend(browser.said())
        requested.extend(browser.requested())
        complained = any("noticed" in message for message in said)
        return complained and (tmp_path / "absent.png").as_uri() in requested

    until(noticed, lambda: f"both to be noticed: {said}, {requested}")


def test_an_open_page_follows_a_change_of_scheme(browser, pages):
    browser.show(pages["run"][0], scheme="light")
    browser.charts()
    for name, scheme in SCHEMES.items():
        browser.set_scheme(name)
        page = rgb(scheme.page)
        until(lambda page=page: browser.style("body", "backgroundColor") == page, f"{name} colours")
        assert browser.style("h1", "color") == rgb(scheme.ink)
        areas = '[data-chart="goodput"] .mark-area path'
        assert browser.style(areas, "fill") in {rgb(colour) for colour in scheme.series}
        labels = '[data-chart="goodput"] .role-axis-label text'
        assert browser.style(labels, "fill") == rgb(scheme.muted)


@pytest.mark.parametrize("kind", KINDS)
def test_a_phone_needs_no_sideways_scrolling(browser, pages, kind):
    browser.show(pages[kind][0], width=PHONE_PIXELS, phone=True)
    assert all(chart["fits"] for chart in browser.charts())
    assert browser.driver.execute_script("return document.documentElement.scrollWidth") <= (
        PHONE_PIXELS
    )
    assert browser.driver.execute_script("return window.innerWidth") == PHONE_PIXELS
    overflowing = """
    return [...document.querySelectorAll(".table")]
        .filter((table) => table.scrollWidth > table.clientWidth)
        .map((table) => table.ariaLabel)
    """
    assert browser.driver.execute_script(overflowing) == [], "tables fold before they scroll"


WIDTHS = [PHONE_PIXELS, 720, 1000]
"""The second is hardly wider than what is laid out as for a phone."""


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("kind", ["run", "bramble", "many hosts"])
def test_drawings_can_be_read_on_a_phone_and_on_a_desk(browser, pages, kind, width):
    browser.show(pages[kind][0], width=width, phone=width == PHONE_PIXELS)
    drawings = browser.texts(".drawing")
    assert len(drawings) == (1 if kind == "run" else 2)
    for drawing in drawings:
        assert (drawing["outside"], drawing["meeting"]) == ([], [])
        assert drawing["lowest"] > 11, "in pixels"
        assert drawing["right"] <= width


def test_stages_are_side_by_side_on_a_desk_and_one_below_the_other_on_a_phone(browser, pages):
    browser.show(pages["run"][0])
    titles = browser.places(".stages .title")
    assert len(titles) == 4
    assert all(left["right"] < right["left"] for left, right in itertools.pairwise(titles))
    browser.show(pages["run"][0], width=PHONE_PIXELS, phone=True)
    stages = browser.places(".stage")
    assert len(stages) == 4
    assert all(above["bottom"] < below["top"] for above, below in itertools.pairwise(stages))


def test_a_phone_has_one_rate_beside_each_node_and_what_a_link_carries_in_all(browser, pages):
    browser.show(pages["run"][0], width=PHONE_PIXELS, phone=True)
    nodes = [node["said"] for node in browser.texts(".nodes li")]
    assert [name for name, _ in nodes] == [
        "client-1", "client-2", "backend-1", "backend-2", "backend-3", "backend-4",
    ]  # fmt: skip
    assert all(rate.endswith("bit/s") for _, rate in nodes)
    assert [len(total["said"]) for total in browser.texts(".total")] == [1, 1, 1]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("kind", ["bramble", "many hosts"])
def test_emulated_hosts_are_drawn_at_their_switch(browser, pages, kind, width):
    browser.show(pages[kind][0], width=width, phone=width == PHONE_PIXELS)
    (hosts,) = browser.texts(".hosts")
    names = {"pi1", "pi2", "pi6"} if kind == "bramble" else {"30 hosts", "pi1 to pi30"}
    assert {"switch", "network", "clients"} | names <= {*hosts["said"]}
    (switch,) = browser.places(".switch")
    serving, others = browser.places(".hosts .right li"), browser.places(".hosts .left li")
    if width == PHONE_PIXELS:
        assert all(switch["bottom"] <= host["top"] for host in (*serving, *others))
    else:
        assert all(switch["right"] <= host["left"] for host in serving)
        assert all(host["right"] <= switch["left"] for host in others)


def test_bytes_come_from_the_host_that_sends_and_go_to_the_one_that_receives(browser, pages):
    browser.show(pages["bramble"][0])
    (switch,) = browser.places(".switch")
    sent = browser.places(".hosts .right .sent .carried")[0]
    received = browser.places(".hosts .right .received .carried")[0]
    (host, *_) = browser.places(".hosts .right .told")
    assert host["left"] - sent["right"] < 10, "in pixels"
    assert received["left"] - switch["right"] < 10


def test_folded_charts_are_as_wide_as_the_page_once_unfolded(browser, pages):
    # the evidence: until() fails if a chart stays narrow
    browser.show(pages["run"][0])
    browser.charts()
    browser.driver.execute_script(
        "document.querySelectorAll('details').forEach((folded) => { folded.open = true; })"
    )
    until(
        lambda: all(chart["width"] > 600 for chart in browser.charts()),
        lambda: f"every chart to be wide: {browser.charts()}",
    )


def test_pointing_at_a_second_tells_its_values(browser, pages):
    browser.show(pages["run"][0])
    browser.charts()
    chart = browser.driver.find_element(By.CSS_SELECTOR, '[data-chart="goodput"] svg')
    aside = itertools.cycle((0, 2))

    def told():
        # again and again: what listens may be there only after the first time
        ActionChains(browser.driver).move_to_element_with_offset(chart, next(aside), 0).perform()
        tips = browser.driver.find_elements(By.CSS_SELECTOR, "#vg-tooltip-element.visible")
        return set(tips[0].text.split()) if tips else None

    assert {"backend-1", "backend-4", "together"} <= until(told, "a tooltip")
    assert browser.said() == []
