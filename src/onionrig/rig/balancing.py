"""What publishes the one address: Onionbalance, stock or extended, and the tor that it uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.experiment.frontend import switches_on, variants_of
from onionrig.experiment.names import BALANCER, BALANCER_TOR
from onionrig.rig.allocation import ECHO_PORT
from onionrig.rig.layout import LOOPBACK
from onionrig.rig.model import KNOWS_THE_NETWORK, File, KeyFile, Role, json_text
from onionrig.rig.orders import BalancerOrders, ProbeOrders

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
        place.tor(
            BALANCER_TOR,
            Role.BALANCER_TOR,
            torrcs.balancer_tor(BALANCER_TOR),
            answers_from_percent=KNOWS_THE_NETWORK,  # enough for Onionbalance's first request
        ),
        _balancer(place, experiment, identities),
    )


def _balancer(place: Placement, experiment: Experiment, identities: Identities) -> Service:
    directory = place.directory(BALANCER)
    config = {  # JSON is YAML
        "services": [
            {
                "key": str(directory / "frontend.pem"),
                "instances": [
                    {"address": identity.address, "name": f"backend-{number}"}
                    for number, identity in enumerate(identities.backends, start=1)
                ],
            }
        ],
        "status-socket-location": str(directory / "status"),
    }
    path = directory / "config.yaml"
    orders = None if experiment.frontend.balancer == "stock" else _orders(place, experiment)
    return place.service(
        BALANCER,
        Role.BALANCER,
        (
            *_program(place, orders),
            "--is-testnet",
            "--verbosity=info",
            f"--config={path}",
            f"--socket={place.layout(BALANCER_TOR).control(BALANCER_TOR)}",
        ),
        files=(File(path=path, text=json_text(config)),),
        orders=orders,
        depends=(BALANCER_TOR,),
        ends_without=(BALANCER_TOR,),
        keys=tuple(
            KeyFile(path=directory / "frontend.pem", made_at=made_at)
            for made_at in identities.frontend.key_paths.values()
        ),
    )


def _program(place: Placement, orders: BalancerOrders | None) -> tuple[str, ...]:
    layout = place.layout(BALANCER)
    if orders is None:
        # run by its Python: the script's shebang fails in some paths and on some mounts
        return (layout.programs.python, layout.programs.onionbalance)
    module = "onionrig.balancer.extended"
    return (layout.programs.python, "-m", module, str(layout.orders(BALANCER)))


def _orders(place: Placement, experiment: Experiment) -> BalancerOrders:
    return BalancerOrders(
        switches=switches_on(experiment.frontend),
        variants=variants_of(experiment),
        probes=ProbeOrders(
            socks_host=LOOPBACK,
            socks_port=place.allocation.port(BALANCER_TOR, "socks"),
            port=ECHO_PORT,
        ),
    )
