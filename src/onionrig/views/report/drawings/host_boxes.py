"""Describe hosts around their switch, emulated or planned, as they are drawn: plain data.

The page lays them out: on both sides of the switch, along it on a phone. Bars show how full links
were.
"""

from __future__ import annotations

from typing import Literal

from onionrig.records import Part

Direction = Literal["sent", "received"]
"""Direction of bytes, as the host sees it."""
BoxSide = Literal["left", "right"]
"""Side of the switch that boxes stand on."""


class Strand(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One direction of one link."""

    share: float | None
    """Share of its rate, 0 to 1; null if it was not shaped, not sampled or not planned."""
    full: bool


class Way(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One direction of the links of a box."""

    direction: Direction
    lines: tuple[str, ...]
    """Lines of text beside the links."""
    strands: tuple[Strand, ...]
    """Strands, one per host."""

    @property
    def full(self) -> bool:
        """True if any of the links was at its limit."""
        return any(strand.full for strand in self.strands)


class HostBox(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A host, or several alike."""

    title: str
    details: tuple[str, ...]
    ways: tuple[Way, ...]


class HostsDrawing(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hosts around the switch that joins them."""

    title: str
    """Description for readers who cannot see it."""
    serving: tuple[HostBox, ...]
    """Hosts that the bytes come from."""
    others: tuple[HostBox, ...]

    @property
    def sides(self) -> tuple[tuple[BoxSide, tuple[HostBox, ...]], ...]:
        """Boxes on each side of the switch, in reading order.

        Hosts that serve are on the right, as bytes come from there; if all or none serve, half of
        them are.
        """
        if self.serving and self.others:
            return ("right", self.serving), ("left", self.others)
        boxes = self.serving or self.others
        half = (len(boxes) + 1) // 2
        return ("left", boxes[:half]), ("right", boxes[half:])
