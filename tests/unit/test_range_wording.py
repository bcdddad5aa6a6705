"""Ranges as they are said: in a unit in which they are short, with the digits that they deserve."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.records.plan import Range
from onionrig.views.plan.ranges import (
    ends_text,
    figure_text,
    likely_text,
    range_figures,
    range_text,
)
from support.records.plans import span


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (span(478.3e6, 521.7e6, 561.8e6), "bit/s", "480–560, likely 520 Mbit/s"),
        (span(96.1e6, 97.8e6, 99.2e6), "bit/s", "96.1–99.2, likely 97.8 Mbit/s"),
        (span(481e6, 980e6, 1.12e9), "bit/s", "480–1120, likely 980 Mbit/s"),
        (span(0.91e9, 1.04e9, 1.23e9), "bit/s", "0.91–1.23, likely 1.04 Gbit/s"),
        (span(500e6), "bit/s", "500 Mbit/s"),
        (span(800), "bit/s", "800 bit/s"),
        (span(63, 66.4, 70, 1 << 20), "B", "63–70, likely 66 MiB"),
        (span(1 << 30), "B", "1 GiB"),
        (span(0.0069, 0.086, 0.195), "s", "7–195, likely 86 ms"),
        (
            span(1.36, 1.41, 1.5),
            "CPU-seconds per Gbit",
            "1.36–1.50, likely 1.41 CPU-seconds per Gbit",
        ),
        (
            span(34.4e6, 36.2e6, 38e6),
            "bytes per second of a core",
            "34.4–38.0, likely 36.2 MB per second of a core",
        ),
        (span(4e9), "bytes per CPU-second", "4 GB per CPU-second"),
        (span(4), "", "4"),
        (span(0.2), "", "0.2"),
        (span(0), "cores", "0 cores"),
        (span(0, 0, 3), "W", "0.0–3.0, likely 0.0 W"),
    ],
)
def test_a_range_is_said_with_its_likely_value_and_its_unit_once(value, unit, text):
    assert range_text(value, unit) == text


def test_what_rounds_to_one_figure_is_said_once():
    near = span(499.99, 500, 500.01)
    assert range_text(near, "W") == likely_text(near, "W") == ends_text(near, "W") == "500 W"


def test_the_parts_can_be_said_alone():
    value = span(478.3e6, 521.7e6, 561.8e6)
    assert likely_text(value, "bit/s") == "520 Mbit/s"
    assert ends_text(value, "bit/s") == "480–560 Mbit/s"


@pytest.mark.parametrize(
    ("value", "text"), [(4.0, "4"), (1234.0, "1234"), (523.87, "524"), (0.9046, "0.905"), (36.2, "36.2")]
)  # fmt: skip
def test_a_figure_without_a_spread_has_three_digits_unless_it_is_a_count(value, text):
    assert figure_text(value) == text


FIGURES = st.floats(min_value=1e-3, max_value=1e12)


@given(st.lists(FIGURES, min_size=3, max_size=3).map(sorted))
def test_rounding_moves_no_end_by_more_than_an_eighth_of_the_range_or_half_a_percent(ends):
    value = Range(lowest=ends[0], likely=ends[1], highest=ends[2])
    said = range_figures(value, "W")
    allowed = max((ends[2] - ends[0]) / 8, 0.005 * ends[1]) * (1 + 1e-9)
    for exact, text in zip(ends, (said.lowest, said.likely, said.highest), strict=True):
        assert abs(float(text) - exact) <= allowed


@given(st.lists(FIGURES, min_size=3, max_size=3).map(sorted))
def test_a_likely_value_never_has_more_than_three_digits(ends):
    value = Range(lowest=ends[0], likely=ends[1], highest=ends[2])
    if ends[0] < ends[2]:
        digits = range_figures(value, "W").likely.replace(".", "").strip("0")
        assert len(digits) <= 3
