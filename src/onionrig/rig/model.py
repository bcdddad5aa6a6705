"""A rig: every host and service of an experiment, with all files rendered. Plain data."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from onionrig.experiment.frontend import Switch
from onionrig.records.manifest import Mode
from onionrig.records.part import Part
from onionrig.rig.names import is_one


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
    NAMESPACE = "namespace"
    """Holds the network namespace of an emulated host."""
    DELAY = "delay"
    """Delays the link of an emulated host, where the kernel has no netem."""


class File(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that a service is configured with; 0600, as everything of a run."""

    path: str
    text: str


class KeyFile(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file copied in place from where the identities were made; never shown or recorded."""

    path: str
    made_at: str


class Bootstrapped(Part, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """A tor is ready when its control socket reports bootstrap 100 %."""

    control_path: str


class Listening(Part, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """A process is ready when it accepts connections at all of these."""

    socket_paths: tuple[str, ...] = ()
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
    directory: str
    """Its own, 0700; made before it starts."""
    files: tuple[File, ...] = ()
    keys: tuple[KeyFile, ...] = ()
    ready: Readiness = Started()
    log_path: str
    """Where its output goes."""


class Host(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A machine that services run on."""

    name: str
    address: str
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


def control_path(service: Service) -> str:
    """Return where the control socket of a tor service is. Raises TypeError for another service."""
    if not isinstance(service.ready, Bootstrapped):
        raise TypeError(f"{service.name} is no tor daemon")
    return service.ready.control_path
