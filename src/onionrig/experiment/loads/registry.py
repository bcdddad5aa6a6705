"""Which shapes of a load there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onionrig.errors import UsageError
from onionrig.experiment.loads import streams

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onionrig.experiment.loads.base import Load, Shape

SHAPES: dict[str, Shape] = {shape.kind: shape for shape in (streams.SHAPE,)}
"""By ``load.kind``."""
DEFAULT = streams.SHAPE.kind


def shape_named(kind: object) -> Shape:
    """Return the shape that ``load.kind`` names. Raises UsageError for one that there is not."""
    if isinstance(kind, str) and kind in SHAPES:
        return SHAPES[kind]
    raise UsageError(f"load.kind = {kind!r}: there are {', '.join(SHAPES)}")


def shape_of(load: Load) -> Shape:
    """Return the shape of a load."""
    return next(shape for shape in SHAPES.values() if shape.table is type(load))


def shape_recorded(experiment: Mapping[str, Any]) -> Shape | None:
    """Return the shape of a recorded experiment's load; None for one of another version."""
    load = experiment.get("load")
    kind = load.get("kind", DEFAULT) if isinstance(load, dict) else DEFAULT
    return SHAPES.get(kind) if isinstance(kind, str) else None
