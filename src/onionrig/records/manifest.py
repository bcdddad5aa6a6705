"""manifest.json: everything needed to know what a run was, and to repeat it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Mode = Literal["anonymous", "single-hop", "without tor"]
HostKind = Literal["this machine", "emulated", "remote"]


class Versions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Versions of the programs that ran."""

    onionrig: str
    tor: str | None
    openssl: str | None
    """Version of OpenSSL that tor reports to run with."""
    onionbalance: str | None
    """Version of Onionbalance; null if not needed, as in a baseline, which runs without tor."""
    python: str
    kernel: str
    tor_build: str | None = None
    """First 12 hexadecimal digits of the SHA-256 digest of tor's program file, by which two builds
    of one version differ; null if it could not be read, and in older records."""


class HostFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Facts about a machine; null if they could not be read."""

    name: str
    cpu_model: str | None
    cores: int
    """Usable cores, rounded up; in older records, all cores of the machine."""
    aes_instructions: bool | None
    memory_bytes: int
    architecture: str
    operating_system: str | None
    machine_cores: int | None = None
    """All cores of the machine if the usable CPU is restricted, otherwise null."""
    allowed_cores: float | None = None
    """Usable CPU in cores, to the fraction, if it is restricted, otherwise null."""
    cpu_restriction: str | None = None
    """The restriction in words."""

    @property
    def usable_cores(self) -> float:
        """Usable CPU in cores, to the fraction."""
        return float(self.cores) if self.allowed_cores is None else self.allowed_cores


class BoardFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A board that an emulated host stands for, from the catalogue; null if unknown.

    Only its link is emulated: the host uses the machine's own cores, all of them or the share that
    it is given.
    """

    id: str
    name: str
    cores: int | None
    clock_mhz: float | None
    aes_instructions: bool | None
    aes_mb_per_second: float | None
    """Speed of one core: AES-256-CBC by OpenSSL."""


class HostRecord(HostFacts, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A host of a run: what it is, and what was done to set it up.

    Its facts are those of its machine, which an emulated host shares with others.
    """

    kind: HostKind = "this machine"
    """Kind of host; ``this machine`` is where the command was given."""
    machine: str | None = None
    """Machine that an emulated host shares with others; null for a machine."""
    address: str | None = None
    """Address at which the other hosts of the rig reach it."""
    clock_offset_seconds: float | None = None
    """Offset of its wall clock: positive if it was ahead of this machine's; null if it is the same
    clock."""
    link_bits_per_second: float | None = None
    """Rate of its link, each way: as shaped (and scaled) for an emulated host, as known for a
    remote one. Null if it was not shaped or is unknown."""
    scale: float = 1.0
    """Factor by which the requested rate and CPU share were multiplied."""
    delay_seconds: float = 0.0
    """Delay that an emulated host's link added each way."""
    delayed_by: str | None = None
    """``netem`` or ``delaybox``; null if it had no delay."""
    cpu_cores: float | None = None
    """Cores of its machine that an emulated host's services could use, scaled; null if
    unlimited."""
    board: BoardFacts | None = None
    """Board that an emulated host stands for; null if none was named."""
    tor: str | None = None
    """Version of tor on a real host; null for other hosts, which run the manifest's own."""
    records: str | None = None
    """Directory in which a real host keeps its records until they are fetched; null for other
    hosts."""


class ServiceRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One process of the rig as it was started."""

    name: str
    role: str
    host: str
    argv: tuple[str, ...]
    files: dict[str, str]
    """Configuration files by name: whole torrcs, no keys."""
    control_socket: str | None = None
    """Path of a tor's control socket on its host; null for other services."""
    instances: dict[str, str] | None = None
    """Onion addresses of the backend instances by name, as given to the balancer; null for other
    services."""


class UntilKnown(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Holds of one network are repeated until its rate is known, or the budget is spent."""

    within: float
    """Requested precision: largest relative error of the rate, at 95 % confidence."""
    budget_seconds: float
    first_stage: int
    """Number of holds after which their spread determines how many are needed in all."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was run, and on what."""

    schema: int = 1
    run: str
    """Name of the run directory."""
    started: str
    """Start time, UTC, ISO 8601."""
    command: tuple[str, ...]
    profile: str
    experiment: dict[str, Any]
    """The experiment as resolved: every key, with each `auto` replaced by its number."""
    resolved: dict[str, str]
    """Derivation of the number for each `auto`, by key."""
    address: str | None
    """Onion address; null until keys have been made."""
    port: int
    mode: Mode
    balancer: str
    balancer_switches: tuple[str, ...] = ()
    """Switches in which the extended balancer differed from the stock one
    (docs/onionbalance.md)."""
    versions: Versions
    hosts: tuple[HostRecord, ...]
    """All hosts: machines, and the hosts that are emulated on one of them."""
    backends: dict[str, str]
    """Host of each backend instance, by instance."""
    roles: dict[str, str]
    """Role of each service, by service."""
    consensus_parameters: dict[str, int]
    """Parameters of the consensus, read from an authority; empty until there is one."""
    services: tuple[ServiceRecord, ...]
    until_known: UntilKnown | None = None
    """Condition for ending the repetition of holds; null if their number was fixed."""

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
        """Whether any host is a machine other than the one where the command was given."""
        return any(host.kind == "remote" for host in self.hosts)

    def control_sockets(self, role: str) -> tuple[str, ...]:
        """Return the control sockets of the tors of a role."""
        return tuple(
            service.control_socket
            for service in self.services
            if service.role == role and service.control_socket is not None
        )

    @property
    def instances(self) -> dict[str, str]:
        """Onion addresses of the backend instances by name, as given to the balancer."""
        return next(
            (service.instances for service in self.services if service.instances is not None), {}
        )
