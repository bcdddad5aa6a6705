"""A rig: every host and service of an experiment, with all files rendered. Plain data."""

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
    """What a service is for; costs are counted by role."""

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


OURS = frozenset({Role.SOURCE, Role.SINK, Role.SAMPLER, Role.PINGER, Role.DIALLER})
"""Our own programs: their exit codes are those of ``onionrig.errors``."""


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
"""Roles without which nothing is served, or not for long: a rig that has one keeps a host of it."""


class File(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that a service is configured with; 0600, as everything of a run."""

    path: PurePosixPath
    text: str


class KeyFile(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that is copied in place on its host; never shown or recorded."""

    path: PurePosixPath
    made_at: PurePosixPath
    """Where the engine has made it, on the same host."""


KNOWS_THE_NETWORK = 75
"""Percent of a tor's bootstrap: enough directory information to build circuits, and as a cache to
let others have it (tor: src/feature/control/control_bootstrap.c)."""
BOOTSTRAPPED = 100


class Bootstrapped(Part, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """A tor is ready when its log says that it has bootstrapped so far."""

    percent: int
    answers_from_percent: int = BOOTSTRAPPED
    """From here on it answers what depends on it asks."""


class Listening(Part, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """A process is ready when it accepts connections at all of these."""

    socket_paths: tuple[PurePosixPath, ...] = ()
    """Unix sockets."""
    tcp: tuple[tuple[str, int], ...] = ()


class Started(Part, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """A process is ready when it has started; later evidence speaks for it."""


Readiness = Bootstrapped | Listening | Started


class Service(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One process on one host."""

    name: str
    role: Role
    host: str
    argv: tuple[str, ...]
    directory: PurePosixPath
    """Its own, 0700; made before it starts, as the other directories are."""
    other_directories: tuple[PurePosixPath, ...] = ()
    """What it needs beside its own: a tor's data directory, where a sink's attempts go."""
    files: tuple[File, ...] = ()
    orders: AnyOrders | None = None
    """What one of our own programs is told; it reads them as JSON from ``orders_path``."""
    orders_path: PurePosixPath | None = None
    keys: tuple[KeyFile, ...] = ()
    ready: Readiness = Started()
    depends: tuple[str, ...] = ()
    """Services that must be ready before it serves, if they are to start as well."""
    ends_without: tuple[str, ...] = ()
    """Those of them that must answer before it starts, because it ends where they do not."""
    needs_network: bool = False
    """Whether there must be a consensus that lists every relay before it starts."""
    control_path: PurePosixPath | None = None
    """Where the control socket of a tor is; null of anything else."""
    log_path: PurePosixPath
    """Where its output goes."""

    @property
    def rendered_files(self) -> tuple[File, ...]:
        """Every file that it is configured with, its orders among them."""
        if self.orders is None or self.orders_path is None:
            return self.files
        return (*self.files, File(path=self.orders_path, text=json_text(self.orders)))


class Host(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A machine that services run on, or what is emulated as one."""

    name: str
    kind: HostKind = "this machine"
    address: str
    """Where other hosts of the rig reach it."""
    link_bits_per_second: float | None = None
    """The rate of an emulated host's link, each way; null where it is unshaped."""
    most_bits_per_second: float | None = None
    """The highest rate that it is given while the rig stands: a delay line has room for it."""
    delay_seconds: float = 0.0
    """What an emulated host's link adds, each way."""
    cpu_cores: float | None = None
    """How much of its machine's CPU an emulated host's services may use; null where that is not
    limited."""


class Rig(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must run."""

    hosts: tuple[Host, ...]
    services: tuple[Service, ...]
    address: str
    """The one onion address."""
    port: int
    mode: Mode
    expected_points: int
    """Introduction points in each descriptor of the frontend when every instance is in one, at
    the least."""
    instances: dict[str, str] = msgspec.field(default_factory=dict)
    """Onion address of each backend instance."""
    variants: int = 1
    """Distinct descriptors that the frontend has."""
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
        """Return every client tor's SOCKS port with the host where it can be reached."""
        return tuple(
            (service.host, client)
            for service in self.services
            if isinstance(service.orders, PingerOrders)
            for client in service.orders.clients
        )

    def named(self, name: str) -> Service:
        """Return the service of a name. Raises KeyError where there is none."""
        return self._by_name[name]

    def on_the_network(self) -> tuple[Service, ...]:
        """Return the services that need a network, in the rig's order."""
        return tuple(service for service in self.services if service.needs_network)

    def role_missing_without(self, hosts: Collection[str]) -> Role | None:
        """Return a role that nothing is served without and that only these hosts have.

        None means that the rig can do without these hosts.
        """
        for role in NEEDED_TO_SERVE:
            places = {service.host for service in self.with_role(role)}
            if places and places <= set(hosts):
                return role
        return None

    def socket_paths(self) -> tuple[PurePosixPath, ...]:
        """Return the unix sockets that services and tors' control ports are reached by."""
        listening = (
            path
            for service in self.services
            if isinstance(service.ready, Listening)
            for path in service.ready.socket_paths
        )
        controls = (service.control_path for service in self.services if service.control_path)
        return (*listening, *controls)

    def with_rendered_files(self) -> Rig:
        """Return the rig for looking at: with every file that its services would read."""
        services = (
            msgspec.structs.replace(service, files=service.rendered_files)
            for service in self.services
        )
        return msgspec.structs.replace(self, services=tuple(services))

    @property
    def _by_name(self) -> dict[str, Service]:
        return {service.name: service for service in self.services}


def in_turns(services: Iterable[Service]) -> list[tuple[Service, ...]]:
    """Return services in turns: none of a turn ends without one of a later turn, among these.

    Raises ValueError where some depend on one another in a circle.
    """
    left = list(services)
    turns: list[tuple[Service, ...]] = []
    while left:
        waiting = {service.name for service in left}
        turn = tuple(service for service in left if not waiting.intersection(service.ends_without))
        if not turn:
            raise ValueError(f"{', '.join(sorted(waiting))} depend on one another")
        turns.append(turn)
        left = [service for service in left if service not in turn]
    return turns


def json_text(content: object) -> str:
    """Return what a process is told as JSON that a person can read too."""
    return msgspec.json.format(msgspec.json.encode(content, enc_hook=_encodable)).decode()


def _encodable(value: object) -> str:
    if isinstance(value, PurePosixPath):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")
