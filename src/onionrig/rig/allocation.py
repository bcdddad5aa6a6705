"""What a rig is rendered from beside the experiment: identities, ports, paths and programs.

The engine makes them first, on the hosts; ``placeholder_*`` stand in where nothing is started.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from onionrig.experiment.auto import clients_of, relays_of
from onionrig.experiment.hosts import hosts_for
from onionrig.rig.hosts import emulated_hosts, places
from onionrig.rig.model import Host
from onionrig.rig.names import BALANCER_TOR, numbered, on

if TYPE_CHECKING:
    from onionrig.experiment.schema import Experiment

ONION_PORT = 9000
"""The onion address's port, as in the 2017 notes: ``nc -l 9000 </dev/zero``."""
ECHO_PORT = 9001
"""The onion address's second port: what goes in comes back, to measure round trips."""

PortUse = Literal["or", "dir", "socks", "metrics", "direct"]


class Made(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something the engine has made for a rig."""


class AuthorityIdentity(Made, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A directory authority as the other daemons must know it."""

    v3_identity: str
    fingerprint: str
    key_paths: dict[str, str]
    """By file name under the authority's ``keys`` directory: where it was made."""


class RelayIdentity(Made, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A relay: the authorities know its fingerprint before it starts."""

    fingerprint: str
    key_paths: dict[str, str]


class OnionIdentity(Made, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A v3 onion address and where its keys were made."""

    address: str
    key_paths: dict[str, str]


class Identities(Made, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is who: made before anything is rendered."""

    authorities: tuple[AuthorityIdentity, ...]
    relays: tuple[RelayIdentity, ...]
    backends: tuple[OnionIdentity, ...]
    frontend: OnionIdentity
    """Its one key is a PKCS#8 PEM, as Onionbalance reads it."""


class Programs(Made, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Paths of the programs on the host."""

    tor: str
    onionbalance: str
    python: str


class Allocation(Made, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where things are."""

    host: str
    """This machine."""
    address: str
    """Loopback: where daemons listen for what is on their own host."""
    workspace: str
    """A private directory that vanishes with the run."""
    run_directory: str
    made_second: int
    """Wall-clock second of the allocation: tor wants to know how old bandwidth figures are."""
    ports: dict[str, int]
    """By ``service.use``, as ``port_key`` writes it."""
    programs: Programs
    emulated: tuple[Host, ...] = ()
    """Where there are any, services run on them instead of on this machine."""
    places: dict[str, str] = {}
    """The emulated host of each service."""

    @property
    def hosts(self) -> tuple[Host, ...]:
        """Every host that services run on."""
        return self.emulated or (Host(name=self.host, address=self.address),)

    def host_of(self, service: str) -> Host:
        """Return the host of a service; its address is where other hosts reach it."""
        name = self.places.get(service)
        if name is None:
            return Host(name=self.host, address=self.address)
        return next(host for host in self.emulated if host.name == name)

    def port(self, service: str, use: PortUse) -> int:
        """Return the port of a service for a use."""
        return self.ports[port_key(service, use)]


def port_key(service: str, use: PortUse) -> str:
    """Name a port."""
    return f"{service}.{use}"


def ports_needed(experiment: Experiment) -> dict[str, int | None]:
    """Return every port of a resolved experiment's rig, with its number where fixed by hand."""
    if experiment.network.kind == "none":
        elsewhere = experiment.baseline.peer or experiment.baseline.listen
        return {} if elsewhere else {port_key(name, "direct"): None for name in sources(experiment)}
    needed: dict[str, int | None] = {
        port_key(name, "metrics"): None for name in tors_of(experiment)
    }
    for name in numbered("authority", experiment.network.authorities):
        needed[port_key(name, "or")] = None
        needed[port_key(name, "dir")] = None
    for name in numbered("relay", relays_of(experiment)):
        needed[port_key(name, "or")] = None
    for index, name in enumerate(numbered("client", clients_of(experiment))):
        needed[port_key(name, "socks")] = experiment.load.socks_port if index == 0 else None
    needed[port_key(BALANCER_TOR, "socks")] = None
    return needed


def sources(experiment: Experiment) -> list[str]:
    """Name the sources of a baseline."""
    if not experiment.hosts:
        return ["source"]
    return [on("source", host) for host in hosts_for(experiment, "backend")]


def tors_of(experiment: Experiment) -> list[str]:
    """Name every tor of a resolved experiment's rig."""
    return [
        *numbered("authority", experiment.network.authorities),
        *numbered("relay", relays_of(experiment)),
        *numbered("backend", experiment.backends.daemons),
        *numbered("client", clients_of(experiment)),
        BALANCER_TOR,
    ]


def placeholder_identities(experiment: Experiment) -> Identities:
    """Return identities for looking at a rig that is not started."""
    return Identities(
        authorities=tuple(
            AuthorityIdentity(
                v3_identity=f"V3-IDENTITY-{n}", fingerprint=f"FINGERPRINT-{n}", key_paths={}
            )
            for n in range(1, experiment.network.authorities + 1)
        ),
        relays=tuple(
            RelayIdentity(fingerprint=f"FINGERPRINT-OF-{name}", key_paths={})
            for name in numbered("relay", relays_of(experiment))
        ),
        backends=tuple(
            OnionIdentity(address=f"ADDRESS-OF-{name}.onion", key_paths={})
            for name in numbered("backend", experiment.backends.daemons)
        ),
        frontend=OnionIdentity(address="ADDRESS.onion", key_paths={}),
    )


def placeholder_allocation(experiment: Experiment, programs: Programs) -> Allocation:
    """Return an allocation for looking at a rig that is not started."""
    ports = {
        key: fixed or 10000 + index
        for index, (key, fixed) in enumerate(ports_needed(experiment).items())
    }
    return Allocation(
        host="localhost",
        address="127.0.0.1",
        workspace="WORKSPACE",
        run_directory="RUN",
        made_second=0,
        ports=ports,
        programs=programs,
        emulated=emulated_hosts(experiment),
        places=places(experiment),
    )
