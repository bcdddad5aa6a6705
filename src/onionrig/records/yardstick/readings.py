"""Readings of the yardstick: how fast a core does a fixed piece of work that resembles tor's.

The work is described in ``onionrig.movers.yardstick.work``. A reading is of one core, pinned, and
counts CPU time alone, so that a core which is also busy with something else is not at fault; what
the other work costs in shared caches and clock rates does show.
"""

from __future__ import annotations

from typing import Literal

from onionrig.records import Part
from onionrig.records.samples import Sample

YARDSTICK_VERSION = 1
"""Version of the work. Readings of different versions cannot be compared."""

Moment = Literal["before", "hold", "after"]
"""Moment of a reading: before the load, at low duty while it is on, or after it."""
WorkPart = Literal["digest", "cipher", "records", "loopback", "bulk"]
"""A part of the work: SHA3-256 over relay cells; AES-256-CTR over relay cells; AES-256-GCM over TLS
records, sealed and opened; TCP over loopback in small pieces, sent and received; the same in pieces
of the size of a TLS record."""
WORK_PARTS: tuple[WorkPart, ...] = ("digest", "cipher", "records", "loopback", "bulk")


class Timing(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One part of the work, as often as it was done."""

    bytes: int
    cpu_seconds: float


class YardstickSample(Sample, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One reading of one core."""

    version: int
    moment: Moment
    core: int
    """Number of the core, as the kernel counts."""
    library: str
    """OpenSSL that did the digest, the cipher and the records; it need not be tor's."""
    timings: dict[WorkPart, Timing]
