"""manifest.json: everything needed to know what a run was, and to repeat it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Mode = Literal["anonymous", "single-hop", "without tor"]


class Versions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The programs that ran."""

    onionrig: str
    tor: str | None
    openssl: str | None
    """The OpenSSL that tor says it runs with."""
    onionbalance: str | None
    """Null where none was needed: a baseline runs without tor."""
    python: str
    kernel: str


class HostFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The machine; what could not be read is null."""

    name: str
    cpu_model: str | None
    cores: int
    aes_instructions: bool | None
    memory_bytes: int
    architecture: str
    operating_system: str | None


class BoardFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A board that an emulated host stands for, as the catalogue had it; unknown is null.

    Its link is emulated. The rest is not: the host has the machine's own cores, all of them or the
    share that it is given.
    """

    id: str
    name: str
    cores: int | None
    clock_mhz: float | None
    aes_instructions: bool | None
    aes_mb_per_second: float | None
    """Of one core: AES-256-CBC by OpenSSL."""


class EmulatedHost(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A host that was emulated: a network namespace of the machine, with a link of its own."""

    name: str
    machine: str
    """Whose cores and memory it shares with all the others."""
    address: str
    """In the network that joins them."""
    link_bits_per_second: float | None
    """Each way, scaled; null where it was not shaped."""
    scale: float = 1.0
    """What the rate and the share of the CPU that were asked for were multiplied by."""
    delay_seconds: float
    """What its link added each way."""
    delayed_by: str | None
    """``netem`` or ``delaybox``; null where it had no delay."""
    cpu_cores: float | None = None
    """How much of the machine's CPU its services could use, scaled; null where that was not
    limited."""
    board: BoardFacts | None = None
    """Null where none was named."""


class ServiceRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One process of the rig as it was started."""

    name: str
    role: str
    host: str
    argv: tuple[str, ...]
    files: dict[str, str]
    """What it was configured with, by file name: torrcs whole, keys left out."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was run, on what."""

    schema: int = 1
    run: str
    """The run directory's name."""
    started: str
    """UTC, ISO 8601."""
    command: tuple[str, ...]
    profile: str
    experiment: dict[str, Any]
    """As resolved: every key, `auto` replaced by its number."""
    resolved: dict[str, str]
    """How each `auto` came to its number, by key."""
    address: str | None
    """None while keys have not been made."""
    port: int
    mode: Mode
    balancer: str
    balancer_switches: tuple[str, ...] = ()
    """What the extended balancer did otherwise than the stock one (docs/onionbalance.md)."""
    versions: Versions
    hosts: tuple[HostFacts, ...]
    """Machines; emulated hosts are on one of them."""
    emulated: tuple[EmulatedHost, ...] = ()
    backends: dict[str, str]
    """Host of each backend instance, by instance."""
    roles: dict[str, str]
    """Role of each service, by service."""
    consensus_parameters: dict[str, int]
    """As the consensus carried them, read from an authority; empty until there is one."""
    services: tuple[ServiceRecord, ...]
