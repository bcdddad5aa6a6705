"""Draw the chart of the dials that each backend instance served."""

from __future__ import annotations

import statistics
from collections import Counter
from typing import TYPE_CHECKING, Any

import altair as alt

from onionrig.records import Part
from onionrig.views.report.colours import INK, series_colour
from onionrig.views.report.figure import Key, ReportFigure, figure

if TYPE_CHECKING:
    from onionrig.records.streams.dials import Dials

UPRIGHT_MOST = 8
"""Most backend instances whose names fit beside one another."""
UNEVEN_TIMES = 1.01
"""Ratio of the highest to the lowest expected count from which chance is uneven."""


def dials_figure(dials: Dials) -> ReportFigure:
    """Draw the dials that each backend instance served, by variant, with each variant's mean.

    If chance alone would not give all of a variant equally many, its expectation is marked as well.
    """
    groups = _groups(dials)
    rows = [_row(group, bar) for group in groups for bar in group.bars]
    marked = [_row(group, bar) for group in groups if group.uneven for bar in group.bars]
    few = len(rows) <= UPRIGHT_MOST
    across = alt.X(
        "key:N",
        title=None,
        scale=alt.Scale(
            domain=[row["key"] for row in rows], paddingInner=0.5 if few else 0.2, paddingOuter=0.2
        ),
        axis=alt.Axis(labelAngle=0 if few else -90, grid=False, ticks=False),
    )
    keys = _keys(groups, chance=bool(marked))
    layers = [
        _bars(rows, groups).encode(x=across),
        alt.Chart(alt.InlineData(values=[_mean(group) for group in groups if group.bars]))
        .mark_rule(color=INK, strokeDash=[5, 4], strokeWidth=1.5)
        .encode(
            x=alt.X("first:N", bandPosition=0), x2=alt.X2("last:N", bandPosition=1), y="mean:Q"
        ),
    ]
    if marked:
        layers.append(
            alt.Chart(alt.InlineData(values=marked))
            .mark_point(shape="diamond", filled=True, size=70, opacity=1, color=INK)
            .encode(x=across, y="expected:Q")
        )
    mean = "each variant's mean" if len(groups) > 1 else "their mean"
    return figure(
        alt.LayerChart(layer=layers),
        name="dials",
        title="Dials by backend instance",
        description="Dials before the load by the backend instance that served them; dashed is "
        f"{mean}" + (", diamonds are what chance alone would give on average." if marked else "."),
        height=240,
        keys=keys,
    )


def _bars(rows: list[dict[str, Any]], groups: list[_VariantBars]) -> alt.Chart:
    bars: alt.Chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar()
        .encode(
            y=alt.Y(
                "dials:Q",
                title="dials served",
                axis=alt.Axis(tickCount=5, domain=False, ticks=False),
            ),
            color=alt.Color(
                "variant:N",
                scale=alt.Scale(
                    domain=[group.name for group in groups],
                    range=[group.colour for group in groups],
                ),
                legend=alt.Legend(title=None) if len(groups) > 1 else None,
            ),
            tooltip=[
                alt.Tooltip("name:N", title="backend"),
                alt.Tooltip("variant:N", title="descriptor"),
                alt.Tooltip("dials:Q", title="dials"),
                alt.Tooltip("expected:Q", title="by chance, on average", format=".1f"),
            ],
        )
    )
    return bars


def _keys(groups: list[_VariantBars], *, chance: bool) -> tuple[Key, ...]:
    keys = [Key(name=group.name, colour=group.colour) for group in groups if len(groups) > 1]
    if chance:
        keys.append(Key(name="by chance, on average", colour=INK, shape="diamond"))
    return tuple(keys)


class _BackendBar(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A backend instance."""

    key: str
    """Key of its place: its name, unless it stands in several variants."""
    name: str
    dials: int
    expected: float | None


class _VariantBars(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A variant."""

    name: str
    colour: str
    bars: tuple[_BackendBar, ...]

    @property
    def uneven(self) -> bool:
        """True if chance alone would give some of them clearly more than others."""
        expected = [bar.expected for bar in self.bars if bar.expected is not None]
        return bool(expected) and max(expected) > UNEVEN_TIMES * min(expected)


def _groups(dials: Dials) -> list[_VariantBars]:
    """Return the variants, or all backends as one if variants are unknown."""
    if not dials.variants:
        bars = tuple(
            _BackendBar(key=name, name=name, dials=count, expected=None)
            for name, count in dials.backends.items()
        )
        return [_VariantBars(name="the address", colour=series_colour(0), bars=bars)]
    times = Counter(backend.name for variant in dials.variants for backend in variant.backends)
    return [
        _VariantBars(
            name=f"variant {variant.variant}",
            colour=series_colour(index),
            bars=tuple(
                _BackendBar(
                    key=backend.name
                    if times[backend.name] == 1
                    else f"{backend.name} in {variant.variant}",
                    name=backend.name,
                    dials=backend.dials,
                    expected=backend.expected_dials,
                )
                for backend in variant.backends
            ),
        )
        for index, variant in enumerate(dials.variants)
    ]


def _row(group: _VariantBars, bar: _BackendBar) -> dict[str, Any]:
    return {
        "key": bar.key,
        "name": bar.name,
        "variant": group.name,
        "dials": bar.dials,
        "expected": bar.expected,
    }


def _mean(group: _VariantBars) -> dict[str, Any]:
    mean = statistics.fmean(bar.dials for bar in group.bars)
    return {"first": group.bars[0].key, "last": group.bars[-1].key, "mean": mean}
