"""The format of reference.toml: the shipped measurement, in the units in which people read it."""

from __future__ import annotations

import tomllib
from typing import Annotated

import msgspec
from msgspec import Meta

from onionrig.errors import UsageError
from onionrig.plan.ranges import exactly
from onionrig.records.plan import Range

Positive = Annotated[float, Meta(gt=0)]
Spread = Positive | Annotated[tuple[Positive, ...], Meta(min_length=3, max_length=3)]
"""A figure: one number, or lowest, likely and highest."""


class ReferenceTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


class MachineTable(ReferenceTable, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The machine that was measured, and the speeds of one of its cores."""

    cpu_model: str
    cores: Annotated[int, Meta(ge=1)]
    aes_instructions: bool
    command: str
    clock_mhz: Spread
    seven_zip_mips: Spread
    sha3_256_509_bytes_per_second: Spread
    aes_256_ctr_509_bytes_per_second: Spread
    aes_256_gcm_16k_bytes_per_second: Spread
    aes_256_cbc_16k_bytes_per_second: Spread
    loopback_bytes_per_cpu_second: Spread


class SharesTable(ReferenceTable, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Shares of a backend instance's CPU time, over loopback."""

    command: str
    sha3: Spread
    aes: Spread
    kernel: Spread
    rest: Spread


class ModeTable(ReferenceTable, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a Gbit took, anonymous or single-hop."""

    command: str
    balancer: str
    cpu_seconds_per_gbit: dict[str, Spread]
    """CPU-seconds per Gbit, by role."""
    cpu_shares: SharesTable
    rss_mib: dict[str, Spread]
    """Memory of the largest process, by role."""
    steadiness: Spread
    """Ratio of sustained rate to the hold's mean."""
    sampler_cores: Spread
    """Cores that the sampler of a host takes, whatever the goodput."""
    stream_mbit: Spread
    """Rate of a stream that was alone."""
    round_trip_seconds: Spread


class LinkTable(ReferenceTable, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What full links carried, and what it costs to send over links at all."""

    command: str
    payload_share: Spread
    """Ratio of mean goodput to the rate of the links, which counts frames."""
    steadiness: Spread
    wire_cost: Spread
    """Ratio of a backend instance's CPU time over links of emulated hosts to that over loopback."""


class ReferenceFile(ReferenceTable, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The contents of reference.toml."""

    dated: Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\d$")]
    machine: MachineTable
    links: LinkTable
    anonymous: ModeTable
    single_hop: ModeTable


def reference_file(text: str) -> ReferenceFile:
    """Return the decoded file. Raises UsageError that says what is wrong, and where."""
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"reference.toml is not TOML: {error}") from error
    if "dated" in read:
        read["dated"] = str(read["dated"])
    try:
        return msgspec.convert(read, ReferenceFile)
    except msgspec.ValidationError as error:
        raise UsageError(f"reference.toml: {error}") from error


def range_of(spread: Spread, *, name: str) -> Range:
    """Return a figure as a range. Raises UsageError if its ends are in the wrong order."""
    if not isinstance(spread, tuple):
        return exactly(spread)
    lowest, likely, highest = spread
    if not lowest <= likely <= highest:
        raise UsageError(f"reference.toml: {name}: lowest, likely and highest, in this order")
    return Range(lowest=lowest, likely=likely, highest=highest)
