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


def test_the_rig_can_be_read_on_a_phone_and_on_a_desk(browser, pages):
    for width, drawn, hidden in ((PHONE_PIXELS, "narrow", "wide"), (1000, "wide", "narrow")):
        browser.show(pages["run"][0], width=width, phone=width == PHONE_PIXELS)
        assert browser.style(f"svg.rig.{hidden}", "display") == "none"
        heights = browser.driver.execute_script(
            "return [...document.querySelectorAll(arguments[0])]"
            ".map((text) => text.getBoundingClientRect().height)",
            f"svg.rig.{drawn} text",
        )
        assert min(heights) > 11, "in pixels"


@pytest.mark.parametrize("kind", ["bramble", "many hosts"])
@pytest.mark.parametrize("shape", [(PHONE_PIXELS, "narrow", "wide"), (1000, "wide", "narrow")])
def test_emulated_hosts_are_drawn_with_their_names_in_their_boxes(browser, pages, kind, shape):
    width, drawn, hidden = shape
    browser.show(pages[kind][0], width=width, phone=width == PHONE_PIXELS)
    assert browser.style(f"#hosts svg.rig.{hidden}", "display") == "none"
    (found,) = browser.texts(f"#hosts svg.rig.{drawn}")
    names = {"pi1", "pi2", "pi6"} if kind == "bramble" else {"30 hosts", "pi1 to pi30"}
    assert {"switch", "network", "clients"} | names <= {*found["said"]}
    assert (found["outside"], found["meeting"]) == ([], [])
    assert found["lowest"] > 11, "in pixels"
    assert found["right"] <= width


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
