"""What our own processes are told: rendered as JSON beside the torrcs, read when they start."""

from __future__ import annotations

import msgspec

from onionrig.experiment.frontend import Switch
from onionrig.records.samples import Sample, TorSample
from onionrig.records.transfers import Transfer


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


class StreamShare(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which of all streams are one sink's, where several share them out.

    Those whose number, divided by ``of``, leaves one of these as remainder; the streams of the
    first remainder dial through the first client, and so on.
    """

    remainders: tuple[int, ...]
    of: int


class SinkOrders(Orders, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a sink pulls; stream i dials through client i modulo their number.

    Without clients it dials the address itself: the baseline.
    """

    address: str
    port: int
    instances: tuple[str, ...] = ()
    """The backend instances' own addresses, for a schedule that reaches for them."""
    clients: tuple[SocksEndpoint, ...]
    share: StreamShare | None = None
    """Null is all of them."""
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


class DiallerOrders(Orders, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often, and through which clients in turn, the address is dialled.

    Either ``count`` or ``every_seconds`` is given. The record is a ``Transfer`` a dial.
    """

    address: str
    port: int
    clients: tuple[SocksEndpoint, ...]
    count: int | None = None
    """Dials in all; then it ends."""
    every_seconds: float | None = None
    """One dial each so many seconds until SIGTERM, whether or not earlier ones have ended."""
    at_once: int
    """Dials under way at most; one that is due while there are so many is left out."""
    timeout_seconds: float
    """For the whole of a dial."""
    enough_bytes: int
    """What has to be verified until it hangs up."""


class MetricsEndpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The MetricsPort of a tor."""

    name: str
    host: str
    port: int


class SamplerOrders(Orders, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which processes a sampler watches, and which tors it asks."""

    processes_path: str
    """A JSON object, service name to process id; read again whenever it changes."""
    slice: str | None = None
    """The systemd slice of the run, such as ``onionrig-1a2b3c4d.slice``, where services are units:
    then processes are found in its units' control groups, and ``processes_path`` is not read."""
    unit_prefix: str | None = None
    """What stands before a service's name in the name of its unit; given with ``slice``."""
    rig_path: str | None = None
    """A JSON array of the whole rig's process ids, where several emulated hosts share a machine:
    those of other hosts are not sampled here, and are no others either."""
    link_bits_per_second: dict[str, float | None] | None = None
    """By interface, for an emulated host: what the kernel says of its interfaces is not what their
    links carry, and of the machine's own at that. Null is asked of the kernel."""
    tors: tuple[MetricsEndpoint, ...]
    tors_record_path: str
    """Where it appends what the tors' MetricsPorts say."""
    schedule_path: str
    """A ``records.schedule.Schedule``: the tors are asked when its hold begins, every 10 s, and
    when it ends; it appears, and may be replaced by a later one, while the sampler runs."""


class ProbeOrders(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the extended balancer probes its instances."""

    socks_host: str
    socks_port: int
    """Of the balancer's tor."""
    port: int
    """The instances' port that sends back what it gets."""
    every_seconds: float = 1.0
    answer_seconds: float = 2.0
    """How long an answer may take until the instance counts as silent."""
    redial_seconds: float = 2.0
    """How long a new stream and its first answer may take once one was lost."""
    first_dial_seconds: float = 20.0
    """The same of the first stream: an instance may still be on its way up."""


class BalancerOrders(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the extended balancer has otherwise than the stock one."""

    switches: tuple[Switch, ...]
    variants: int
    """Distinct descriptors."""
    probes: ProbeOrders


AnyOrders = (
    SourceOrders | SinkOrders | PingerOrders | DiallerOrders | SamplerOrders | BalancerOrders
)


def recorded_at(service: str, orders: AnyOrders | None, kind: type[msgspec.Struct]) -> str:
    """Return where a service appends its records of a kind, on its host.

    Raises TypeError where it records none.
    """
    match orders:
        case SinkOrders() if kind is Transfer:
            return orders.transfers_path
        case DiallerOrders() if kind is Transfer:
            return orders.record_path
        case SamplerOrders() if kind is TorSample:
            return orders.tors_record_path
        case SourceOrders() | SinkOrders() | PingerOrders() | SamplerOrders() if issubclass(
            kind, Sample
        ):
            return orders.record_path
        case _:
            raise TypeError(f"{service} records no {kind.__name__}")


def records_of(orders: AnyOrders | None) -> tuple[str, ...]:
    """Return every file that a service appends records to, on its host."""
    match orders:
        case SinkOrders():
            return (orders.record_path, orders.transfers_path)
        case SamplerOrders():
            return (orders.record_path, orders.tors_record_path)
        case SourceOrders() | PingerOrders() | DiallerOrders():
            return (orders.record_path,)
        case _:
            return ()
