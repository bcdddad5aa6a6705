"""The rig's own processes as services: what moves bytes, and what watches while they move."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.rig.allocation import ECHO_PORT
from onionrig.rig.model import Listening, Role
from onionrig.rig.orders import (
    MetricsEndpoint,
    PingerOrders,
    SamplerOrders,
    ServedBackend,
    SinkOrders,
    SocksEndpoint,
    SourceOrders,
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


def source(
    place: Placement, backends: Iterable[str] = (), doors: tuple[TcpDoor, ...] = ()
) -> Service:
    """Return the source of these backend instances, or of whoever comes in by these doors."""
    served = tuple(
        ServedBackend(
            name=name,
            socket_path=source_socket(place, name),
            echo_path=echo_socket(place, name),
        )
        for name in backends
    )
    orders = SourceOrders(
        record_path=place.sample_path("source"),
        host=place.allocation.host,
        backends=served,
        doors=doors,
    )
    sockets = [path for backend in served for path in (backend.socket_path, backend.echo_path)]
    ready = Listening(
        socket_paths=tuple(sockets), tcp=tuple((door.host, door.port) for door in doors)
    )
    return place.ours("source", Role.SOURCE, "onionrig.traffic.source", orders, ready=ready)


def source_socket(place: Placement, backend: str) -> str:
    """Return where a backend instance gets its payload."""
    return f"{place.directory('source')}/{backend}.socket"


def echo_socket(place: Placement, backend: str) -> str:
    """Return where a backend instance is answered with what it sends."""
    return f"{place.directory('source')}/{backend}.echo"


def sink(
    place: Placement,
    address: str,
    port: int,
    clients: Iterable[str] = (),
    *,
    takes_foreign: bool = False,
) -> Service:
    """Return the sink that pulls from an address through these client tors, or without any."""
    orders = SinkOrders(
        record_path=place.sample_path("sink"),
        address=address,
        port=port,
        clients=_endpoints(place, clients),
        takes_foreign=takes_foreign,
        schedule_path=_schedule_path(place),
        transfers_path=f"{place.allocation.run_directory}/transfers.jsonl",
        connect_seconds=CONNECT_SECONDS,
        stall_seconds=STALL_SECONDS,
    )
    return place.ours("sink", Role.SINK, "onionrig.traffic.sink", orders)


def pinger(place: Placement, address: str, clients: Iterable[str]) -> Service:
    """Return what measures round trips through each client tor."""
    orders = PingerOrders(
        record_path=place.sample_path("pinger"),
        address=address,
        port=ECHO_PORT,
        clients=_endpoints(place, clients),
    )
    return place.ours("pinger", Role.PINGER, "onionrig.traffic.pinger", orders)


def sampler(place: Placement, tors: Iterable[str] = ()) -> Service:
    """Return the sampler of every process, and of these tors' own counters."""
    orders = SamplerOrders(
        record_path=place.sample_path("sampler"),
        processes_path=f"{place.directory('sampler')}/processes.json",
        tors=tuple(
            MetricsEndpoint(
                name=name,
                host=place.allocation.address,
                port=place.allocation.port(name, "metrics"),
            )
            for name in tors
        ),
        tors_record_path=place.sample_path("tors"),
        schedule_path=_schedule_path(place),
    )
    return place.ours("sampler", Role.SAMPLER, "onionrig.recorder.sampler", orders)


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
