"""Sweeps and comparisons made by hand, for tests of how they are shown."""

from __future__ import annotations

import msgspec

from onionrig.analysis.several_runs.knee import knees
from onionrig.records.findings import Repetitions
from onionrig.records.series.comparison import ComparedSide, Comparison, Difference, Ratio
from onionrig.records.series.sweep import Axis, SweepPoint, SweepResult
from support.records.results import result

RATES = {"1": {"1": 40, "4": 90, "16": 110, "64": 112}, "2": {"1": 42, "4": 130, "16": 190}}
"""Mbit/s by daemons and streams; one point is missing."""


def sweep(rates=None, *, missing=1, axes=None):
    axes = axes or (
        Axis(key="load.streams", values=("1", "4", "16", "64")),
        Axis(key="backends.daemons", values=("1", "2")),
    )
    points = tuple(
        point(streams, daemons, rate)
        for daemons, along in (RATES if rates is None else rates).items()
        for streams, rate in along.items()
    )
    return SweepResult(
        sweep="a-sweep",
        started="2026-01-01T12:00:00+02:00",
        axes=axes,
        points=points,
        missing=missing,
        knees=knees(axes, points),
    )


def point(streams, daemons, rate):
    doubts = ("not steady",) if rate == 90 else ()
    measured = result(rate, costs={"backend": 1.25, "relay": 3.5}, doubts=doubts)
    held = Repetitions(
        count=3,
        sustained_bits_per_second=(),
        lowest_bits_per_second=None if rate is None else rate * 0.9e6,
        highest_bits_per_second=None if rate is None else rate * 1.2e6,
        spread=0.3,
    )
    return SweepPoint(
        settings={"load.streams": streams, "backends.daemons": daemons},
        run="001",
        result=msgspec.structs.replace(measured, repetitions=held),
    )


def ratio(what, value, low, high, verdict):
    return Ratio(
        what=what,
        unit="CPU-s per Gbit",
        a=None if value is None else 2.0,
        b=None if value is None else 2.0 * value,
        ratio=value,
        lowest=low,
        highest=high,
        verdict=verdict,
    )


def comparison(*ratios, doubts=()):
    return Comparison(
        a=ComparedSide(
            name="A", title="default", runs=("a1", "a2"), sustained_bits_per_second=(300e6, 280e6),
            median_bits_per_second=290e6,
        ),
        b=ComparedSide(
            name="B", title="<b>", runs=("b1", "b2"), sustained_bits_per_second=(400e6, None),
            median_bits_per_second=400e6,
        ),
        alternated=True,
        sentence="B sustains 1.38 times A's rate.",
        ratios=ratios,
        differences=(Difference(kind="version", what="tor", a="0.4.9.11", b="0.4.8.16"),),
        doubts=doubts,
    )  # fmt: skip


HIGHER = ratio("sustained rate", 1.38, 1.3, 1.5, "higher")
SAME = ratio("first byte", 0.97, 0.9, 1.1, "no difference shown")
UNKNOWN = ratio("round trip", None, None, None, "not measured")
