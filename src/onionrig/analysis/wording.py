"""How sentences name and count things."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from onionrig.units import rate_text

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMED = 6
"""How many things of a kind a sentence names."""
RUN = 3
"""So many names that are numbered on are named by the first and the last."""

_NUMBERED = re.compile(r"(.*?)(0|[1-9]\d{0,8})", re.DOTALL)


def listing(names: Sequence[str]) -> str:
    """Name things as one would say it."""
    if len(names) > NAMED:
        return f"{', '.join(names[: NAMED - 1])} and {len(names) - NAMED + 1} more"
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def named_runs(names: Sequence[str]) -> str:
    """Name things as ``listing`` does, those that are numbered on as "pi1 to pi6"."""
    runs: list[list[str]] = []
    for name in names:
        if runs and name == _next(runs[-1][-1]):
            runs[-1].append(name)
        else:
            runs.append([name])
    said: list[str] = []
    for run in runs:
        said += [f"{run[0]} to {run[-1]}"] if len(run) >= RUN else run
    return listing(said)


def part_text(part: float, whole: float) -> str:
    """Say a rate of another, their unit once where it is the same."""
    number, _, unit = rate_text(part).partition(" ")
    of = rate_text(whole)
    return f"{number} of {of}" if of.endswith(f" {unit}") else f"{number} {unit} of {of}"


def _next(name: str) -> str | None:
    """Return what a numbered thing's next one is called."""
    found = _NUMBERED.fullmatch(name)
    return f"{found[1]}{int(found[2]) + 1}" if found else None
