"""How fast the cores were that a run used, as parts of result.json.

Speeds are relative to the reference core: 1 is as fast, 0.5 takes twice the time for the same work.
"""

from __future__ import annotations

from onionrig.records import Part
from onionrig.records.yardstick.readings import WorkPart


class PartSpeed(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One part of the yardstick's work on one host, in bytes per CPU-second: mean of its cores."""

    part: WorkPart
    before_bytes_per_cpu_second: float | None
    hold_bytes_per_cpu_second: float | None
    after_bytes_per_cpu_second: float | None
    reference_bytes_per_cpu_second: float | None
    """Speed of the reference core, an estimate; null if it has none for this version."""


class HostSpeed(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How fast the cores of one host were; null where there are no readings."""

    host: str
    cores: int
    """Number of cores that were read."""
    readings: int
    """Number of readings in the hold."""
    before: float | None
    """Speed shortly before the load."""
    hold: float | None
    """Speed in the hold: the mean of its cores' speeds, each over all its readings."""
    after: float | None
    """Speed right after the load."""
    middle_half: tuple[float, float] | None
    """First and third quartile of the readings in the hold; null for fewer than four."""
    change: float | None
    """Change of the mean speed from the first half of the hold to the second, relative to the
    first; null for fewer than three readings in either half."""
    significance: float | None
    """The change in standard errors; below 3 it cannot be told from the spread of the readings."""
    parts: tuple[PartSpeed, ...]


class ArithmeticBound(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the cores could serve if they did nothing but the arithmetic that the protocol needs."""

    relays: int
    """Number of relays between the client and the backend instance."""
    cpu_seconds_per_gbit: dict[str, float]
    """CPU-seconds per 1e9 bits of payload, at the speed in the hold: ``sha3``, ``aes``, ``tls`` and
    ``kernel``, over the whole path."""
    role_cpu_seconds_per_gbit: dict[str, float]
    """The same by role: ``backend``, ``client``, ``relay``."""
    bits_per_second: float
    """Payload that all cores of the rig's hosts could carry."""
    reached: float
    """Mean goodput of the hold over that."""


class Yardstick(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How fast the cores were, and the sustained rate as on the reference core."""

    version: int
    libraries: tuple[str, ...]
    """The OpenSSL that did the digest, cipher and records, on the hosts in order."""
    hosts: tuple[HostSpeed, ...]
    speed: float | None
    """Speed in the hold, over all hosts, weighted by the CPU time that the rig used on each; null
    if it is not known for all of them."""
    sustained_on_reference_core_bits_per_second: float | None
    """Sustained rate divided by the speed, if a CPU bound it and others took little of it.
    Otherwise null."""
    not_carried_over: str = ""
    """Explanation if the sustained rate is not carried over to the reference core."""
    arithmetic: ArithmeticBound | None = None
    """Null if the rig has no onion address, or a part has no readings."""
