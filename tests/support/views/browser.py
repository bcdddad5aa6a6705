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


def rgb(colour):
    return f"rgb({', '.join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))})"
