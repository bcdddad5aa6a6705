"""The engine for real hosts: systemd units, reached over SSH, whose records are copied here."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from onionrig.engine.ansible.connection import CommandFailed
from onionrig.engine.ansible.hosts import follower
from onionrig.engine.ansible.looks import Looks
from onionrig.engine.ansible.scripts import (
    archive,
    cut_script,
    keys_script,
    load_script,
    written_by,
)
from onionrig.engine.base import Record, Signal
from onionrig.engine.local.engine import FollowedFile
from onionrig.engine.local.ports import FIRST_PORT
from onionrig.engine.readiness import wait_until_ready
from onionrig.errors import DaemonDied, HostLost, PortTaken, Unequipped
from onionrig.processes.fleet import death
from onionrig.processes.together import together
from onionrig.rig.keys import HostKeys, identities_from, keys_by_host
from onionrig.rig.model import OURS, File, Host, json_text
from onionrig.rig.orders import recorded_at
from onionrig.rig.units import USER, load_timer_unit, service_units
from onionrig.store.lines import Tail
from onionrig.store.run_directory import SCHEDULE
from onionrig.tor.bootstrap import last_line
from onionrig.tor.control import control

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterator,
        Awaitable,
        Callable,
        Iterable,
        Mapping,
        Sequence,
    )
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    from onionrig.engine.ansible.found import FoundHost
    from onionrig.engine.ansible.hosts import RemoteHosts, RunHost
    from onionrig.engine.base import GoneHost, Streams
    from onionrig.experiment.question import Question
    from onionrig.records.manifest import HostRecord
    from onionrig.records.streams.schedule import Schedule
    from onionrig.rig.allocation import Identities, PortWanted
    from onionrig.rig.layout import Layout
    from onionrig.rig.model import Rig, Service
    from onionrig.store.run_directory import RunDirectory
    from onionrig.tor.control import Control

LEAD_SECONDS = 8
"""Time from scheduling a load to its ramp: to inform every host, and to start Python and a sink on
a small board."""
FOLLOWING = "controller"
"""Role of the process that copies records; it serves the controller, beside the services."""
NAMES = {
    Signal.RELOAD: "SIGHUP",
    Signal.TERMINATE: "SIGTERM",
    Signal.KILL: "SIGKILL",
    Signal.STOP: "SIGSTOP",
    Signal.CONTINUE: "SIGCONT",
}
END_SECONDS = 15.0
"""Time that a service may take to end before it is told to end again."""


class AnsibleEngine:
    """Runs a rig's services on the hosts of an inventory."""

    def __init__(
        self,
        hosts: RemoteHosts,
        found_by_name: Mapping[str, FoundHost],
        question: Question,
        run_directory: RunDirectory,
        group: asyncio.TaskGroup,
    ) -> None:
        """Set up the engine; ``group`` runs the tasks that last as long as the engine's block."""
        self._group = group
        self._hosts = hosts
        self._found_by_name = found_by_name
        self._question = question
        self._run_directory = run_directory
        self._services: dict[str, Service] = {}
        self._looks = Looks(hosts)

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The hosts of the inventory that have a role."""
        return tuple(
            Host(name=name, kind="remote", address=host.facts.address)
            for name, host in self._found_by_name.items()
        )

    @property
    def host_records(self) -> tuple[HostRecord, ...]:
        """Facts about each host, and how far its clock differs from this one's."""
        return tuple(
            host.record(self.layout(name).records) for name, host in self._found_by_name.items()
        )

    @property
    def lost_hosts(self) -> frozenset[str]:
        """The hosts whose loss the run has survived."""
        return frozenset(self._hosts.lost)

    def outliving_hosts(self, tell: Callable[[GoneHost], None]) -> AbstractContextManager[None]:
        """Report each host that is lost in a block, once, instead of raising HostLost."""
        return self._hosts.outliving(tell)

    @property
    def own_processes(self) -> Mapping[str, str]:
        """Only the processes that copy the records of each host."""
        return {follower(name): FOLLOWING for name in self._found_by_name}

    @property
    def lead_seconds(self) -> int:
        """Time that the movers take to start on a small board."""
        return LEAD_SECONDS

    def layout(self, host: str) -> Layout:
        """Return where a run's files are on a host."""
        return self._found_by_name[host].layout(self._hosts[host].run)

    def by_hand(self, host: str) -> str:
        """Return what a person types before a command to run on a host."""
        return self._found_by_name[host].access.by_hand()

    async def claim_ports(
        self, ports_wanted: Sequence[PortWanted], places: Mapping[str, str]
    ) -> dict[str, int]:
        """Return a port for each use that nothing listens on. Raises PortTaken."""
        ports: dict[str, int] = {}
        taken_ports = {
            name: set(found_host.facts.listening_ports)
            for name, found_host in self._found_by_name.items()
        }
        for port_wanted in ports_wanted:
            host = places[port_wanted.service]
            if port_wanted.fixed is not None and port_wanted.fixed in taken_ports[host]:
                raise PortTaken(
                    f"port {port_wanted.fixed}, fixed by hand for {port_wanted.key}, is taken on "
                    f"{host}: end what listens there, or leave the port out and a free one is "
                    "picked"
                )
            port = port_wanted.fixed or next(
                port for port in range(FIRST_PORT, 1 << 16) if port not in taken_ports[host]
            )
            taken_ports[host].add(port)
            ports[port_wanted.key] = port
        return ports

    async def make_keys(self, question: Question, places: Mapping[str, str]) -> Identities:
        """Make keys where they will be used; their secret halves stay there. Raises Unequipped."""
        wanted_by_host = keys_by_host(question.experiment, places)

        async def make_on(name: str) -> HostKeys:
            host, python = self._hosts[name], self.layout(name).programs.python
            try:
                printed = await host.connection.run(
                    (
                        "runuser", "-u", USER, "--",
                        python, "-m", "onionrig.node.keys", str(host.run.workspace),
                    ),
                    stdin=msgspec.json.encode(wanted_by_host[name]),
                )  # fmt: skip
            except CommandFailed as error:
                raise Unequipped(f"{name} cannot make keys: {error.output.stderr}") from error
            return msgspec.json.decode(printed, type=HostKeys, dec_hook=_path)

        return identities_from(question.experiment, await together(*map(make_on, wanted_by_host)))

    async def prepare(self, rig: Rig) -> None:
        """Put every directory, file, key and unit in place, and begin to copy records."""
        self._services = {service.name: service for service in rig.services}
        self._hosts.places = {service.name: service.host for service in rig.services}
        handed_on = self._run_directory.so_far()

        async def prepare(host: RunHost) -> None:
            services = [service for service in rig.services if service.host == host.name]
            cores = self._found_by_name[host.name].facts.facts.cores
            units = service_units(
                host.run, services, cores=cores if self._question.experiment.cluster.pin else None
            )
            controls = host.run.workspace / "controls"
            content = archive(services, units, controls, _in_records(host, handed_on))
            connection = host.connection
            await connection.run(("tar", "-xpf", "-", "-C", "/"), stdin=content)
            await connection.script(keys_script(services))
            written = [path for service in services for path in written_by(service)]
            self._hosts.follow(self._group, host, written)

        await self._hosts.on_all(_raising_host_lost(prepare, "cannot be prepared"))

    async def start(self, services: Iterable[Service]) -> None:
        """Start services. Raises DaemonDied if one cannot be started."""
        by_host: dict[str, list[Service]] = {}
        for service in services:
            if service.host in self._hosts.gone:
                continue
            by_host.setdefault(service.host, []).append(service)
            self._looks.starts(service, self._copy_of(service.log_path, service.host))
            self._hosts.ends.started(service.name)

        async def start(name: str) -> None:
            host = self._hosts[name]
            units = [host.run.unit(service.name) for service in by_host[name]]
            try:
                with self._hosts.bearing_loss_of(name):
                    await host.connection.run(("systemctl", "start", *units))
            except CommandFailed as error:
                raise DaemonDied(
                    f"{name}: {', '.join(service.name for service in by_host[name])} could not be "
                    f"started: {error.output.stderr}"
                ) from error

        await together(*map(start, by_host))

    async def signal(self, service: Service, signal: Signal) -> None:
        """Send a signal to a service, if it is still running."""
        if service.host not in self._hosts.gone and self._hosts.ends.runs(service.name):
            await self._kill(service, signal)

    async def end(self, service: Service, signal: Signal) -> None:
        """End a service by a signal and wait for its end; if it takes too long, kill it."""
        self._hosts.ends.may_end([service.name])
        if service.host in self._hosts.gone or not self._hosts.ends.runs(service.name):
            return
        await self._kill(service, signal)
        if signal is not Signal.KILL:
            await self._kill(service, Signal.CONTINUE)  # a stopped process ignores the first signal
        try:
            async with asyncio.timeout(END_SECONDS):
                await self._hosts.ends.ended(service.name)
        except TimeoutError:
            await self._systemctl("systemctl stop", service)

    async def finished(self, service: Service) -> None:
        """Wait until a service ends by itself. Raises the error that its exit code stands for."""
        self._hosts.ends.may_end([service.name])
        code = await self._hosts.ends.ended(service.name)
        if code:
            raise self.death(service.name, code)

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
            services, self._looks.at, self.log, seconds=seconds, tell=tell, to_answer=to_answer
        )

    def control(self, service: Service) -> AbstractAsyncContextManager[Control]:
        """Open a tor's control socket, forwarded here. Raises TypeError if it is not a tor."""
        if service.control_path is None:
            raise TypeError(f"{service.name} is no tor daemon")
        return _forwarded_control(self._hosts[service.host], service.control_path)

    async def connect(self, host: str, address: str, port: int) -> Streams:
        """Connect to an address as a process of this host would. Raises OSError."""
        return await self._hosts[host].connection.open((address, port))

    def log(self, service: Service) -> str:
        """Return where the copy of a service's output is."""
        return str(self._copy_of(service.log_path, service.host))

    async def last_line(self, service: Service) -> str:
        """Return the last line of a service's output."""
        return last_line(self._copy_of(service.log_path, service.host))

    async def write_schedule(self, schedule: Schedule) -> None:
        """Tell every host about a load, which then ends by itself even without a controller."""
        self._run_directory.write_schedule(schedule)
        grace = int(self._question.experiment.cluster.grace)
        length = schedule.end_second - schedule.ramp_second
        # more is known than when they were put in place, such as the consensus' parameters
        texts = {SCHEDULE: json_text(schedule), **self._run_directory.so_far()}

        async def tell(host: RunHost) -> None:
            timer = load_timer_unit(host.run, seconds=length + LEAD_SECONDS + grace)
            script = load_script(host.run, timer, _in_records(host, texts))
            await host.connection.script(script)

        await self._hosts.tell_of_load(
            _raising_host_lost(tell, "could not be told of the load"), seconds=length + LEAD_SECONDS
        )

    def follow(self, service: Service, kind: type[Record]) -> FollowedFile[Record]:
        """Follow the copy of a service's file with records of a kind."""
        path = PurePosixPath(recorded_at(service.name, service.orders, kind))
        return FollowedFile(Tail(self._copy_of(path, service.host), kind))

    async def set_link(self, host: str, *, up: bool) -> None:
        """Cut a host off from all but this controller, or reconnect it. Raises Unequipped."""
        connection = self._hosts[host].connection
        with self._hosts.bearing_loss_of(host):
            try:
                printed = await connection.run(("sh", "-c", "echo $SSH_CONNECTION"), as_root=False)
                controller = next(iter(printed.decode().split()), None)
                await connection.script(cut_script(controller, up=up))
            except CommandFailed as error:
                raise Unequipped(f"{host}: its link cannot be changed: {error}") from error

    async def reboot(self, host: str) -> None:
        """Reboot a host, and return once it is going down."""
        self._hosts.goes_down(host)
        with suppress(HostLost):  # it may be gone before it answers
            await self._hosts[host].connection.output(("sh", "-c", "systemctl reboot"))

    def death(self, name: str, code: int) -> Exception:
        """Return the error that explains a service's unexpected end."""
        service = self._services[name]
        who = f"{name} on {service.host}"
        error = death(
            who,
            code,
            ours=service.role in OURS,
            after_seconds=self._hosts.ends.age_seconds(name),
            last=last_line(self._copy_of(service.log_path, service.host)),
            log=self.log(service),
        )
        # what a program of ours said of its end does not say on which host that was
        return error if str(error).startswith(who) else type(error)(f"{who}: {error}")

    def _copy_of(self, path: PurePosixPath, host: str) -> Path:
        return self._run_directory.path / path.relative_to(self._hosts[host].run.records)

    async def _kill(self, service: Service, signal: Signal) -> None:
        await self._systemctl(f"systemctl kill --signal={NAMES[signal]}", service)

    async def _systemctl(self, words: str, service: Service) -> None:
        host = self._hosts[service.host]
        with self._hosts.bearing_loss_of(host.name):
            await host.connection.output((*words.split(), host.run.unit(service.name)))


def _raising_host_lost(
    action: Callable[[RunHost], Awaitable[None]], failing: str
) -> Callable[[RunHost], Awaitable[None]]:
    async def explained(host: RunHost) -> None:
        try:
            await action(host)
        except CommandFailed as error:
            raise HostLost(f"{host.name}: it {failing}: {error.output.stderr}") from error

    return explained


def _in_records(host: RunHost, texts: Mapping[str, str]) -> list[File]:
    """Return the controller's own records as files beside those that a host keeps of the run."""
    return [File(path=host.run.records / name, text=text) for name, text in texts.items()]


@asynccontextmanager
async def _forwarded_control(host: RunHost, path: PurePosixPath) -> AsyncIterator[Control]:
    async with control(str(await host.connection.forwarded(path))) as tor:
        yield tor


def _path(kind: type, value: object) -> object:
    if kind is PurePosixPath:
        return PurePosixPath(str(value))
    raise NotImplementedError(kind)
