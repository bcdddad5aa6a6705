"""How sentences name and count things."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMED = 6
"""How many things of a kind a sentence names."""


def listing(names: Sequence[str]) -> str:
    """Name things as one would say it."""
    if len(names) > NAMED:
        return f"{', '.join(names[: NAMED - 1])} and {len(names) - NAMED + 1} more"
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def counted(number: int, thing: str) -> str:
    """Count things as one would say it."""
    return f"{number} {thing}{'' if number == 1 else 's'}"
