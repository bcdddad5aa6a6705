"""The values that keys of an experiment can have, and the base class of its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from onionrig.units import BitsPerSecond, Seconds, rough_duration_text

if TYPE_CHECKING:
    from fractions import Fraction

Auto = Literal["auto"]
Count = Annotated[int, Meta(ge=1)]
Switched = bool | Auto
UserPort = Annotated[int, Meta(ge=1024, le=65535)]

SLOWEST_BITS_PER_SECOND, FASTEST_BITS_PER_SECOND = 1e6, 10e9
"""Bounds of a link's rate. With less, a few frames fill the link's queue; no machine carries
more."""


MOST_TORS = 1000
"""Most tor daemons of one role."""
TOR_MIB = {"idle": 15, "busy": 100}
"""Memory of a tor daemon that is idle, and of one that carries all bytes of a load (rig.needs)."""
MOST_STREAMS = 10_000
STREAM_KB = 249
"""Most payload that a stream can have in flight (experiment.loads.streams)."""
MOST_DIALS_A_BACKEND = 10_000
MOST_REPETITIONS = 1000
LONGEST_LOAD = Seconds(30 * 24 * 3600)
"""Longest hold or ramp; every second is a line in each file of samples."""
MOST_IN_A_CONSENSUS = 2**31 - 1
"""Largest value of a consensus parameter (torspec: dir-spec, "params" line)."""


_DIGITS = 24
_COUNTED: int = 10**_DIGITS


class ExperimentTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of an experiment file."""


def scaled_link_rate(rate: BitsPerSecond, scale: Fraction) -> BitsPerSecond:
    """Return the rate that a link is given if this rate is asked for."""
    # delays are not scaled: they are distances, which a busy machine does not run short of
    return BitsPerSecond(round(rate * scale))


def wrong_link_rate(rate: BitsPerSecond, scale: Fraction, prefix: str) -> str | None:
    """Explain why no link can carry a rate, scaled or as asked for, or return None."""
    if not SLOWEST_BITS_PER_SECOND <= rate <= FASTEST_BITS_PER_SECOND:
        return f"{prefix}: a link carries 1Mbit to 10Gbit"
    scaled = scaled_link_rate(rate, scale)
    if scaled < SLOWEST_BITS_PER_SECOND:
        return (
            f'{prefix} with emulation.scale = "{scale}" is {scaled}: a link carries 1Mbit at least'
        )
    return None


def too_many(key: str, count: int, most: int, takes: str) -> str | None:
    """Explain why a count exceeds its upper bound and what it would take, or return None."""
    if count <= most:
        return None
    digits = str(count)[:_DIGITS] + ("…" if count >= _COUNTED else "")
    return f"{key} = {digits}: {takes}; at most {most}"


def counted_at_most(count: int) -> int:
    """Return the count, limited so that floats can be computed from it."""
    return min(count, _COUNTED)


def too_many_tors(key: str, count: int) -> str | None:
    """Explain why a role cannot have this many tor daemons, or return None."""
    tors = counted_at_most(count)
    idle, busy = (f"{mebibytes * tors // 1024:,}" for mebibytes in TOR_MIB.values())
    takes = f"each is a tor daemon, and together they take {idle} to {busy} GiB of memory"
    return too_many(key, count, MOST_TORS, takes)


def too_many_repetitions(repeat: int, hold: Seconds) -> str | None:
    """Explain why ``--repeat`` asks for too much, or return None."""
    seconds = counted_at_most(repeat) * float(hold)
    takes = f"so many holds of {hold} take {rough_duration_text(seconds)}"
    return too_many("--repeat", repeat, MOST_REPETITIONS, takes)
