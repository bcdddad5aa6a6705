"""What publishes the one address: Onionbalance, stock or extended, and the tor that it uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.experiment.frontend import switches_on, variants_of
from onionrig.rig.allocation import ECHO_PORT
from onionrig.rig.model import File, KeyFile, Role
from onionrig.rig.names import BALANCER_TOR
from onionrig.rig.orders import BalancerOrders, ProbeOrders
from onionrig.rig.placement import json_text

if TYPE_CHECKING:
    from onionrig.experiment.schema import Experiment
    from onionrig.rig.allocation import Identities
    from onionrig.rig.model import Service
    from onionrig.rig.placement import Placement
    from onionrig.rig.torrc import Torrcs


def balancing(
    place: Placement, torrcs: Torrcs, experiment: Experiment, identities: Identities
) -> tuple[Service, Service]:
    """Return the balancer's tor and the balancer."""
    return (
        place.tor(BALANCER_TOR, Role.BALANCER_TOR, torrcs.balancer_tor(BALANCER_TOR)),
        _balancer(place, experiment, identities),
    )


def _balancer(place: Placement, experiment: Experiment, identities: Identities) -> Service:
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
    orders = () if experiment.frontend.balancer == "stock" else (_orders(place, experiment),)
    return place.service(
        "balancer",
        Role.BALANCER,
        (
            *_program(place, orders),
            "--is-testnet",
            "--verbosity=info",
            f"--config={path}",
            f"--socket={place.directory(BALANCER_TOR)}/control",
        ),
        files=(File(path=path, text=json_text(config)), *orders),
        keys=tuple(
            KeyFile(path=f"{directory}/frontend.pem", made_at=made_at)
            for made_at in identities.frontend.key_paths.values()
        ),
    )


def _program(place: Placement, orders: tuple[File, ...]) -> tuple[str, ...]:
    programs = place.allocation.programs
    if not orders:
        return (programs.onionbalance,)
    return (programs.python, "-m", "onionrig.balancer.extended", orders[0].path)


def _orders(place: Placement, experiment: Experiment) -> File:
    orders = BalancerOrders(
        switches=switches_on(experiment.frontend),
        variants=variants_of(experiment),
        probes=ProbeOrders(
            socks_host=place.allocation.address,
            socks_port=place.allocation.port(BALANCER_TOR, "socks"),
            port=ECHO_PORT,
        ),
    )
    return File(path=f"{place.directory('balancer')}/orders.json", text=json_text(orders))
