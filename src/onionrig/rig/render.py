"""Render an experiment into a rig: ``render(experiment, identities, allocation)``.

The experiment is resolved (no ``auto`` left). Service names are ``role-number``; every service has
its own directory in the workspace, and a log in the run directory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.experiment.auto import clients_of
from onionrig.experiment.frontend import (
    POINTS_AN_INSTANCE,
    daemons_of,
    switches_on,
    variants_of,
)
from onionrig.experiment.loads.registry import shape_of
from onionrig.experiment.names import DIALLER, LOAD_DIALLER, numbered
from onionrig.rig.allocation import ONION_PORT, tors_of
from onionrig.rig.balancing import balancing
from onionrig.rig.direct import render_direct
from onionrig.rig.model import (
    KNOWS_THE_NETWORK,
    File,
    KeyFile,
    Rig,
    Role,
    Service,
)
from onionrig.rig.movers import (
    dialler,
    echo_socket,
    pinger,
    sampler,
    sink,
    source,
    source_of,
    source_socket,
    yardsticks,
)
from onionrig.rig.orders import StreamShare
from onionrig.rig.placement import Placement
from onionrig.rig.torrc import Torrcs

if TYPE_CHECKING:
    from onionrig.experiment.schema import Experiment
    from onionrig.records.manifest import Mode
    from onionrig.rig.allocation import (
        Allocation,
        AuthorityIdentity,
        Identities,
        RelayIdentity,
    )


def render(experiment: Experiment, identities: Identities | None, allocation: Allocation) -> Rig:
    """Return what must run for a resolved experiment; one without tor needs no identities.

    Raises UsageError for a baseline whose other half has no address.
    """
    if experiment.network.kind == "none":
        return render_direct(experiment, allocation)
    if identities is None:
        raise TypeError("a network needs identities")
    return _render_with_tor(experiment, identities, allocation)


def _render_with_tor(experiment: Experiment, identities: Identities, allocation: Allocation) -> Rig:
    torrcs = Torrcs(experiment.network, identities, allocation)
    place = Placement(experiment, allocation)
    backends = numbered("backend", daemons_of(experiment))
    clients = numbered("client", clients_of(experiment))
    address = identities.frontend.address
    drivers = shape_of(experiment.load).drivers(experiment.load)
    services = (
        *(source(place, name, own) for name, own in place.beside("source", backends).items()),
        *(
            sampler(place, name, own)
            for name, own in place.beside("sampler", tors_of(experiment)).items()
        ),
        *yardsticks(place),
        *_authorities(place, torrcs, identities),
        *_relays(place, torrcs, identities),
        *_backends(place, torrcs, experiment, identities),
        *(
            place.tor(name, Role.CLIENT, torrcs.client(name, experiment.load.torrc))
            for name in clients
        ),
        *balancing(place, torrcs, experiment, identities),
        *(
            pinger(place, name, address, own)
            for name, own in place.beside("pinger", clients).items()
        ),
        *_diallers(place, experiment, address, clients),
        *(_sinks(place, identities, clients) if drivers.sinks else ()),
    )
    return Rig(
        hosts=allocation.hosts,
        services=services,
        address=address,
        port=ONION_PORT,
        mode=mode_of(experiment),
        expected_points=_expected_points(experiment),
        instances={
            name: identity.address
            for name, identity in zip(backends, identities.backends, strict=True)
        },
        variants=variants_of(experiment),
        balancer_switches=switches_on(experiment.frontend),
    )


def _expected_points(experiment: Experiment) -> int:
    """Return the minimum number of points in each descriptor when all instances are in it."""
    instances = daemons_of(experiment) // variants_of(experiment)
    # an instance whose relays are taken publishes fewer points
    points_each = 1 if "distinct_relays" in switches_on(experiment.frontend) else POINTS_AN_INSTANCE
    return points_each * instances


def mode_of(experiment: Experiment) -> Mode:
    """Return whether the address's services are anonymous, or that there is no onion address."""
    if experiment.network.kind == "none":
        return "without tor"
    return "single-hop" if experiment.backends.single_hop else "anonymous"


