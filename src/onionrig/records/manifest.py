"""manifest.json: everything needed to know what a run was, and to repeat it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Mode = Literal["anonymous", "single-hop", "without tor"]
HostKind = Literal["this machine", "emulated", "remote"]


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
    """Cores that may be used, rounded up; of older records, all that the machine has."""
    aes_instructions: bool | None
    memory_bytes: int
    architecture: str
    operating_system: str | None
    machine_cores: int | None = None
    """All cores of the machine, where the CPU that may be used is restricted; else null."""
    allowed_cores: float | None = None
    """What may be used of them, to the fraction, where it is restricted; else null."""
    cpu_restriction: str | None = None
    """What restricts it, in words."""

    @property
    def usable_cores(self) -> float:
        """The CPU that may be used, to the fraction."""
        return float(self.cores) if self.allowed_cores is None else self.allowed_cores


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


class HostRecord(HostFacts, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A host of a run: what it is, and what was done to make it what it is.

    Its facts are those of its machine, which an emulated host shares with others.
    """

    kind: HostKind = "this machine"
    """``this machine`` is where the command was given."""
    machine: str | None = None
    """Of an emulated host, the machine that it shares with others; null of a machine."""
    address: str | None = None
    """Where the other hosts of the rig reach it."""
    clock_offset_seconds: float | None = None
    """How far its wall clock was ahead of this machine's; null where it is the same clock."""
    link_bits_per_second: float | None = None
    """The rate of its link, each way: of an emulated host as it was shaped, scaled; of a remote one
    as is known of it. Null where it was not shaped, or is not known."""
    scale: float = 1.0
    """What the rate and the share of the CPU that were asked for were multiplied by."""
    delay_seconds: float = 0.0
    """What an emulated host's link added each way."""
    delayed_by: str | None = None
    """``netem`` or ``delaybox``; null where it had no delay."""
    cpu_cores: float | None = None
    """How much of its machine's CPU an emulated host's services could use, scaled; null where that
    was not limited."""
    board: BoardFacts | None = None
    """What an emulated host stands for; null where nothing was named."""
    tor: str | None = None
    """The version of a real host's tor; null of other hosts, which run the manifest's own."""
    records: str | None = None
    """Where a real host keeps what it records until that has been fetched; null of other hosts."""


class ServiceRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One process of the rig as it was started."""

    name: str
    role: str
    host: str
    argv: tuple[str, ...]
    files: dict[str, str]
    """What it was configured with, by file name: torrcs whole, keys left out."""
    control_socket: str | None = None
    """Where a tor's control socket was on its host; null of anything else."""
    instances: dict[str, str] | None = None
    """The backend instances' onion addresses by name, as the balancer was told of them; null of
    anything else."""


class UntilKnown(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Holds of one network go on until its rate is known, or the budget is spent."""

    within: float
    """Part of the rate by which it may be off, with a chance of 95 %."""
    budget_seconds: float
    first_stage: int
    """Number of holds whose spread says how many there must be in all."""


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
    hosts: tuple[HostRecord, ...]
    """Every host: machines, and the hosts that are emulated on one of them."""
    backends: dict[str, str]
    """Host of each backend instance, by instance."""
    roles: dict[str, str]
    """Role of each service, by service."""
    consensus_parameters: dict[str, int]
    """As the consensus carried them, read from an authority; empty until there is one."""
    services: tuple[ServiceRecord, ...]
    until_known: UntilKnown | None = None
    """Until when holds were repeated; null where their number was fixed."""

    @property
    def machines(self) -> tuple[HostRecord, ...]:
        """The hosts that are machines."""
        return tuple(host for host in self.hosts if host.kind != "emulated")

    @property
    def emulated(self) -> tuple[HostRecord, ...]:
        """The hosts that were emulated."""
        return tuple(host for host in self.hosts if host.kind == "emulated")

    @property
    def apart(self) -> tuple[HostRecord, ...]:
        """The hosts that have links of their own: emulated and remote ones."""
        return tuple(host for host in self.hosts if host.kind != "this machine")

    @property
    def has_real_hosts(self) -> bool:
        """Whether any host is another machine than that where the command was given."""
        return any(host.kind == "remote" for host in self.hosts)

    def control_sockets(self, role: str) -> tuple[str, ...]:
        """Return where the control sockets of the tors of a role were."""
        return tuple(
            service.control_socket
            for service in self.services
            if service.role == role and service.control_socket is not None
        )

    @property
    def instances(self) -> dict[str, str]:
        """The backend instances' onion addresses by name, as the balancer was told of them."""
        return next((each.instances for each in self.services if each.instances is not None), {})
