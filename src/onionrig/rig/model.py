"""A rig: all hosts and services of an experiment, with all files rendered. Plain data."""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from onionrig.experiment.frontend import Switch
from onionrig.experiment.names import is_one
from onionrig.records import Part
from onionrig.records.manifest import HostKind, Mode
from onionrig.rig.orders import AnyOrders, PingerOrders, SocksEndpoint

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


class Role(StrEnum):
    """Purpose of a service; costs are counted by role."""

    AUTHORITY = "authority"
    RELAY = "relay"
    BACKEND = "backend"
    BALANCER_TOR = "balancer-tor"
    BALANCER = "balancer"
    CLIENT = "client"
    SOURCE = "source"
    SINK = "sink"
    SAMPLER = "sampler"
    PINGER = "pinger"
    DIALLER = "dialler"
    YARDSTICK = "yardstick"


OURS = frozenset({Role.SOURCE, Role.SINK, Role.SAMPLER, Role.PINGER, Role.DIALLER, Role.YARDSTICK})
"""Roles of our own programs, whose exit codes are those of ``onionrig.errors``."""


NEEDED_TO_SERVE = (
    Role.SOURCE,
    Role.BACKEND,
    Role.BALANCER,
    Role.BALANCER_TOR,
    Role.CLIENT,
    Role.SINK,
    Role.RELAY,
    Role.AUTHORITY,
)
"""Roles without which nothing is served, or not for long: a rig that has one of them must keep a
host that has it."""


