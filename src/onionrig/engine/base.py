"""What an engine can do: the seam between the phases of a run and where its services run.

The phases know a ``Rig`` and an ``Engine``. Processes, paths of this disk, namespaces and
connections to hosts are the engine's business alone; an engine is one folder beside this module and
its entry in ``engine.registry``. What only some engines can do is a further protocol.
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
    from onionrig.records.schedule import Schedule
    from onionrig.rig.allocation import Identities, PortWanted
    from onionrig.rig.layout import Layout
    from onionrig.rig.model import Host, Rig, Service
    from onionrig.store.run_directory import RunDirectory
    from onionrig.tor.control import Control

    Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

Record = TypeVar("Record", bound=msgspec.Struct)
Record_co = TypeVar("Record_co", bound=msgspec.Struct, covariant=True)


Signal = steps.Signal
"""What a service can be told: it is defined where faults are, which are steps that tell it too."""


class GoneHost(msgspec.Struct, frozen=True, kw_only=True):
    """A host that can no longer be reached, although nothing had been done to it."""

    name: str
    reason: str
    """What was noticed, as a clause that follows the host's name and a colon."""
    last_heard_wall_seconds: float
    """When it last answered or recorded something that arrived, by this machine's clock."""


class Followed(Protocol[Record_co]):
    """Records of one service while it writes them."""

    async def new(self) -> Sequence[Record_co]:
        """Return those that have been written since the last call."""
        ...


class Engine(Protocol):
    """Hosts that a rig's services can run on.

    It is made by an ``Opening``. In its block it raises, as soon as it happens, what nobody asked
    for: DaemonDied for a service, HostLost for a host. Within ``outliving_hosts`` it tells of a
    host instead. A host that it was itself asked to cut off or to restart is not lost, and neither
    is one that goes while the block is being left.

    A host that was told of stays lost until the block ends, and its services count as ended: to
    start, signal or end them does nothing, ``ready`` and ``finished`` do not wait for them, and
    what is followed on it brings nothing new. Its links are left alone, and no schedule is written
    there.

    After its block everything that it started has ended, whatever happened in between, and what was
    recorded on other hosts is in the run directory, as far as it could be fetched in a bounded
    time; that some could not is a note on the error that ended the block, if one did, and never
    takes its place.
    """

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The hosts that services can run on, with their addresses."""
        ...

    @property
    def host_records(self) -> tuple[HostRecord, ...]:
        """What each host is, and how far its clock is from this one's, for the manifest."""
        ...

    @property
    def lost_hosts(self) -> frozenset[str]:
        """The names of the hosts that were lost and outlived."""
        ...

    def outliving_hosts(self, tell: Callable[[GoneHost], None]) -> AbstractContextManager[None]:
        """Tell of each host that is lost in a block, once, instead of raising HostLost.

        A host counts as lost when ``tell`` returns. What ``tell`` raises ends the engine's block,
        as HostLost would: it decides which hosts a run can do without.
        """
        ...

    @property
    def own_processes(self) -> Mapping[str, str]:
        """The engine's own processes that are sampled beside the services: their roles, by name."""
        ...

    @property
    def lead_seconds(self) -> int:
        """How long before its ramp a load is scheduled: what its movers take to start, anywhere."""
        ...

    def layout(self, host: str) -> Layout:
        """Return where a run's files are on a host."""
        ...

    def by_hand(self, host: str) -> str:
        """Return what a person types before a command that is to run on a host."""
        ...

    async def claim_ports(
        self, wanted: Sequence[PortWanted], places: Mapping[str, str]
    ) -> dict[str, int]:
        """Keep a port for each use, on its service's host, until the block ends.

        Raises PortTaken.
        """
        ...

    async def make_keys(self, question: Question, places: Mapping[str, str]) -> Identities:
        """Make every service's keys on its host, and return their public halves.

        Raises Unequipped where a host cannot make keys.
        """
        ...

    async def prepare(self, rig: Rig) -> None:
        """Put every directory and file of a rig in place, with nobody else able to read them."""
        ...

    async def start(self, services: Iterable[Service]) -> None:
        """Start services. Raises DaemonDied or RunDirectoryError where one cannot be started."""
        ...

    async def signal(self, service: Service, signal: Signal) -> None:
        """Tell a service something, if it still runs."""
        ...

    async def end(self, service: Service, signal: Signal) -> None:
        """End a service by a signal and wait for it; that it ends is meant."""
        ...

    async def finished(self, service: Service) -> None:
        """Wait for a service that ends by itself. Raises what its exit code says went wrong."""
        ...

    async def ready(
        self,
        services: Sequence[Service],
        *,
        seconds: float,
        tell: Callable[[str], None],
        to_answer: bool = False,
    ) -> None:
        """Wait until services are ready, each by its ``Readiness``, since they were last started.

        With ``to_answer``, wait only until they answer what depends on them. ``tell`` is told what
        is waited for. Raises BringUpTimeout naming the one that is furthest behind.
        """
        ...

    def control(self, service: Service) -> AbstractAsyncContextManager[Control]:
        """Open a tor's control port for a block. Raises one of ``tor.control.GONE``."""
        ...

    async def connect(self, host: str, address: str, port: int) -> Streams:
        """Connect to an address as a process of this host would. Raises OSError."""
        ...

    def log(self, service: Service) -> str:
        """Return where a service's output is read, here and on this machine."""
        ...

    async def last_line(self, service: Service) -> str:
        """Return the last line of a service's output, or say in words that there is none."""
        ...

    async def write_schedule(self, schedule: Schedule) -> None:
        """Put the one schedule where each host's services read it."""
        ...

    def follow(self, service: Service, kind: type[Record]) -> Followed[Record]:
        """Follow what a service records of a kind: a sampler ``HostSample`` or ``TorSample``, ….

        Raises TypeError for a kind that the service does not record.
        """
        ...


@runtime_checkable
class Links(Protocol):
    """An engine that can cut its hosts off from one another."""

    async def set_link(self, host: str, *, up: bool) -> None:
        """Pull a host's plug, or put it in: what it sends is lost, and nobody is told."""
        ...


@runtime_checkable
class LinkRates(Protocol):
    """An engine that can change the rates of its hosts' links."""

    async def set_link_rate(self, host: str, bits_per_second: float) -> None:
        """Have a host's link carry so much from now on, each way."""
        ...


@runtime_checkable
class Reboots(Protocol):
    """An engine whose hosts can be restarted."""

    async def reboot(self, host: str) -> None:
        """Restart a host, and return once it goes down; its services' ends are meant.

        Nothing of the run starts again when it is back. Until then it is not lost.
        """
        ...


class Opening(Protocol):
    """An engine that is found to be possible here, and not entered yet."""

    @property
    def versions(self) -> Versions:
        """The programs that would run."""
        ...

    @property
    def host_records(self) -> tuple[HostRecord, ...]:
        """What is known of the hosts before anything has been made on them."""
        ...

    @property
    def capabilities(self) -> frozenset[type]:
        """The further protocols that the engine has, such as ``Links``."""
        ...

    def entered(
        self, question: Question, run_directory: RunDirectory
    ) -> AbstractAsyncContextManager[Engine]:
        """Return the engine as a context, for one run."""
        ...
