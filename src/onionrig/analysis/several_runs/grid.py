"""The points of a sweep: the axes, every combination of their values, and which share a rig."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from onionrig.errors import UsageError
from onionrig.experiment.decode import layer_from_setting
from onionrig.records.series.sweep import Axis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.experiment.decode import Layer

OF_THE_LOAD = frozenset({"load.streams", "load.reach", "load.ramp", "load.hold"})
"""Settings that a running rig can adopt with its next load; any other needs a rig of its own."""

MOST_POINTS = 10_000

Settings = dict[str, str]

_OPENING, _CLOSING, _QUOTES = "[{", "]}", "\"'"


def axis_from(text: str) -> Axis:
    """Return the axis that ``table.key=value,value,…`` describes (``--over``).

    Each value is TOML, or plain text. Raises UsageError if there is no value, a value is repeated
    or the key has no table.
    """
    key, _, values = text.partition("=")
    all_values = [value.strip() for value in _split(values)]
    names = key.strip().split(".")
    if len(names) == 1 or not all(names) or not all(all_values):
        raise UsageError(
            f'--over {text}: write table.key=value,value,…, as in "load.streams=1,4,16"'
        )
    for value in all_values:
        layer_from_setting(f"{key.strip()}={value}", option="--over")
    repeated_values = sorted({value for value in all_values if all_values.count(value) > 1})
    if repeated_values:
        raise UsageError(f"--over {text}: {', '.join(repeated_values)} stands there twice")
    return Axis(key=key.strip(), values=tuple(all_values))


def combinations(axes: Sequence[Axis]) -> list[Settings]:
    """Return every combination of the axes' values, the last axis varying fastest.

    Raises UsageError if a key is varied twice or there are too many combinations to measure.
    """
    keys = [axis.key for axis in axes]
    for key in keys:
        if keys.count(key) > 1:
            raise UsageError(f"--over {key} is given twice: put its values into one")
    points = math.prod(len(axis.values) for axis in axes)
    if points > MOST_POINTS:
        raise UsageError(
            f"--over {', --over '.join(keys)}: {points} combinations, and each takes a hold; at "
            f"most {MOST_POINTS}"
        )
    return [
        dict(zip(keys, values, strict=True))
        for values in itertools.product(*(axis.values for axis in axes))
    ]


def sharing_a_rig(points: Sequence[Settings]) -> list[list[Settings]]:
    """Group points that differ only in the load: one rig is kept up for each group."""
    groups: dict[tuple[tuple[str, str], ...], list[Settings]] = {}
    for point in points:
        rig_settings = tuple(item for item in point.items() if item[0] not in OF_THE_LOAD)
        groups.setdefault(rig_settings, []).append(point)
    return list(groups.values())


def layers_of_point(point: Settings) -> list[Layer]:
    """Return a point's settings as layers."""
    return [layer_from_setting(f"{key}={value}") for key, value in point.items()]


def _split(text: str) -> list[str]:
    """Split text at commas that are not within brackets or quotes."""
    parts, depth, quote = [""], 0, ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in _QUOTES:
            quote = character
        elif character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
        if character == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += character
    return parts