class File(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that a service is configured with; mode 0600, like every file of a run."""

    path: PurePosixPath
    text: str


class KeyFile(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key file that is copied into place on its host; never displayed or recorded."""

    path: PurePosixPath
    made_at: PurePosixPath
    """Path at which the engine created it, on the same host."""


KNOWS_THE_NETWORK = 75
"""Bootstrap percentage at which a tor has enough directory information to build circuits and, as a
cache, to serve it to others (tor: src/feature/control/control_bootstrap.c)."""
BOOTSTRAPPED = 100


class Bootstrapped(Part, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """A tor is ready when its log reports this percentage of its bootstrap."""

    percent: int
    answers_from_percent: int = BOOTSTRAPPED
    """Percentage from which it answers the requests of services that depend on it."""


class Listening(Part, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """A process is ready when it accepts connections at all of these addresses."""

    socket_paths: tuple[PurePosixPath, ...] = ()
    """Paths of unix sockets."""
    tcp: tuple[tuple[str, int], ...] = ()


class Started(Part, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """A process is ready once it has started; later evidence shows that it works."""


Readiness = Bootstrapped | Listening | Started


class Service(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One process on one host."""

    name: str
    role: Role
    host: str
    argv: tuple[str, ...]
    directory: PurePosixPath
    """The service's own directory, mode 0700; like the others, it is created before the start."""
    other_directories: tuple[PurePosixPath, ...] = ()
    """Further directories that it needs: a tor's data directory, or one for a sink's attempts."""
    files: tuple[File, ...] = ()
    orders: AnyOrders | None = None
    """Orders for one of our own programs, which reads them as JSON from ``orders_path``."""
    orders_path: PurePosixPath | None = None
    keys: tuple[KeyFile, ...] = ()
    ready: Readiness = Started()
    depends: tuple[str, ...] = ()
    """Services that must be ready before it serves, if they are to be started as well."""
    ends_without: tuple[str, ...] = ()
    """The subset of these that must answer before it starts, because it exits if they do not."""
    needs_network: bool = False
    """True if a consensus that lists every relay is needed before it starts."""
    control_path: PurePosixPath | None = None
    """Path of a tor's control socket; None for other services."""
    log_path: PurePosixPath
    """File that receives its output."""

    @property
    def rendered_files(self) -> tuple[File, ...]:
        """All files that it is configured with, including its orders."""
        if self.orders is None or self.orders_path is None:
            return self.files
        return (*self.files, File(path=self.orders_path, text=json_text(self.orders)))


class Host(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A machine that services run on, or an emulation of one."""

    name: str
    kind: HostKind = "this machine"
    address: str
    """Address at which other hosts of the rig reach it."""
    link_bits_per_second: float | None = None
    """Rate of an emulated host's link, each way; None if it is unshaped."""
    most_bits_per_second: float | None = None
    """Highest rate that the link gets in the run, for which a delay line must have room."""
    delay_seconds: float = 0.0
    """Delay that an emulated host's link adds, each way."""
    cpu_cores: float | None = None
    """Cores of its machine that an emulated host's services may use; None if unlimited."""


class Rig(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that must run for an experiment."""

    hosts: tuple[Host, ...]
    services: tuple[Service, ...]
    address: str
    """The one onion address, or the address of a baseline."""
    port: int
    mode: Mode
    expected_points: int
    """Minimum number of introduction points in each descriptor of the frontend when all instances
    are in one."""
    instances: dict[str, str] = msgspec.field(default_factory=dict)
    """Onion address of each backend instance."""
    variants: int = 1
    """Number of distinct descriptors of the frontend."""
    balancer_switches: tuple[Switch, ...] = ()

    def with_role(self, *roles: Role) -> tuple[Service, ...]:
        """Return the services of these roles, in the rig's order."""
        return tuple(service for service in self.services if service.role in roles)

    def own(self, name: str) -> tuple[Service, ...]:
        """Return the rig's own processes of a name: one on each host that needs it, or none."""
        return tuple(service for service in self.services if is_one(name, service.name))

    def one(self, role: Role) -> Service:
        """Return the only service of a role."""
        (service,) = self.with_role(role)
        return service

    def ways(self) -> tuple[tuple[str, SocksEndpoint], ...]:
        """Return the SOCKS port of every client tor, with the host on which it can be reached."""
        return tuple(
            (service.host, client)
            for service in self.services
            if isinstance(service.orders, PingerOrders)
            for client in service.orders.clients
        )

    def named(self, name: str) -> Service:
        """Return the service with a name. Raises KeyError if there is none."""
        return self._by_name[name]

    def on_the_network(self) -> tuple[Service, ...]:
        """Return the services that need a network, in the rig's order."""
        return tuple(service for service in self.services if service.needs_network)

    def role_missing_without(self, hosts: Collection[str]) -> Role | None:
        """Return a role that is needed to serve and that only these hosts have, or None.

        None means that the rig can do without these hosts.
        """
        for role in NEEDED_TO_SERVE:
            places = {service.host for service in self.with_role(role)}
            if places and places <= set(hosts):
                return role
        return None

    def socket_paths(self) -> tuple[PurePosixPath, ...]:
        """Return the unix sockets at which services and tors' control ports are reached."""
        listening = (
            path
            for service in self.services
            if isinstance(service.ready, Listening)
            for path in service.ready.socket_paths
        )
        controls = (service.control_path for service in self.services if service.control_path)
        return (*listening, *controls)

    def with_rendered_files(self) -> Rig:
        """Return the rig for display, with every file that its services would read."""
        services = (
            msgspec.structs.replace(service, files=service.rendered_files)
            for service in self.services
        )
        return msgspec.structs.replace(self, services=tuple(services))

    @property
    def _by_name(self) -> dict[str, Service]:
        return {service.name: service for service in self.services}


def in_turns(services: Iterable[Service]) -> list[tuple[Service, ...]]:
    """Return services in turns, so that each comes after those without which it exits.

    Only dependencies among these services count. Raises ValueError if they form a circle.
    """
    remaining = list(services)
    turns: list[tuple[Service, ...]] = []
    while remaining:
        waiting = {service.name for service in remaining}
        turn = tuple(
            service for service in remaining if not waiting.intersection(service.ends_without)
        )
        if not turn:
            raise ValueError(f"{', '.join(sorted(waiting))} depend on one another")
        turns.append(turn)
        remaining = [service for service in remaining if service not in turn]
    return turns


def json_text(content: object) -> str:
    """Return a process's orders or configuration as JSON that people can read too."""
    return msgspec.json.format(msgspec.json.encode(content, enc_hook=_encodable)).decode()


def _encodable(value: object) -> str:
    if isinstance(value, PurePosixPath):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")
