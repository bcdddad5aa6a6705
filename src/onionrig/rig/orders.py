"""What our own processes are told: rendered as JSON beside the torrcs, read when they start."""

from __future__ import annotations

import msgspec


class Orders(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that one of our own processes is started with."""

    record_path: str
    """Where it appends one sample a second."""


class ServedBackend(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A backend instance that a source serves, told apart by the socket it connects to."""

    name: str
    socket_path: str


class SourceOrders(Orders, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a source serves."""

    host: str
    backends: tuple[ServedBackend, ...]


class SocksEndpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The SOCKS port of a client tor."""

    name: str
    host: str
    port: int


class SinkOrders(Orders, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a sink pulls; stream i dials through client i modulo their number."""

    address: str
    port: int
    clients: tuple[SocksEndpoint, ...]
    streams: int
    schedule_path: str
    """A ``records.schedule.Schedule`` as JSON, there before the sink starts."""
    transfers_path: str
    connect_seconds: float
    """How long a dial may take until the SOCKS reply, and again until the first byte."""
    stall_seconds: float
    """How long a connected stream may deliver nothing."""


class SamplerOrders(Orders, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which processes a sampler watches."""

    processes_path: str
    """A JSON object, service name to process id; read again whenever it changes."""
