"""The engine for this machine: a rig's services are children of this process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
from contextlib import ExitStack, asynccontextmanager, nullcontext
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Generic

import msgspec

from onionrig.engine.base import Record, Signal
from onionrig.engine.local.equipment import Equipment
from onionrig.engine.local.fitness import usable_cache
from onionrig.engine.local.ports import allocated_ports
from onionrig.engine.local.sampled_processes import SampledProcesses
from onionrig.engine.readiness import Seen, wait_until_ready
from onionrig.experiment.question import START_SECONDS
from onionrig.probe.facts import host_name
from onionrig.processes.fleet import Fleet, ProcessToStart
from onionrig.processes.workspace import Kept, kept
from onionrig.rig.layout import LOOPBACK, Layout
from onionrig.rig.model import OURS, Bootstrapped, Host, Listening
from onionrig.rig.orders import recorded_at
from onionrig.store.lines import Tail
from onionrig.store.run_directory import RunDirectory
from onionrig.tor.bootstrap import BootstrapLog, last_line
from onionrig.tor.control import control
from onionrig.tor.identities import make_identities

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    from onionrig.engine.base import GoneHost, Streams
    from onionrig.experiment.question import Question
    from onionrig.records.manifest import HostRecord
    from onionrig.records.streams.schedule import Schedule
    from onionrig.rig.allocation import Identities, PortWanted
    from onionrig.rig.model import Rig, Service
    from onionrig.tor.control import Control

ListenAddress = PurePosixPath | tuple[str, int]
"""A unix socket, or a host and port."""

CONTROLLER, KEEPER = "controller", "keeper"
"""This program's own processes, sampled beside the services, each with a role of its own."""

