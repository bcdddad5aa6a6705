"""What an engine can do: the interface between the phases of a run and where its services run.

The phases know a ``Rig`` and an ``Engine``. Processes, paths of this disk, namespaces and
connections to hosts are internal to the engine; an engine is one folder beside this module and its
entry in ``engine.registry``. What only some engines can do is a further protocol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

import msgspec

from onionrig.experiment.faults import steps

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    from onionrig.experiment.question import Question
    from onionrig.records.manifest import HostRecord, Versions
    from onionrig.records.streams.schedule import Schedule
    from onionrig.rig.allocation import Identities, PortWanted
    from onionrig.rig.layout import Layout
    from onionrig.rig.model import Host, Rig, Service
    from onionrig.store.run_directory import RunDirectory
    from onionrig.tor.control import Control

    Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

Record = TypeVar("Record", bound=msgspec.Struct)
Record_co = TypeVar("Record_co", bound=msgspec.Struct, covariant=True)


Signal = steps.Signal
"""The signals of services, defined with the faults, whose steps send them too."""


class GoneHost(msgspec.Struct, frozen=True, kw_only=True):
    """A host that can no longer be reached, although nothing was done to it."""

    name: str
    reason: str
    """Description of what was noticed, as a clause that follows the host's name and a colon."""
    last_heard_wall_seconds: float
    """Time, by this machine's clock, of the host's last answer or last record that arrived."""


class Followed(Protocol[Record_co]):
    """Records of one service while it writes them."""

    async def new(self) -> Sequence[Record_co]:
        """Return the records that have been written since the last call."""
        ...


class Engine(Protocol):
    """Hosts that a rig's services can run on.

    An engine is made by an ``Opening``. In its block it raises, as soon as it happens, the error
    for anything unexpected: DaemonDied for a service, HostLost for a host. Within
    ``outliving_hosts`` it reports a lost host instead. A host that it was itself asked to cut off
    or to reboot is not lost, and neither is one that disappears while the block is being left.

    A host that was reported stays lost until the block ends, and its services count as ended: to
    start, signal or end them does nothing, ``ready`` and ``finished`` do not wait for them, and
    what is followed on it yields nothing new. Its links are left alone, and no schedule is written
    there.

    After its block everything that it started has ended, whatever happened in between. What was
    recorded on other hosts is in the run directory, as far as it could be fetched in a bounded
    time. If some could not, a note says so on the error that ended the block, if there was one; it
    never replaces that error.
    """

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The hosts that services can run on, with their addresses."""
        ...

    @property
    def host_records(self) -> tuple[HostRecord, ...]:
        """Facts about each host for the manifest, and how far its clock differs from this one's."""
        ...

    @property
    def lost_hosts(self) -> frozenset[str]:
        """Names of the hosts whose loss the run has survived."""
        ...

    def outliving_hosts(self, tell: Callable[[GoneHost], None]) -> AbstractContextManager[None]:
        """Report each host that is lost in a block, once, instead of raising HostLost.

        A host counts as lost once ``tell`` returns. What ``tell`` raises ends the engine's block,
        as HostLost would: ``tell`` decides which hosts a run can do without.
        """
        ...

    @property
    def own_processes(self) -> Mapping[str, str]:
        """The engine's own processes that are sampled beside the services: their roles, by name."""
        ...

    @property
    def lead_seconds(self) -> int:
        """Time from scheduling a load to its ramp: what its movers need to start, on any host."""
        ...

    def layout(self, host: str) -> Layout:
        """Return where a run's files are on a host."""
        ...

    def by_hand(self, host: str) -> str:
        """Return what a person types before a command to run on a host."""
        ...

    async def claim_ports(
        self, ports_wanted: Sequence[PortWanted], places: Mapping[str, str]
    ) -> dict[str, int]:
        """Reserve a port for each use, on its service's host, until the block ends.

        Raises PortTaken.
        """
        ...

    async def make_keys(self, question: Question, places: Mapping[str, str]) -> Identities:
        """Make every service's keys on its host, and return their public halves.

        Raises Unequipped if a host cannot make keys.
        """
        ...

    async def prepare(self, rig: Rig) -> None:
        """Put every directory and file of a rig in place, readable by nobody else."""
        ...

    async def start(self, services: Iterable[Service]) -> None:
        """Start services. Raises DaemonDied or RunDirectoryError if one cannot be started."""
        ...

    async def signal(self, service: Service, signal: Signal) -> None:
        """Send a signal to a service, if it is still running."""
        ...

    async def end(self, service: Service, signal: Signal) -> None:
        """End a service by a signal and wait for its end, which is then expected."""
        ...

    async def finished(self, service: Service) -> None:
        """Wait until a service ends by itself. Raises the error that its exit code stands for."""
        ...

    async def ready(
        self,
        services: Sequence[Service],
        *,
        seconds: float,
        tell: Callable[[str], None],
        to_answer: bool = False,
    ) -> None:
        """Wait until services are ready, each by its ``Readiness``, since their last start.

        With ``to_answer``, wait only until they answer services that depend on them. ``tell`` is
        called with what is being waited for. Raises BringUpTimeout, naming the service that is
        furthest behind.
        """
        ...

    def control(self, service: Service) -> AbstractAsyncContextManager[Control]:
        """Open a tor's control port for a block. Raises one of ``tor.control.GONE``."""
        ...

    async def connect(self, host: str, address: str, port: int) -> Streams:
        """Connect to an address as a process of this host would. Raises OSError."""
        ...

    def log(self, service: Service) -> str:
        """Return where a service's output can be read on this machine."""
        ...

    async def last_line(self, service: Service) -> str:
        """Return the last line of a service's output, or a text saying that there is none."""
        ...

    async def write_schedule(self, schedule: Schedule) -> None:
        """Put the schedule where each host's services read it."""
        ...

    def follow(self, service: Service, kind: type[Record]) -> Followed[Record]:
        """Follow a service's records of a kind: a sampler's ``HostSample`` or ``TorSample``, ….

        Raises TypeError for a kind that the service does not record.
        """
        ...


@runtime_checkable
class LinkCuts(Protocol):
    """An engine that can cut its hosts off from one another."""

    async def set_link(self, host: str, *, up: bool) -> None:
        """Unplug a host, or plug it in; while unplugged, what it sends is lost without notice."""
        ...


@runtime_checkable
class LinkRates(Protocol):
    """An engine that can change the rates of its hosts' links."""

    async def set_link_rate(self, host: str, bits_per_second: float) -> None:
        """Set the rate of a host's link, each way."""
        ...


@runtime_checkable
class Reboots(Protocol):
    """An engine whose hosts can be rebooted."""

    async def reboot(self, host: str) -> None:
        """Reboot a host, and return once it is going down; its services are expected to end.

        Nothing of the run starts again once it is back. Until then it does not count as lost.
        """
        ...


class Opening(Protocol):
    """An engine that has been found to be possible here, but not entered yet."""

    @property
    def versions(self) -> Versions:
        """Versions of the programs that would run."""
        ...

    @property
    def host_records(self) -> tuple[HostRecord, ...]:
        """Facts about the hosts, known before anything has been made on them."""
        ...

    @property
    def capabilities(self) -> frozenset[type]:
        """The further protocols that the engine has, such as ``LinkCuts``."""
        ...

    def entered(
        self, question: Question, run_directory: RunDirectory
    ) -> AbstractAsyncContextManager[Engine]:
        """Return the engine as a context, for one run."""
        ...
