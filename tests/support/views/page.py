"""A report's page taken apart again: what stands in it, in which element."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from onionrig.analysis.over_time.series import series
from onionrig.views.report.run.report import run_report

NUMBERS = {"--links", "--node", "--strands"}
"""Variables of drawings that are none of the colours."""
VOID = {"meta", "link", "br", "input", "img"}


class Page(HTMLParser):
    """The text of a page by element, and everything in it that could fetch something."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.text, self.fetched, self.attributes = [], [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.fetched += [value for name, value in attrs if name in {"src", "href", "data"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append((self.open[-1] if self.open else "", data))

    def of(self, tag):
        return [" ".join(text.split()) for where, text in self.text if where == tag]

    @property
    def words(self):
        return " ".join(
            " ".join(text for where, text in self.text if where not in {"script", "style"}).split()
        )


def colours_of(html):
    """The variables of a page that are colours."""
    return set(re.findall(r"var\((--[a-z0-9-]+)\)", html)) - NUMBERS


def reported(result, made, **more):
    """The page of a run's report."""
    return Page(run_report(result, made, series(made), **more).html)


def figure_of(report, name):
    """The chart of a report by its name."""
    (found,) = [figure for figure in report.figures if figure.name == name]
    return found
