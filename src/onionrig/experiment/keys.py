"""What the keys of an experiment can hold, and the root of its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from onionrig.units import BitsPerSecond

if TYPE_CHECKING:
    from fractions import Fraction

Auto = Literal["auto"]
Count = Annotated[int, Meta(ge=1)]
Switched = bool | Auto
UserPort = Annotated[int, Meta(ge=1024, le=65535)]

SLOWEST_BITS_PER_SECOND, FASTEST_BITS_PER_SECOND = 1e6, 10e9
"""Below, a few frames fill the link's queue; above, no machine carries it."""


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of an experiment file."""


def scaled_link_rate(rate: BitsPerSecond, scale: Fraction) -> BitsPerSecond:
    """Return what a link is given where a rate is asked for."""
    # delays stay as they are: they are distances, and nothing that a busy machine is short of
    return BitsPerSecond(round(rate * scale))


def wrong_link_rate(rate: BitsPerSecond, scale: Fraction, asked: str) -> str | None:
    """Explain why no link can carry a rate, scaled or as it was asked for, or return None."""
    if not SLOWEST_BITS_PER_SECOND <= rate <= FASTEST_BITS_PER_SECOND:
        return f"{asked}: a link carries 1Mbit to 10Gbit"
    scaled = scaled_link_rate(rate, scale)
    if scaled < SLOWEST_BITS_PER_SECOND:
        return (
            f'{asked} with emulation.scale = "{scale}" is {scaled}: a link carries 1Mbit at least'
        )
    return None
