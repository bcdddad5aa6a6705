"""A real browser, what it has to say, and what it was asked for by a page."""

from __future__ import annotations

import json

from onionrig.views.report.colours import DARK, LIGHT
from support.waiting import until

SCHEMES = {"light": LIGHT, "dark": DARK}
PHONE_PIXELS = 390
DRAWN = """
return [...document.querySelectorAll("[data-chart]")].map((place) => ({
  name: place.dataset.chart,
  marks: place.querySelectorAll("svg .role-mark > *").length,
  folded: place.closest("details:not([open])") !== null,
  fits: [...place.querySelectorAll("svg")].every(
    (svg) => svg.getBoundingClientRect().width <= place.getBoundingClientRect().width + 1),
  width: Math.max(0, ...[...place.querySelectorAll("svg")].map(
    (svg) => svg.getBoundingClientRect().width)),
}));
"""
TEXTS = """
const shown = [...document.querySelectorAll(arguments[0])].filter(
  (svg) => svg.getBoundingClientRect().width > 0);
return shown.map((svg) => {
  const own = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll("text")].filter((text) => text.textContent.trim());
  const places = texts.map((text) => text.getBoundingClientRect());
  const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1
      && a.top < b.bottom - 5 && b.top < a.bottom - 5;
  return {
    said: texts.map((text) => text.textContent),
    lowest: Math.min(...places.map((place) => place.height)),
    outside: texts.filter((_, at) => places[at].left < own.left - 0.5
      || places[at].right > own.right + 0.5).map((text) => text.textContent),
    meeting: texts.filter((text, at) => places.some((other, to) => to !== at
      && texts[to].textContent !== text.textContent
      && meet(places[at], other))).map((text) => text.textContent),
    right: own.right,
  };
});
"""
"""Takes a selector of drawings. A chart may draw a text twice in one place: that is no meeting."""


class Browser:
    """Chromium, and what it has to say."""

    def __init__(self, driver):
        self.driver = driver

    def show(self, path, *, scheme="light", width=1000, phone=False):
        self.said(), self.requested()  # what came before is of another page
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": phone},
        )
        self.set_scheme(scheme)
        self.driver.get(path.as_uri())

    def set_scheme(self, scheme):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    def charts(self):
        """Every chart, once all that are not folded away are drawn."""
        until(
            lambda: all(chart["marks"] for chart in self.driver.execute_script(DRAWN)),
            "every chart to be drawn",
        )
        return self.driver.execute_script(DRAWN)

    def texts(self, selector):
        """What is written in each drawing that is shown, what lies outside it, and what meets."""
        return self.driver.execute_script(TEXTS, selector)

    def said(self):
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requested(self):
        messages = [json.loads(entry["message"]) for entry in self.driver.get_log("performance")]
        return [
            message["message"]["params"]["request"]["url"]
            for message in messages
            if message["message"]["method"] == "Network.requestWillBeSent"
        ]

    def style(self, selector, name):
        script = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]"
        return self.driver.execute_script(script, selector, name)
