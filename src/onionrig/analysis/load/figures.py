"""What a load came to by its shape, where goodput is not, or not all, that it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.experiment.loads.registry import shape_recorded

if TYPE_CHECKING:
    from onionrig.analysis.load.loads import Load
    from onionrig.records.manifest import Manifest
    from onionrig.records.result import Figure


def figures(load: Load) -> tuple[Figure, ...]:
    """Return the figures that the load's shape has of its own."""
    shape = shape_recorded(load.manifest.experiment)
    return () if shape is None else shape.figures(load.recording, load.hold.seconds)


def counts_goodput(manifest: Manifest) -> bool:
    """Return whether a load of this shape is about goodput; one of another version may be."""
    shape = shape_recorded(manifest.experiment)
    return shape is None or shape.counts_goodput
