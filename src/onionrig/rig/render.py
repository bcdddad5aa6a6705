"""Render an experiment into a rig: ``render(experiment, identities, allocation)``.

The experiment is resolved (no ``auto`` left). Service names are ``role-number``; every service has
a directory of its own in the workspace, and a log in the run directory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.experiment.auto import clients_of
from onionrig.experiment.checks import STOCK_POINTS_AN_INSTANCE
from onionrig.rig.allocation import BALANCER_TOR, ONION_PORT, numbered, tors_of
from onionrig.rig.model import (
    File,
    Host,
    KeyFile,
    Rig,
    Role,
    Service,
)
from onionrig.rig.movers import echo_socket, pinger, sampler, sink, source, source_socket
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


def render(experiment: Experiment, identities: Identities, allocation: Allocation) -> Rig:
    """Return what must run for a resolved experiment."""
    torrcs = Torrcs(experiment.network, identities, allocation)
    place = Placement(allocation)
    backends = numbered("backend", experiment.backends.daemons)
    clients = numbered("client", clients_of(experiment))
    address = identities.frontend.address
    services = (
        source(place, backends),
        sampler(place, tors_of(experiment)),
        *_authorities(place, torrcs, identities),
        *_relays(place, torrcs, identities),
        *_backends(place, torrcs, experiment, identities),
        *(
            place.tor(name, Role.CLIENT, torrcs.client(name, experiment.load.torrc))
            for name in clients
        ),
        place.tor(BALANCER_TOR, Role.BALANCER_TOR, torrcs.balancer_tor(BALANCER_TOR)),
        _balancer(place, identities),
        pinger(place, address, clients),
        sink(place, address, ONION_PORT, clients),
    )
    return Rig(
        hosts=(Host(name=allocation.host, address=allocation.address),),
        services=services,
        address=address,
        port=ONION_PORT,
        mode=mode_of(experiment),
        expected_points=STOCK_POINTS_AN_INSTANCE * experiment.backends.daemons,
    )


def mode_of(experiment: Experiment) -> Mode:
    """Return whether the address's services are anonymous, if there is an onion address at all."""
    if experiment.network.kind == "none":
        return "without tor"
    return "single-hop" if experiment.backends.single_hop else "anonymous"


def _relays(place: Placement, torrcs: Torrcs, identities: Identities) -> list[Service]:
    names = numbered("relay", len(identities.relays))
    return [
        place.tor(name, Role.RELAY, torrcs.relay(name), keys=_data_keys(place, name, identity))
        for name, identity in zip(names, identities.relays, strict=True)
    ]


def _data_keys(
    place: Placement, name: str, identity: AuthorityIdentity | RelayIdentity
) -> tuple[KeyFile, ...]:
    return tuple(
        KeyFile(path=f"{place.directory(name)}/data/keys/{file}", made_at=made_at)
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
        )
        for number, identity in enumerate(identities.authorities, start=1)
    ]


def _backends(
    place: Placement, torrcs: Torrcs, experiment: Experiment, identities: Identities
) -> list[Service]:
    services = []
    for number, identity in enumerate(identities.backends, start=1):
        name = f"backend-{number}"
        service = f"{place.directory(name)}/service"
        torrc = torrcs.backend(
            name,
            experiment.backends,
            service=service,
            source_socket=source_socket(place, name),
            echo_socket=echo_socket(place, name),
        )
        # ob_config must be there before tor's first start: added later, a backend serves nobody
        ob_config = File(
            path=f"{service}/ob_config",
            text=f"MasterOnionAddress {identities.frontend.address}\n",
        )
        keys = tuple(
            KeyFile(path=f"{service}/{file}", made_at=made_at)
            for file, made_at in identity.key_paths.items()
        )
        services.append(place.tor(name, Role.BACKEND, torrc, files=(ob_config,), keys=keys))
    return services


def _balancer(place: Placement, identities: Identities) -> Service:
    directory = place.directory("balancer")
    config = {  # JSON is YAML
        "services": [
            {
                "key": f"{directory}/frontend.pem",
                "instances": [
                    {"address": identity.address, "name": f"backend-{number}"}
                    for number, identity in enumerate(identities.backends, start=1)
                ],
            }
        ],
        "status-socket-location": f"{directory}/status",
    }
    path = f"{directory}/config.yaml"
    return place.service(
        "balancer",
        Role.BALANCER,
        (
            place.allocation.programs.onionbalance,
            "--is-testnet",
            "--verbosity=info",
            f"--config={path}",
            f"--socket={place.directory(BALANCER_TOR)}/control",
        ),
        files=(File(path=path, text=msgspec.json.format(msgspec.json.encode(config)).decode()),),
        keys=tuple(
            KeyFile(path=f"{directory}/frontend.pem", made_at=made_at)
            for made_at in identities.frontend.key_paths.values()
        ),
    )