NUMBERS = {
    Signal.RELOAD: signal.SIGHUP,
    Signal.TERMINATE: signal.SIGTERM,
    Signal.KILL: signal.SIGKILL,
    Signal.STOP: signal.SIGSTOP,
    Signal.CONTINUE: signal.SIGCONT,
}


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What a local engine is built on; its maker also ends it."""

    fleet: Fleet
    keeping: Kept
    run_directory: RunDirectory
    equipment: Equipment
    claims: ExitStack
    """Claims of ports, kept as long as the engine exists."""


class LocalEngine:
    """Runs a rig's services as children of this process, on this machine as the only host."""

    def __init__(self, ground: Ground) -> None:
        self._fleet = ground.fleet
        self._keeping = ground.keeping
        self._run_directory = ground.run_directory
        self._equipment = ground.equipment
        self._claims = ground.claims
        self._sampled: SampledProcesses | None = None
        self._bootstraps: dict[str, BootstrapLog] = {}
        self._silent: dict[str, list[ListenAddress]] = {}
        """Addresses at which a service should accept connections and has not been seen to."""

    @property
    def hosts(self) -> tuple[Host, ...]:
        """This machine, whose daemons communicate over loopback."""
        return (Host(name=host_name(), address=LOOPBACK),)

    @property
    def host_records(self) -> tuple[HostRecord, ...]:
        """Facts about this machine."""
        return self._equipment.host_records

    @property
    def lost_hosts(self) -> frozenset[str]:
        """No hosts: this machine cannot be lost without this program."""
        return frozenset()

    def outliving_hosts(self, tell: Callable[[GoneHost], None]) -> AbstractContextManager[None]:
        """Return a context that never reports anything."""
        del tell
        return nullcontext()

    @property
    def own_processes(self) -> Mapping[str, str]:
        """The controller and the keeper."""
        return {CONTROLLER: CONTROLLER, KEEPER: KEEPER}

    @property
    def lead_seconds(self) -> int:
        """Time that a child of this process takes to start: within a second."""
        return START_SECONDS

    def layout(self, host: str) -> Layout:
        """Return where a run's files are: records go directly into the run directory."""
        del host  # every host that a local engine knows is on this disk
        return Layout(
            workspace=PurePosixPath(self._keeping.workspace),
            records=PurePosixPath(self._run_directory.path),
            programs=self._equipment.programs,
        )

    def by_hand(self, host: str) -> str:
        """Return an empty text: what is typed here runs here."""
        del host
        return ""

    async def claim_ports(
        self, ports_wanted: Sequence[PortWanted], places: Mapping[str, str]
    ) -> dict[str, int]:
        """Find and reserve free ports on loopback. Raises PortTaken."""
        del places
        needed = {port_wanted.key: port_wanted.fixed for port_wanted in ports_wanted}
        return self._claims.enter_context(allocated_ports(needed, address=LOOPBACK))

    async def make_keys(self, question: Question, places: Mapping[str, str]) -> Identities:
        """Make all keys in the workspace; those of authorities and relays are kept for later runs.

        If nothing can be kept, they are made for this run alone. Raises Unequipped.
        """
        del places
        cache, _ = usable_cache()
        return await asyncio.to_thread(
            make_identities,
            question.experiment,
            workspace=self._keeping.workspace,
            cache=cache or self._keeping.workspace / "cache",
            tor=self._equipment.programs.tor,
        )

    async def prepare(self, rig: Rig) -> None:
        """Put every directory and file in place, with modes 0700 and 0600."""
        self._sampled = SampledProcesses(
            rig, others=self.sampled_beside(), unsampled=self.unsampled()
        )
        await asyncio.to_thread(_prepare, rig)

    async def start(self, services: Iterable[Service]) -> None:
        """Start services, and have them sampled."""
        for service in services:
            path = Path(service.log_path)
            if isinstance(service.ready, Bootstrapped):
                # the readiness of a restarted tor depends only on what it logs from now on
                self._bootstraps[service.name] = BootstrapLog(path, after=size_of(path))
            if isinstance(service.ready, Listening):
                self._silent[service.name] = [*service.ready.socket_paths, *service.ready.tcp]
            self._fleet.start(self.child_of(service))
        if self._sampled is not None:
            self._sampled.write(self._fleet.processes())

    async def signal(self, service: Service, signal: Signal) -> None:
        """Send a signal to a service, if it is still running."""
        self._fleet.signal(service.name, NUMBERS[signal])

    async def end(self, service: Service, signal: Signal) -> None:
        """End a service by a signal and wait for its end; if it takes too long, kill it."""
        await self._fleet.end(service.name, NUMBERS[signal])

    async def finished(self, service: Service) -> None:
        """Wait until a service ends by itself. Raises an error for an exit code other than 0."""
        await self._fleet.finished(service.name)

    async def ready(
        self,
        services: Sequence[Service],
        *,
        seconds: float,
        tell: Callable[[str], None],
        to_answer: bool = False,
    ) -> None:
        """Wait until services are ready. Raises BringUpTimeout."""
        await wait_until_ready(
            services, self._look, self.log, seconds=seconds, tell=tell, to_answer=to_answer
        )

    def control(self, service: Service) -> AbstractAsyncContextManager[Control]:
        """Open a tor's control socket. Raises TypeError if it is not a tor."""
        if service.control_path is None:
            raise TypeError(f"{service.name} is no tor daemon")
        return control(str(service.control_path))

    async def connect(self, host: str, address: str, port: int) -> Streams:
        """Connect to an address of this machine. Raises OSError."""
        del host
        return await asyncio.open_connection(address, port)

    def log(self, service: Service) -> str:
        """Return where a service writes its output."""
        return str(service.log_path)

    async def last_line(self, service: Service) -> str:
        """Return the last line of a service's output."""
        return last_line(Path(service.log_path))

    async def write_schedule(self, schedule: Schedule) -> None:
        """Write the schedule into the run directory, where every service reads it."""
        self._run_directory.write_schedule(schedule)

    def follow(self, service: Service, kind: type[Record]) -> FollowedFile[Record]:
        """Follow a service's file with records of a kind."""
        return FollowedFile(Tail(recorded_at(service.name, service.orders, kind), kind))

    def child_of(self, service: Service) -> ProcessToStart:
        """Return a service as a child of this process."""
        return ProcessToStart(
            name=service.name,
            argv=service.argv,
            directory=service.directory,
            log_path=service.log_path,
            ours=service.role in OURS,
        )

    def processes(self) -> dict[str, int]:
        """Return the process ids of the running services, by name."""
        return self._fleet.processes()

    def sampled_beside(self) -> dict[str, int]:
        """Return the process ids of what is sampled beside the services, by name."""
        return {CONTROLLER: os.getpid(), KEEPER: self._keeping.keeper_pid}

    def unsampled(self) -> tuple[int, ...]:
        """Return the process ids of what belongs to the rig and is not sampled."""
        return ()

    def accepts(self, service: Service, address: ListenAddress) -> bool:
        """Return whether someone listens there, from the point of view of the service's host."""
        del service
        return accepts(address)

    async def _look(self, service: Service) -> Seen:
        if isinstance(service.ready, Bootstrapped):
            log = self._bootstraps[service.name]
            log.read_on()
            return Seen(percent=log.percent, doing=log.doing, warning=log.warning)
        silent = self._silent[service.name]
        while silent:
            if not await asyncio.to_thread(self.accepts, service, silent[0]):
                return Seen(doing=address_text(silent[0]))
            del silent[0]
        return Seen(listens=True)


