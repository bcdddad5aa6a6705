"""The rig's own processes as services: what moves bytes, and what watches while they move."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from onionrig.rig.allocation import ECHO_PORT, ONION_PORT
from onionrig.rig.model import Listening, Role
from onionrig.rig.names import tors_record
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
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onionrig.rig.model import Service
    from onionrig.rig.placement import Placement

CONNECT_SECONDS = 60.0
"""How long a dial may take: tor itself gives up on an onion service within its SocksTimeout."""
STALL_SECONDS = 20.0
"""How long a stream may deliver nothing before it counts as failed."""

DIAL_SECONDS = 60.0
"""How long a dial may take in all."""
DIAL_BYTES = 8 << 10
"""What a dial verifies: a few cells, so that payload comes and not only the line that names it."""
DIALS_AT_ONCE = 8
"""Of a given number: few enough that they hardly wait for one another's circuits."""


def source(
    place: Placement, name: str, backends: Iterable[str] = (), doors: tuple[TcpDoor, ...] = ()
) -> Service:
    """Return the source of these backend instances, or of whoever comes in by these doors."""
    served = tuple(
        ServedBackend(
            name=backend,
            socket_path=source_socket(place, backend),
            echo_path=echo_socket(place, backend),
        )
        for backend in backends
    )
    orders = SourceOrders(
        record_path=place.sample_path(name),
        host=place.allocation.host_of(name).name,
        backends=served,
        doors=doors,
    )
    sockets = [path for backend in served for path in (backend.socket_path, backend.echo_path)]
    ready = Listening(
        socket_paths=tuple(sockets), tcp=tuple((door.host, door.port) for door in doors)
    )
    return place.ours(name, Role.SOURCE, "onionrig.movers.source", orders, ready=ready)


def source_socket(place: Placement, backend: str) -> str:
    """Return where a backend instance gets its payload."""
    return f"{_source_directory(place, backend)}/{backend}.socket"


def echo_socket(place: Placement, backend: str) -> str:
    """Return where a backend instance is answered with what it sends."""
    return f"{_source_directory(place, backend)}/{backend}.echo"


def _source_directory(place: Placement, backend: str) -> str:
    (name,) = place.beside("source", [backend])
    return place.directory(name)


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
    orders = SinkOrders(
        record_path=place.sample_path(name),
        address=address,
        port=port,
        instances=tuple(instances),
        clients=_endpoints(place, clients),
        share=share,
        takes_foreign=takes_foreign,
        schedule_path=_schedule_path(place),
        transfers_path=f"{place.allocation.run_directory}/transfers.jsonl",
        connect_seconds=CONNECT_SECONDS,
        stall_seconds=STALL_SECONDS,
    )
    return place.ours(name, Role.SINK, "onionrig.movers.sink", orders)


def pinger(place: Placement, name: str, address: str, clients: Iterable[str]) -> Service:
    """Return what measures round trips through each client tor."""
    orders = PingerOrders(
        record_path=place.sample_path(name),
        address=address,
        port=ECHO_PORT,
        clients=_endpoints(place, clients),
    )
    return place.ours(name, Role.PINGER, "onionrig.movers.pinger", orders)


def dialler(  # noqa: PLR0913 - where, which, through whom, and one of two paces
    place: Placement,
    name: str,
    address: str,
    clients: Iterable[str],
    *,
    count: int | None = None,
    every_seconds: float | None = None,
) -> Service:
    """Return what dials an address through these client tors: so often, or each so many seconds.

    At an interval as many dials may be under way as can be before the first is given up.
    """
    at_once = math.ceil(DIAL_SECONDS / every_seconds) + 1 if every_seconds else DIALS_AT_ONCE
    orders = DiallerOrders(
        record_path=f"{place.allocation.run_directory}/dials.jsonl",
        address=address,
        port=ONION_PORT,
        clients=_endpoints(place, clients),
        count=count,
        every_seconds=every_seconds,
        at_once=at_once,
        timeout_seconds=DIAL_SECONDS,
        enough_bytes=DIAL_BYTES,
    )
    return place.ours(name, Role.DIALLER, "onionrig.movers.dialler", orders)


def sampler(place: Placement, name: str, tors: Iterable[str] = ()) -> Service:
    """Return the sampler of every process of its host, and of these tors' own counters."""
    allocation = place.allocation
    orders = SamplerOrders(
        record_path=place.sample_path(name),
        processes_path=f"{place.directory(name)}/processes.json",
        rig_path=f"{allocation.workspace}/rig.json" if allocation.emulated else None,
        link_bits_per_second={"eth0": allocation.host_of(name).link_bits_per_second}
        if allocation.emulated
        else None,
        tors=tuple(
            MetricsEndpoint(name=tor, host=allocation.address, port=allocation.port(tor, "metrics"))
            for tor in tors
        ),
        tors_record_path=place.sample_path(tors_record(name)),
        schedule_path=_schedule_path(place),
    )
    return place.ours(name, Role.SAMPLER, "onionrig.movers.sampler.program", orders)


def _schedule_path(place: Placement) -> str:
    return f"{place.allocation.run_directory}/schedule.json"


def _endpoints(place: Placement, clients: Iterable[str]) -> tuple[SocksEndpoint, ...]:
    return tuple(
        SocksEndpoint(
            name=name,
            host=place.allocation.address,
            port=place.allocation.port(name, "socks"),
        )
        for name in clients
    )
