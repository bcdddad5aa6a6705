"""Hosts around their switch, emulated or planned, as they are drawn: plain data."""

from __future__ import annotations

from typing import Literal

from onionrig.records.part import Part

Direction = Literal["sent", "received"]
"""Which way bytes went, as the host sees it."""


class Strand(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One direction of one link."""

    share: float | None
    """Share of its rate, 0 to 1; null where it was not shaped, not sampled or not planned."""
    full: bool


class Way(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One direction of the links of a box."""

    direction: Direction
    lines: tuple[str, ...]
    """What is written beside the links."""
    strands: tuple[Strand, ...]
    """A strand per host."""


class HostBox(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A host, or some that are alike."""

    title: str
    details: tuple[str, ...]
    ways: tuple[Way, ...]


class HostsDrawing(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hosts around the switch that joins them."""

    title: str
    """Its description for readers who do not see it."""
    serving: tuple[HostBox, ...]
    """The hosts that the bytes come from."""
    others: tuple[HostBox, ...]
