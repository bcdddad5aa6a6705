"""Orders for our own processes: rendered as JSON beside the torrcs, read when they start."""

from __future__ import annotations

import msgspec

from onionrig.experiment.frontend import Switch
from onionrig.records.samples import Sample, TorSample
from onionrig.records.streams.transfers import Transfer
from onionrig.records.yardstick.readings import YardstickSample


class Orders(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that one of our own processes is started with."""

    record_path: str
    """File to which it appends one sample per second."""


class ServedBackend(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A backend instance that a source serves, identified by the sockets it connects to."""

    name: str
    socket_path: str
    echo_path: str
    """Socket that sends back everything it receives, to measure round trips."""


class TcpDoor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address at which a source serves whoever connects, without a tor in between."""

    name: str
    """Name that the head line gives as the backend."""
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


class StreamShare(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One sink's part of all streams, if several sinks share them.

    A sink has the streams whose number, divided by ``of``, leaves one of these remainders; the
    streams of the first remainder dial through the first client, and so on.
    """

    remainders: tuple[int, ...]
    of: int


class SinkOrders(Orders, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a sink pulls; stream i dials through client i modulo the number of clients.

    Without clients it dials the address itself: the baseline.
    """

    address: str
    port: int
    instances: tuple[str, ...] = ()
    """Onion addresses of the backend instances, for a schedule whose streams dial these."""
    clients: tuple[SocksEndpoint, ...]
    share: StreamShare | None = None
    """The sink's share of the streams; null means all of them."""
    takes_foreign: bool = False
    """True if bytes of a peer that is not a source of ours are counted, as unverified."""
    schedule_path: str
    """A ``records.streams.schedule.Schedule`` as JSON, which exists before the sink starts."""
    transfers_path: str
    connect_seconds: float
    """Timeout of a dial until the SOCKS reply, and again until the first byte."""
    stall_seconds: float
    """Longest time that a connected stream may deliver nothing."""


class PingerOrders(Orders, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where round trips are measured: at the address's echo port, through each client."""

    address: str
    port: int
    clients: tuple[SocksEndpoint, ...]


class DiallerOrders(Orders, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often, and through which clients in turn, the address is dialled.

    Either ``count`` or ``every_seconds`` is given. The record has one ``Transfer`` per dial.
    """

    address: str
    port: int
    clients: tuple[SocksEndpoint, ...]
    count: int | None = None
    """Total number of dials, after which it exits."""
    every_seconds: float | None = None
    """Time between the starts of dials until SIGTERM, whether or not earlier ones have ended."""
    at_once: int
    """Maximum number of concurrent dials; one that is due while the maximum is reached is
    skipped."""
    timeout_seconds: float
    """Timeout of a whole dial."""
    enough_bytes: int
    """Number of verified bytes after which a dial hangs up."""


class MetricsEndpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The MetricsPort of a tor."""

    name: str
    host: str
    port: int


class SamplerOrders(Orders, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Processes that a sampler watches, and tors whose counters it reads."""

    processes_path: str
    """A JSON object that maps service names to process ids; read again whenever it changes."""
    slice: str | None = None
    """The systemd slice of the run, such as ``onionrig-1a2b3c4d.slice``, if services are units.
    Processes are then found in the units' control groups, and ``processes_path`` is not read."""
    unit_prefix: str | None = None
    """Prefix of a unit's name before the service's name; given with ``slice``."""
    rig_path: str | None = None
    """A JSON array of the whole rig's process ids, if several emulated hosts share a machine. Those
    of other hosts are not sampled here, nor do they count as outside the rig."""
    link_bits_per_second: dict[str, float | None] | None = None
    """Link rate by interface, for an emulated host, whose kernel reports the machine's own
    interfaces and not what its links carry. If this is null, the kernel is asked."""
    tors: tuple[MetricsEndpoint, ...]
    tors_record_path: str
    """File to which it appends the values of the tors' MetricsPorts."""
    schedule_path: str
    """A ``records.streams.schedule.Schedule``: the tors are asked when its hold begins, every 10 s,
    and when it ends. The file appears while the sampler runs, and a later one may replace it."""


class YardstickOrders(Orders, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the readings of the yardstick go; everything else about them is fixed."""


class ProbeOrders(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the extended balancer probes its instances."""

    socks_host: str
    socks_port: int
    """SOCKS port of the balancer's tor."""
    port: int
    """Port of the instances that sends back what it receives."""
    every_seconds: float = 1.0
    answer_seconds: float = 2.0
    """Time without an answer after which the instance counts as silent."""
    redial_seconds: float = 2.0
    """Timeout of a new stream and its first answer once a stream was lost."""
    first_dial_seconds: float = 20.0
    """The same for the first stream, since an instance may still be starting."""


class BalancerOrders(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What distinguishes the extended balancer from the stock one."""

    switches: tuple[Switch, ...]
    variants: int
    """Number of distinct descriptors."""
    probes: ProbeOrders


AnyOrders = (
    SourceOrders
    | SinkOrders
    | PingerOrders
    | DiallerOrders
    | SamplerOrders
    | YardstickOrders
    | BalancerOrders
)


def recorded_at(service: str, orders: AnyOrders | None, kind: type[msgspec.Struct]) -> str:
    """Return the file to which a service appends its records of a kind, on its host.

    Raises TypeError if it has no such records.
    """
    match orders:
        case SinkOrders() if kind is Transfer:
            return orders.transfers_path
        case DiallerOrders() if kind is Transfer:
            return orders.record_path
        case SamplerOrders() if kind is TorSample:
            return orders.tors_record_path
        case YardstickOrders() if kind is YardstickSample:
            return orders.record_path
        case SourceOrders() | SinkOrders() | PingerOrders() | SamplerOrders() if issubclass(
            kind, Sample
        ):
            return orders.record_path
        case _:
            raise TypeError(f"{service} records no {kind.__name__}")


def records_of(orders: AnyOrders | None) -> tuple[str, ...]:
    """Return all files to which a service appends records, on its host."""
    match orders:
        case SinkOrders():
            return (orders.record_path, orders.transfers_path)
        case SamplerOrders():
            return (orders.record_path, orders.tors_record_path)
        case SourceOrders() | PingerOrders() | DiallerOrders() | YardstickOrders():
            return (orders.record_path,)
        case _:
            return ()
