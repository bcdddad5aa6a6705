"""The registry of shapes of load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onionrig.errors import UsageError
from onionrig.experiment.loads import streams

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onionrig.experiment.loads.base import Load, Shape

SHAPES: dict[str, Shape] = {shape.kind: shape for shape in (streams.SHAPE,)}
"""The shapes by their ``load.kind``."""
DEFAULT = streams.SHAPE.kind


def shape_named(kind: object) -> Shape:
    """Return the shape that ``load.kind`` names. Raises UsageError if there is no such shape."""
    if isinstance(kind, str) and kind in SHAPES:
        return SHAPES[kind]
    raise UsageError(f"load.kind = {kind!r}: there are {', '.join(SHAPES)}")


def shape_of(load: Load) -> Shape:
    """Return the shape of a load."""
    return next(shape for shape in SHAPES.values() if shape.table is type(load))


def shape_recorded(experiment: Mapping[str, Any]) -> Shape | None:
    """Return the shape of a recorded experiment's load, or None if this version lacks it."""
    load = experiment.get("load")
    kind = load.get("kind", DEFAULT) if isinstance(load, dict) else DEFAULT
    return SHAPES.get(kind) if isinstance(kind, str) else None
