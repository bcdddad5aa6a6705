"""A plan's page in a real browser: read on a desk, on a phone and on paper; nothing is fetched."""

from __future__ import annotations

import base64
import re

import pytest

from onionrig.views.report.plan.report import plan_page
from support.records.plans import hosts_asked, many, plan, side_by_side, unpriced, zero
from support.views.browser import PHONE_PIXELS, SCHEMES
from support.views.colours import contrast, rgb

pytestmark = pytest.mark.browser

KINDS = {
    "one": plan,
    "side by side": side_by_side,
    "hosts asked": hosts_asked,
    "unpriced": unpriced,
    "many hosts": many,
    "impossible": lambda: plan(zero()),
}
DESK_PIXELS = 1000
WIDTHS = {"desk": DESK_PIXELS, "phone": PHONE_PIXELS}
PAPER_INCHES = (8.27, 11.69)
OVERFLOWING = """
return [...document.querySelectorAll(".table")]
    .filter((table) => table.scrollWidth > table.clientWidth)
    .map((table) => table.ariaLabel)
"""
"""The tables that are wider than their place, by name."""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    directory = tmp_path_factory.mktemp("plans")
    paths = {kind: directory / f"{kind}.html" for kind in KINDS}
    for kind, path in paths.items():
        path.write_text(plan_page(KINDS[kind]()))
    return paths


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_fetched_or_complained_of(browser, written, kind, scheme):
    browser.show(written[kind], scheme=scheme)
    assert browser.driver.title.startswith("onionrig: What would")
    assert browser.said() == []
    assert [url for url in browser.requested() if not url.startswith("data:")] == [
        written[kind].as_uri()
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_phone_needs_no_sideways_scrolling(browser, written, kind):
    browser.show(written[kind], width=PHONE_PIXELS, phone=True)
    width = "return document.documentElement.scrollWidth"
    assert browser.driver.execute_script(width) <= PHONE_PIXELS
    assert browser.driver.execute_script(OVERFLOWING) == []


@pytest.mark.parametrize("kind", KINDS)
def test_tables_fit_on_a_desk(browser, written, kind):
    browser.show(written[kind], width=DESK_PIXELS)
    assert browser.driver.execute_script(OVERFLOWING) == []


@pytest.mark.parametrize("shape", WIDTHS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("drawing", [".drawing", ".chart svg"])
def test_what_is_drawn_can_be_read(browser, written, kind, shape, drawing):
    browser.show(written[kind], width=WIDTHS[shape], phone=shape == "phone")
    found = browser.texts(drawing)
    if kind != "impossible":
        assert found
    for each in found:
        assert each["said"]
        assert (each["outside"], each["meeting"]) == ([], [])
        assert each["lowest"] > 11, "in pixels"
        assert each["right"] <= WIDTHS[shape]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_stands_out_from_the_page_in_both_schemes(browser, written, scheme):
    browser.show(written["side by side"], scheme=scheme)
    page = browser.style("body", "backgroundColor")
    assert page == rgb(SCHEMES[scheme].page)
    for selector, colour in (
        ("h1", "color"),
        (".about", "color"),
        ("td", "color"),
        (".drawing .told span", "color"),
        (".chart .role-axis-label text", "fill"),
        (".chart .role-mark text", "fill"),
    ):
        assert contrast(browser.style(selector, colour), page) >= 4.5, selector


def test_paper_has_the_wide_drawings_and_unfolded_tables_without_the_contents(browser, written):
    browser.show(written["side by side"], scheme="dark")
    browser.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"media": "print", "features": [{"name": "prefers-color-scheme", "value": "dark"}]},
    )
    # a sheet with wide margins is as narrow as a large phone
    browser.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 640, "height": 960, "deviceScaleFactor": 1, "mobile": False},
    )
    try:
        assert browser.style("body", "backgroundColor") == rgb(SCHEMES["light"].page)
        assert browser.style("nav", "display") == "none"
        assert browser.style(".hosts", "display") == "grid"
        assert browser.style("table.folds tr", "display") == "table-row"
        right = "return Math.max(...[...document.querySelectorAll('td, svg, .drawing *')].map("
        right += "(each) => each.getBoundingClientRect().right))"
        assert browser.driver.execute_script(right) <= 640
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_a_plan_for_one_kind_of_hardware_prints_on_a_few_sheets(browser, written):
    browser.show(written["one"])
    width, height = PAPER_INCHES
    printed = browser.driver.execute_cdp_cmd(
        "Page.printToPDF", {"paperWidth": width, "paperHeight": height}
    )
    pdf = base64.b64decode(printed["data"])
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)) <= 4