def _sinks(place: Placement, identities: Identities, clients: list[str]) -> list[Service]:
    """Return a sink for each host with clients; stream i always dials through client i."""
    grouped = place.beside("sink", clients)
    return [
        sink(
            place,
            name,
            identities.frontend.address,
            ONION_PORT,
            own,
            instances=(identity.address for identity in identities.backends),
            share=StreamShare(
                remainders=tuple(clients.index(client) for client in own), of=len(clients)
            )
            if len(grouped) > 1
            else None,
        )
        for name, own in grouped.items()
    ]


def _diallers(
    place: Placement, experiment: Experiment, address: str, clients: list[str]
) -> list[Service]:
    """Return the diallers before the load and under it, if dials are asked for.

    If there are several hosts, each dials in proportion to its clients.
    """
    services = []
    count = experiment.load.dials_a_backend * daemons_of(experiment)
    if count:
        services += [
            dialler(
                place,
                name,
                address,
                own,
                count=sum(clients[dial % len(clients)] in own for dial in range(count)),
            )
            for name, own in place.beside(DIALLER, clients).items()
        ]
    shape_interval_seconds = shape_of(experiment.load).drivers(experiment.load).dial_every_seconds
    every = experiment.load.dial_every if shape_interval_seconds is None else shape_interval_seconds
    if every is not None:
        services += [
            dialler(place, name, address, own, every_seconds=float(every) * len(clients) / len(own))
            for name, own in place.beside(LOAD_DIALLER, clients).items()
        ]
    return services


def _relays(place: Placement, torrcs: Torrcs, identities: Identities) -> list[Service]:
    names = numbered("relay", len(identities.relays))
    return [
        place.tor(
            name,
            Role.RELAY,
            torrcs.relay(name),
            keys=_data_keys(place, name, identity),
            percent=KNOWS_THE_NETWORK,
            needs_network=False,
        )
        for name, identity in zip(names, identities.relays, strict=True)
    ]


def _data_keys(
    place: Placement, name: str, identity: AuthorityIdentity | RelayIdentity
) -> tuple[KeyFile, ...]:
    return tuple(
        KeyFile(path=place.directory(name) / "data" / "keys" / file, made_at=made_at)
        for file, made_at in identity.key_paths.items()
    )


def _authorities(place: Placement, torrcs: Torrcs, identities: Identities) -> list[Service]:
    return [
        place.tor(
            f"authority-{number}",
            Role.AUTHORITY,
            torrcs.authority(f"authority-{number}"),
            files=(
                File(path=torrcs.bandwidths_path(f"authority-{number}"), text=torrcs.bandwidths()),
            ),
            keys=_data_keys(place, f"authority-{number}", identity),
            percent=KNOWS_THE_NETWORK,
            needs_network=False,
        )
        for number, identity in enumerate(identities.authorities, start=1)
    ]


def _backends(
    place: Placement, torrcs: Torrcs, experiment: Experiment, identities: Identities
) -> list[Service]:
    services = []
    for number, identity in enumerate(identities.backends, start=1):
        name = f"backend-{number}"
        service = place.directory(name) / "service"
        torrc = torrcs.backend(
            name,
            experiment.backends,
            service=service,
            source_socket=source_socket(place, name),
            echo_socket=echo_socket(place, name),
        )
        # ob_config must exist before tor's first start: if added later, the backend serves nobody
        ob_config = File(
            path=service / "ob_config",
            text=f"MasterOnionAddress {identities.frontend.address}\n",
        )
        keys = tuple(
            KeyFile(path=service / file, made_at=made_at)
            for file, made_at in identity.key_paths.items()
        )
        services.append(
            place.tor(
                name,
                Role.BACKEND,
                torrc,
                files=(ob_config,),
                keys=keys,
                depends=(source_of(place, name),),
            )
        )
    return services
