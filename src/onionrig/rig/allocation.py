"""What a rig is rendered from besides the experiment: identities, ports, paths and programs.

The engine creates them first, on the hosts; ``placeholder_*`` replace them if nothing is started.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal

import msgspec

from onionrig.experiment.auto import clients_of, relays_of
from onionrig.experiment.frontend import daemons_of
from onionrig.experiment.hosts import hosts_for
from onionrig.experiment.names import BALANCER_TOR, SOURCE, numbered, on
from onionrig.experiment.placement import HERE, placement
from onionrig.rig.hosts import placeholder_hosts
from onionrig.rig.layout import LOOPBACK, Layout
from onionrig.rig.model import Host

if TYPE_CHECKING:
    from onionrig.experiment.schema import Experiment
    from onionrig.rig.layout import Programs

ONION_PORT = 9000
"""Port of the onion address, as in the 2017 notes: ``nc -l 9000 </dev/zero``."""
ECHO_PORT = 9001
"""Second port of the onion address: it echoes what it receives, to measure round trips."""

PortUse = Literal["or", "dir", "socks", "metrics", "direct"]
_OF_AUTHORITIES: tuple[PortUse, ...] = ("or", "dir")


class Made(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that the engine has created for a rig."""


class AuthorityIdentity(Made, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A directory authority as the other daemons know it."""

    v3_identity: str
    fingerprint: str
    key_paths: dict[str, PurePosixPath]
    """Paths at which its keys were created on its host, by file name in the authority's ``keys``
    directory."""


class RelayIdentity(Made, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A relay, whose fingerprint the authorities know before it starts."""

    fingerprint: str
    key_paths: dict[str, PurePosixPath]


class OnionIdentity(Made, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A v3 onion address and the paths at which its keys were created."""

    address: str
    key_paths: dict[str, PurePosixPath]


class Identities(Made, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Identities of all daemons and onion services, created before anything is rendered."""

    authorities: tuple[AuthorityIdentity, ...]
    relays: tuple[RelayIdentity, ...]
    backends: tuple[OnionIdentity, ...]
    frontend: OnionIdentity
    """Identity of the one address; its only key is a PKCS#8 PEM, as Onionbalance reads it."""


class Allocation(Made, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hosts, paths and ports of a rig, and the host of each service."""

    hosts: tuple[Host, ...]
    """All hosts that services run on."""
    layouts: dict[str, Layout]
    """Layout of each host, by host name."""
    places: dict[str, str]
    """Host of each service."""
    ports: dict[str, int]
    """Ports by ``service.use``, the key that ``port_key`` returns."""
    made_second: int
    """Wall-clock second of the allocation: tor needs the age of bandwidth figures."""

    def host_of(self, service: str) -> Host:
        """Return the host of a service; its address is where other hosts reach it."""
        name = self.places[service]
        return next(host for host in self.hosts if host.name == name)

    def port(self, service: str, use: PortUse) -> int:
        """Return the port of a service for one use."""
        return self.ports[port_key(service, use)]


class PortWanted(Made, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A port that a rig needs."""

    service: str
    use: PortUse
    fixed: int | None = None
    """Port number, if it was fixed by hand."""

    @property
    def key(self) -> str:
        """Key of the port in an allocation."""
        return port_key(self.service, self.use)


def port_key(service: str, use: PortUse) -> str:
    """Return the key of a service's port for one use."""
    return f"{service}.{use}"


def ports_needed(experiment: Experiment) -> tuple[PortWanted, ...]:
    """Return every port that a resolved experiment's rig needs."""
    if experiment.network.kind == "none":
        elsewhere = experiment.baseline.peer or experiment.baseline.listen
        names = () if elsewhere else sources(experiment)
        return tuple(PortWanted(service=name, use="direct") for name in names)
    authorities = numbered("authority", experiment.network.authorities)
    relays = numbered("relay", relays_of(experiment))
    clients = numbered("client", clients_of(experiment))
    return (
        *(PortWanted(service=name, use="metrics") for name in tors_of(experiment)),
        *(PortWanted(service=name, use=use) for name in authorities for use in _OF_AUTHORITIES),
        *(PortWanted(service=name, use="or") for name in relays),
        *(
            PortWanted(
                service=name, use="socks", fixed=None if number else experiment.load.socks_port
            )
            for number, name in enumerate(clients)
        ),
        PortWanted(service=BALANCER_TOR, use="socks"),
    )


def sources(experiment: Experiment) -> list[str]:
    """Return the names of the sources of a baseline."""
    if not experiment.hosts:
        return [SOURCE]
    return [on(SOURCE, host) for host in hosts_for(experiment, "backend")]


def tors_of(experiment: Experiment) -> list[str]:
    """Return the names of all tors of a resolved experiment's rig."""
    return [
        *numbered("authority", experiment.network.authorities),
        *numbered("relay", relays_of(experiment)),
        *numbered("backend", daemons_of(experiment)),
        *numbered("client", clients_of(experiment)),
        BALANCER_TOR,
    ]


def placeholder_identities(experiment: Experiment) -> Identities:
    """Return placeholder identities for displaying a rig that is not started."""
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
            for name in numbered("backend", daemons_of(experiment))
        ),
        frontend=OnionIdentity(address="ADDRESS.onion", key_paths={}),
    )


def placeholder_allocation(experiment: Experiment, programs: Programs) -> Allocation:
    """Return a placeholder allocation for displaying a rig that is not started."""
    ports = {
        port_wanted.key: port_wanted.fixed or 10000 + index
        for index, port_wanted in enumerate(ports_needed(experiment))
    }
    hosts = placeholder_hosts(experiment) or (Host(name=HERE, address=LOOPBACK),)
    layout = Layout(
        workspace=PurePosixPath("WORKSPACE"),
        records=PurePosixPath("RUN"),
        programs=programs,
        controls=PurePosixPath("CONTROLS") if experiment.has_real_hosts else None,
    )
    return Allocation(
        hosts=hosts,
        layouts={host.name: layout for host in hosts},
        places=placement(experiment),
        ports=ports,
        made_second=0,
    )
