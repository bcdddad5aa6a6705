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
const places = (own) => {
  const walk = document.createTreeWalker(own, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let text = walk.nextNode(); text; text = walk.nextNode()) {
    const range = document.createRange();
    range.selectNodeContents(text);
    const place = range.getBoundingClientRect();
    if (text.textContent.trim() && place.width)
      found.push({said: text.textContent.trim(), place});
  }
  return found;
};
const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1
    && a.top < b.bottom - 5 && b.top < a.bottom - 5;
return [...document.querySelectorAll(arguments[0])].map((element) => {
  const own = element.getBoundingClientRect();
  const texts = places(element);
  return {
    said: texts.map((text) => text.said),
    lowest: Math.min(...texts.map((text) => text.place.height)),
    outside: texts.filter((text) => text.place.left < own.left - 0.5
      || text.place.right > own.right + 0.5 || text.place.bottom > own.bottom + 0.5)
      .map((text) => text.said),
    meeting: texts.filter((text) => texts.some((other) => other !== text
      && other.said !== text.said && meet(text.place, other.place))).map((text) => text.said),
    right: own.right,
  };
});
"""
"""Takes a selector. A chart may draw a text twice in one place: that is no meeting."""


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
        """What can be read in each such element, how low it is, and what lies where it should not."""
        return self.driver.execute_script(TEXTS, selector)

    def places(self, selector):
        """Where each such element is."""
        script = """
        return [...document.querySelectorAll(arguments[0])].map((element) => {
          const {left, top, right, bottom} = element.getBoundingClientRect();
          return {left, top, right, bottom};
        });
        """
        return self.driver.execute_script(script, selector)

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