class FollowedFile(Generic[Record]):
    """A local file from which new records are read."""

    def __init__(self, tail: Tail[Record]) -> None:
        self._tail = tail

    async def new(self) -> list[Record]:
        """Return the records completed since the last call."""
        return self._tail.new()


@asynccontextmanager
async def entered_local(
    equipment: Equipment, run_directory: RunDirectory
) -> AsyncIterator[LocalEngine]:
    """Provide this machine as an engine for a block; raises in it the error for what died."""
    with ExitStack() as claims:
        async with (
            kept(finish=finishing(run_directory)) as keeping,
            Fleet(keeping.environment, keeping.guard) as fleet,
        ):
            yield LocalEngine(
                Ground(
                    fleet=fleet,
                    keeping=keeping,
                    run_directory=run_directory,
                    equipment=equipment,
                    claims=claims,
                )
            )


def finishing(run_directory: RunDirectory) -> tuple[str, ...]:
    """Return the command with which the keeper of a killed run writes its result."""
    return (sys.executable, "-m", "onionrig.store.account", str(run_directory.path))


def make_private(directory: Path) -> None:
    """Make a directory and its missing parents, each with mode 0700."""
    missing = [directory, *directory.parents]
    for path in reversed(missing):
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)


def size_of(path: Path) -> int:
    """Return the size of a file in bytes, or 0 if there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def accepts(address: ListenAddress) -> bool:
    """Return whether someone listens on a unix socket, or at a host and port."""
    where: str | tuple[str, int]
    if isinstance(address, PurePosixPath):
        family, where = socket.AF_UNIX, str(address)
    else:
        family, where = socket.AF_INET6 if ":" in address[0] else socket.AF_INET, address
    with socket.socket(family) as probe:
        try:
            probe.connect(where)
        except OSError:
            return False
        return True


def address_text(address: ListenAddress) -> str:
    """Return an address in the form in which people write it."""
    return str(address) if isinstance(address, PurePosixPath) else f"{address[0]}:{address[1]}"


def _prepare(rig: Rig) -> None:
    for service in rig.services:
        for directory in (service.directory, *service.other_directories):
            make_private(Path(directory))
        for key in service.keys:
            path = Path(key.path)
            make_private(path.parent)
            shutil.copyfile(key.made_at, path)
            path.chmod(0o600)
        for file in service.rendered_files:
            path = Path(file.path)
            make_private(path.parent)
            path.touch(mode=0o600)
            path.write_text(file.text, encoding="utf-8")
