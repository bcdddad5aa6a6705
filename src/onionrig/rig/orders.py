"""What our own processes are told: rendered as JSON beside the torrcs, read when they start."""

from __future__ import annotations

import msgspec


class Orders(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that one of our own processes is started with."""

    record_path: str
    """Where it appends one sample a second."""


class ServedBackend(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A backend instance that a source serves, told apart by the sockets it connects to."""

    name: str
    socket_path: str
    echo_path: str
    """What comes in here goes back as it is: round trips are measured with it."""


class TcpDoor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a source serves whoever connects, without a tor between."""

    name: str
    """What the head line names as backend."""
    host: str
    port: int


class SourceOrders(Orders, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a source serves."""

    host: str
    backends: tuple[ServedBackend, ...] = ()
    doors: tuple[TcpDoor, ...] = ()


class SocksEndpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The SOCKS port of a client tor."""

    name: str
    host: str
    port: int


class SinkOrders(Orders, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a sink pulls; stream i dials through client i modulo their number.

    Without clients it dials the address itself: the baseline.
    """

    address: str
    port: int
    clients: tuple[SocksEndpoint, ...]
    takes_foreign: bool = False
    """Whether a peer that is no source of ours is counted, as unverified."""
    schedule_path: str
    """A ``records.schedule.Schedule`` as JSON, there before the sink starts."""
    transfers_path: str
    connect_seconds: float
    """How long a dial may take until the SOCKS reply, and again until the first byte."""
    stall_seconds: float
    """How long a connected stream may deliver nothing."""


class PingerOrders(Orders, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where round trips are measured: the address's echo port, through each client."""

    address: str
    port: int
    clients: tuple[SocksEndpoint, ...]


class MetricsEndpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The MetricsPort of a tor."""

    name: str
    host: str
    port: int


class SamplerOrders(Orders, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which processes a sampler watches, and which tors it asks."""

    processes_path: str
    """A JSON object, service name to process id; read again whenever it changes."""
    tors: tuple[MetricsEndpoint, ...]
    tors_record_path: str
    """Where it appends what the tors' MetricsPorts say."""
    schedule_path: str
    """A ``records.schedule.Schedule``: the tors are asked when its hold begins, every 10 s, and
    when it ends; it appears, and may be replaced by a later one, while the sampler runs."""
