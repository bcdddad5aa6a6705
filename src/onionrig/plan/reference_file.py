"""The form of reference.toml: the measurement that is shipped, in the units in which it is read."""

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


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


class MachineTable(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The machine that was measured, and what one of its cores does."""

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


class SharesTable(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of a backend instance's CPU time, over loopback."""

    command: str
    sha3: Spread
    aes: Spread
    kernel: Spread
    rest: Spread


class ModeTable(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a Gbit took, anonymous or single-hop."""

    command: str
    balancer: str
    cpu_seconds_per_gbit: dict[str, Spread]
    """By role."""
    cpu_shares: SharesTable
    rss_mib: dict[str, Spread]
    """Of the largest process, by role."""
    steadiness: Spread
    """Sustained rate over the mean of the hold."""
    sampler_cores: Spread
    """Of the one that watches a host: it takes as much whatever goodput is."""
    stream_mbit: Spread
    """What one stream alone carried."""
    round_trip_seconds: Spread


class LinkTable(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What came through links that were full, and what it costs to send over links at all."""

    command: str
    payload_share: Spread
    """Mean goodput over the rate of the links, which count frames."""
    steadiness: Spread
    wire_cost: Spread
    """A backend instance's CPU time over links of emulated hosts, over that over loopback."""


class ReferenceFile(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """reference.toml."""

    dated: Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\d$")]
    machine: MachineTable
    links: LinkTable
    anonymous: ModeTable
    single_hop: ModeTable


def reference_file(text: str) -> ReferenceFile:
    """Decode it. Raises UsageError with what is wrong, and where."""
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


def range_of(spread: Spread, *, what: str) -> Range:
    """Return a figure as a range. Raises UsageError for ends that are the wrong way about."""
    if not isinstance(spread, tuple):
        return exactly(spread)
    lowest, likely, highest = spread
    if not lowest <= likely <= highest:
        raise UsageError(f"reference.toml: {what}: lowest, likely and highest, in this order")
    return Range(lowest=lowest, likely=likely, highest=highest)
