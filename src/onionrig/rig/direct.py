"""The rig of a baseline: the same source and sink, and no tor between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.rig.model import Host, Rig
from onionrig.rig.movers import sampler, sink, source
from onionrig.rig.orders import TcpDoor
from onionrig.rig.placement import Placement
from onionrig.units import host_and_port

if TYPE_CHECKING:
    from onionrig.experiment.schema import Experiment
    from onionrig.rig.allocation import Allocation
    from onionrig.rig.model import Service

DIRECT = "direct"
"""What a source without a tor is called where a backend instance is named otherwise."""


def render_direct(experiment: Experiment, allocation: Allocation) -> Rig:
    """Return what must run for a resolved experiment without tor. Raises UsageError."""
    place = Placement(allocation)
    peer, listen = experiment.baseline.peer, experiment.baseline.listen
    if elsewhere := peer or listen:
        host, port = host_and_port(elsewhere)
    else:
        host, port = allocation.address, allocation.port("source", "direct")
    services: list[Service] = []
    if peer is None:
        services.append(source(place, doors=(TcpDoor(name=DIRECT, host=host, port=port),)))
    services.append(sampler(place))
    if listen is None:
        services.append(sink(place, host, port, takes_foreign=peer is not None))
    return Rig(
        hosts=(Host(name=allocation.host, address=allocation.address),),
        services=tuple(services),
        address=host,
        port=port,
        mode="without tor",
        expected_points=0,
    )
