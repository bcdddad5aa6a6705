"""The rig's own processes as services: what moves bytes, and what watches while they move."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from onionrig.experiment.names import SOURCE, YARDSTICK
from onionrig.rig.allocation import ECHO_PORT, ONION_PORT
from onionrig.rig.layout import LOOPBACK
from onionrig.rig.model import Listening, Role
from onionrig.rig.orders import (
    DiallerOrders,
    MetricsEndpoint,
    PingerOrders,
    SamplerOrders,
    ServedBackend,
    SinkOrders,
    SocksEndpoint,
    SourceOrders,
    StreamShare,
    TcpDoor,
    YardstickOrders,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import PurePosixPath

    from onionrig.rig.model import Service
    from onionrig.rig.placement import Placement

CONNECT_SECONDS = 60.0
"""Timeout of a dial: tor itself gives up on an onion service within its SocksTimeout."""
STALL_SECONDS = 20.0
"""Longest time that a stream may deliver nothing before it counts as failed."""

DIAL_SECONDS = 60.0
"""Timeout of a whole dial."""
DIAL_BYTES = 8 << 10
"""Bytes that a dial verifies: a few cells, so that payload arrives and not only the line that names
the backend."""
DIALS_AT_ONCE = 8
"""Number of concurrent dials if their total is fixed: few enough that they hardly wait for one
another's circuits."""


def source(
    place: Placement, name: str, backends: Iterable[str] = (), doors: tuple[TcpDoor, ...] = ()
) -> Service:
    """Return the source of these backend instances, or of whoever connects to these doors."""
    served = tuple(
        ServedBackend(
            name=backend,
            socket_path=str(source_socket(place, backend)),
            echo_path=str(echo_socket(place, backend)),
        )
        for backend in backends
    )
    orders = SourceOrders(
        record_path=str(place.layout(name).samples(name)),
        host=place.host(name).name,
        backends=served,
        doors=doors,
    )
    ready = Listening(
        socket_paths=tuple(
            socket(place, backend.name) for backend in served for socket in _SOCKETS
        ),
        tcp=tuple((door.host, door.port) for door in doors),
    )
    return place.ours(name, Role.SOURCE, "onionrig.movers.source", orders, ready=ready)


def source_socket(place: Placement, backend: str) -> PurePosixPath:
    """Return the socket from which a backend instance gets its payload."""
    return place.directory(source_of(place, backend)) / f"{backend}.socket"


def echo_socket(place: Placement, backend: str) -> PurePosixPath:
    """Return the socket that sends back what a backend instance sends to it."""
    return place.directory(source_of(place, backend)) / f"{backend}.echo"


def source_of(place: Placement, backend: str) -> str:
    """Return the name of the source that serves a backend instance."""
    (name,) = place.beside(SOURCE, [backend])
    return name


_SOCKETS = (source_socket, echo_socket)


def sink(  # noqa: PLR0913 - which, from where, through whom, and how much of all
    place: Placement,
    name: str,
    address: str,
    port: int,
    clients: Iterable[str] = (),
    *,
    instances: Iterable[str] = (),
    share: StreamShare | None = None,
    takes_foreign: bool = False,
) -> Service:
    """Return a sink that pulls from an address through these client tors, or without any."""
    layout, clients = place.layout(name), tuple(clients)
    transfers = layout.transfers(name)
    orders = SinkOrders(
        record_path=str(place.layout(name).samples(name)),
        address=address,
        port=port,
        instances=tuple(instances),
        clients=_endpoints(place, clients),
        share=share,
        takes_foreign=takes_foreign,
        schedule_path=str(layout.schedule),
        transfers_path=str(transfers),
        connect_seconds=CONNECT_SECONDS,
        stall_seconds=STALL_SECONDS,
    )
    return place.ours(
        name,
        Role.SINK,
        "onionrig.movers.sink",
        orders,
        depends=clients,
        directories=(transfers.parent,),
    )


def pinger(place: Placement, name: str, address: str, clients: Iterable[str]) -> Service:
    """Return the pinger, which measures round trips through each client tor."""
    clients = tuple(clients)
    orders = PingerOrders(
        record_path=str(place.layout(name).samples(name)),
        address=address,
        port=ECHO_PORT,
        clients=_endpoints(place, clients),
    )
    return place.ours(
        name, Role.PINGER, "onionrig.movers.round_trips.pinger", orders, depends=clients
    )


def dialler(  # noqa: PLR0913 - where, which, through whom, and one of two paces
    place: Placement,
    name: str,
    address: str,
    clients: Iterable[str],
    *,
    count: int | None = None,
    every_seconds: float | None = None,
) -> Service:
    """Return a dialler: ``count`` dials, or one every ``every_seconds``, through these client tors.

    With an interval, enough dials may overlap that none has to wait for another's timeout.
    """
    at_once = math.ceil(DIAL_SECONDS / every_seconds) + 1 if every_seconds else DIALS_AT_ONCE
    clients, dials = tuple(clients), place.layout(name).dials(name)
    orders = DiallerOrders(
        record_path=str(dials),
        address=address,
        port=ONION_PORT,
        clients=_endpoints(place, clients),
        count=count,
        every_seconds=every_seconds,
        at_once=at_once,
        timeout_seconds=DIAL_SECONDS,
        enough_bytes=DIAL_BYTES,
    )
    return place.ours(
        name,
        Role.DIALLER,
        "onionrig.movers.dialler",
        orders,
        depends=clients,
        directories=(dials.parent,),
    )


def sampler(place: Placement, name: str, tors: Iterable[str] = ()) -> Service:
    """Return the sampler of all processes of its host and of these tors' counters."""
    layout, host = place.layout(name), place.host(name)
    emulated = host.kind == "emulated"
    orders = SamplerOrders(
        record_path=str(layout.samples(name)),
        processes_path=str(layout.processes(name)),
        slice=layout.units.slice if layout.units else None,
        unit_prefix=layout.units.prefix if layout.units else None,
        rig_path=str(layout.rig_processes) if emulated else None,
        link_bits_per_second={"eth0": host.link_bits_per_second} if emulated else None,
        tors=tuple(
            MetricsEndpoint(name=tor, host=LOOPBACK, port=place.allocation.port(tor, "metrics"))
            for tor in tors
        ),
        tors_record_path=str(layout.tors_samples(name)),
        schedule_path=str(layout.schedule),
    )
    return place.ours(name, Role.SAMPLER, "onionrig.movers.sampler.program", orders)


def yardstick(place: Placement, name: str) -> Service:
    """Return the yardstick of a machine, which times a fixed piece of work on its cores."""
    orders = YardstickOrders(record_path=str(place.layout(name).samples(name)))
    return place.ours(name, Role.YARDSTICK, "onionrig.movers.yardstick.program", orders)


def yardsticks(place: Placement) -> list[Service]:
    """Return the yardstick of each machine."""
    return [yardstick(place, name) for name in place.own(YARDSTICK)]


def _endpoints(place: Placement, clients: Iterable[str]) -> tuple[SocksEndpoint, ...]:
    return tuple(
        SocksEndpoint(
            name=name,
            host=LOOPBACK,
            port=place.allocation.port(name, "socks"),
        )
        for name in clients
    )
