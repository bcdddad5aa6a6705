"""Name and count things in sentences."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from onionrig.units import rate_text

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMED = 6
"""Most things of a kind that a sentence names."""
RUN = 3
"""Fewest consecutively numbered names that are shortened to the first and the last."""

_NUMBERED = re.compile(r"(.*?)(0|[1-9]\d{0,8})", re.DOTALL)


def listing(names: Sequence[str]) -> str:
    """Return names as a sentence lists them."""
    if len(names) > NAMED:
        return f"{', '.join(names[: NAMED - 1])} and {len(names) - NAMED + 1} more"
    *first_names, last_name = names
    return f"{', '.join(first_names)} and {last_name}" if first_names else last_name


def named_runs(names: Sequence[str]) -> str:
    """Return names as ``listing`` does, consecutively numbered ones as "pi1 to pi6"."""
    groups: list[list[str]] = []
    for name in names:
        if groups and name == _next_name(groups[-1][-1]):
            groups[-1].append(name)
        else:
            groups.append([name])
    texts: list[str] = []
    for group in groups:
        texts += [f"{group[0]} to {group[-1]}"] if len(group) >= RUN else group
    return listing(texts)


def part_text(part: float, whole: float) -> str:
    """Return "96.1 of 100 Mbit/s": a rate and its whole, the unit once if both have the same."""
    number, _, unit = rate_text(part).partition(" ")
    whole_text = rate_text(whole)
    return (
        f"{number} of {whole_text}"
        if whole_text.endswith(f" {unit}")
        else f"{number} {unit} of {whole_text}"
    )


def _next_name(name: str) -> str | None:
    """Return the name with the next number, or None if a name has no number."""
    numbered = _NUMBERED.fullmatch(name)
    return f"{numbered[1]}{int(numbered[2]) + 1}" if numbered else None
