"""Compute figures of a load by its shape, beside or instead of goodput."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.experiment.loads.registry import shape_recorded

if TYPE_CHECKING:
    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.records.manifest import Manifest
    from onionrig.records.result import LoadFigure


def figures(load: MeasuredLoad) -> tuple[LoadFigure, ...]:
    """Return the figures that are particular to the load's shape."""
    shape = shape_recorded(load.manifest.experiment)
    return () if shape is None else shape.figures(load.recording, load.hold.seconds)


def counts_goodput(manifest: Manifest) -> bool:
    """Return True if a load of this shape is about goodput, or is of an unknown shape."""
    shape = shape_recorded(manifest.experiment)
    return shape is None or shape.counts_goodput
