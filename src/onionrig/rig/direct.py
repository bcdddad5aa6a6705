"""The rig of a baseline: the same source and sink, and no tor between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.rig.allocation import sources
from onionrig.rig.layout import LOOPBACK
from onionrig.rig.model import Rig
from onionrig.rig.movers import sampler, sink, source, yardsticks
from onionrig.rig.orders import StreamShare, TcpDoor
from onionrig.rig.placement import Placement
from onionrig.units import host_and_port

if TYPE_CHECKING:
    from onionrig.experiment.schema import Experiment
    from onionrig.rig.allocation import Allocation
    from onionrig.rig.model import Service

DIRECT = "direct"
"""Stands in for a backend's name if a source has no tor."""


def render_direct(experiment: Experiment, allocation: Allocation) -> Rig:
    """Return what must run for a resolved experiment without tor. Raises UsageError."""
    place = Placement(experiment, allocation)
    peer, listen = experiment.baseline.peer, experiment.baseline.listen
    if experiment.hosts:
        return _between_hosts(experiment, place)
    if elsewhere := peer or listen:
        host, port = host_and_port(elsewhere)
    else:
        host, port = LOOPBACK, allocation.port("source", "direct")
    services: list[Service] = []
    if peer is None:
        door = TcpDoor(name=DIRECT, host=host, port=port)
        services.append(source(place, "source", doors=(door,)))
    services.append(sampler(place, "sampler"))
    services += yardsticks(place)
    if listen is None:
        services.append(sink(place, "sink", host, port, takes_foreign=peer is not None))
    return _rig(allocation, services, host, port)


def _between_hosts(experiment: Experiment, place: Placement) -> Rig:
    """Return a rig with a source on every backend host and a sink on every client host.

    The sinks share the streams and dial the sources in turn. If there are more sources than client
    hosts, there are as many sinks as sources. The doors are named after their hosts.
    """
    allocation = place.allocation
    doors = {
        name: TcpDoor(
            name=allocation.host_of(name).name,
            host=allocation.host_of(name).address,
            port=allocation.port(name, "direct"),
        )
        for name in sources(experiment)
    }
    sinks = [name for name in allocation.places if name.startswith("sink-")]
    services = [source(place, name, doors=(door,)) for name, door in doors.items()]
    busy = [*doors, *sinks]
    services += [sampler(place, name) for name in place.beside("sampler", busy)]
    services += yardsticks(place)
    in_turn = list(doors.values())
    for number, name in enumerate(sinks):
        door = in_turn[number % len(in_turn)]
        share = StreamShare(remainders=(number,), of=len(sinks))
        services.append(sink(place, name, door.host, door.port, share=share))
    return _rig(allocation, services, in_turn[0].host, in_turn[0].port)


def _rig(allocation: Allocation, services: list[Service], address: str, port: int) -> Rig:
    return Rig(
        hosts=allocation.hosts,
        services=tuple(services),
        address=address,
        port=port,
        mode="without tor",
        expected_points=0,
    )
