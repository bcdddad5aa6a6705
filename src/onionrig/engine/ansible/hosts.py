"""The hosts of one run: connected, claimed, followed, and always released."""

from __future__ import annotations

import asyncio
import tarfile
import time
from contextlib import contextmanager, suppress
from itertools import repeat
from typing import TYPE_CHECKING

import msgspec

from onionrig.engine.ansible.connection import CommandFailed, SshConnection
from onionrig.engine.ansible.ends import ServiceEnds
from onionrig.engine.ansible.mirror import Mirror, tail_argv
from onionrig.engine.ansible.scripts import (
    IN_USE,
    claim_script,
    fetch_argv,
    move_on_script,
    stand_down_script,
    stop_script,
    unpacked,
)
from onionrig.engine.base import GoneHost
from onionrig.engine.local.engine import make_private
from onionrig.errors import HostLost, HostsInUse, OnionrigError, Unequipped
from onionrig.processes.together import together
from onionrig.rig.units import HostRun, follower_argv, stand_down_units

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator
    from pathlib import Path, PurePosixPath

    from onionrig.engine.ansible.access import Access

STOP_SECONDS = 30.0
COLLECT_SECONDS = 300.0
REBOOT_SECONDS, REBOOT_PAUSE_SECONDS = 120.0, 1.0
"""Time that a host may take to reboot, and the pause between two attempts to reach it."""
MOVED_ON_IN_GRACE = 4
"""Number of times that the grace timer is extended per grace period."""


class RunHost(msgspec.Struct, frozen=True, kw_only=True):
    """A host of a run."""

    connection: SshConnection
    run: HostRun

    @property
    def name(self) -> str:
        """The host's name."""
        return self.connection.host


class RemoteHosts:
    """Every host of one run. What is done on all of them is done concurrently."""

    def __init__(self, hosts: Iterable[RunHost], records: Path, *, grace_seconds: int) -> None:
        self._hosts = {host.name: host for host in hosts}
        self._records = records
        self._grace_seconds = grace_seconds
        self._claimed: set[str] = set()
        self._timers = {name: asyncio.Lock() for name in self._hosts}
        self._load_until_seconds = 0.0
        self._followers: list[asyncio.Task[None]] = []
        self._tell: Callable[[GoneHost], None] | None = None
        self._leaving = False
        self._heard_wall_seconds: dict[str, float] = {}
        self.places: dict[str, str] = {}
        """The host of each service."""
        self.ends = ServiceEnds()
        self.lost: set[str] = set()
        self.down: set[str] = set()
        """Hosts that went down on request."""

    def __getitem__(self, name: str) -> RunHost:
        return self._hosts[name]

    def __iter__(self) -> Iterator[RunHost]:
        """Iterate over the hosts that are neither lost nor down."""
        return (host for host in self._hosts.values() if host.name not in self.gone)

    @property
    def gone(self) -> set[str]:
        """The hosts that cannot be given any commands."""
        return self.lost | self.down

    async def on_all(self, action: Callable[[RunHost], Awaitable[None]]) -> None:
        """Do something on every host that is not lost. Raises HostLost."""

        async def on(host: RunHost) -> None:
            with self.bearing_loss_of(host.name):
                await action(host)

        await together(*(on(host) for host in self))

    async def claim(self, who: str) -> None:
        """Claim every host for this run alone.

        The first host is claimed before the others, so that of two controllers that claim the same
        hosts at once, one gets all of them. Every claim is waited for: one that was given up
        halfway would keep its host busy for a run that does not exist. Raises HostsInUse,
        Unequipped or HostLost, which names every other host that could not be claimed.
        """
        first, *others = self
        errors = [error for error in [await self._claim(first, who)] if error]
        if not errors:
            outcomes = await together(*(self._claim(host, who) for host in others))
            errors = [error for error in outcomes if error]
        if errors:
            errors.sort(key=lambda error: not isinstance(error, HostsInUse))
            raise type(errors[0])("\n".join(map(str, errors)))

    async def _claim(self, host: RunHost, who: str) -> OnionrigError | None:
        """Claim a host, or return the error that says why it is not this run's."""
        units = stand_down_units(host.run, grace_seconds=self._grace_seconds)
        self._claimed.add(host.name)  # before it is known: it is given back whatever happens
        try:
            await host.connection.script(claim_script(host.run, units, who))
        except CommandFailed as error:
            if error.output.code == IN_USE:
                self._claimed.discard(host.name)
            return _refused(host, error)
        except HostLost as error:
            return error
        return None

    async def keep(self) -> None:
        """Keep extending the grace timers, except under load.

        Each host has a loop of its own, so that one which answers late delays no other's timer.
        """
        await together(*map(self._keep, self._hosts))

    async def _keep(self, name: str) -> None:
        while name not in self.gone:
            async with self._timers[name]:
                if asyncio.get_running_loop().time() >= self._load_until_seconds:
                    with self.bearing_loss_of(name):
                        await _move_timer_on(self._hosts[name])
            await asyncio.sleep(self._grace_seconds / MOVED_ON_IN_GRACE)

    async def tell_of_load(
        self, tell: Callable[[RunHost], Awaitable[None]], *, seconds: float
    ) -> None:
        """Tell every host about a load that is over after this many seconds."""
        self._load_until_seconds = asyncio.get_running_loop().time() + seconds

        async def tell_one(host: RunHost) -> None:
            async with self._timers[host.name]:
                await tell(host)

        await self.on_all(tell_one)

    async def watch(self, death: Callable[[str, int], Exception]) -> None:
        """Raise the error for a service that died, unless its host is going down."""
        while True:
            name, code = await self.ends.unexpected.get()
            if not await self._goes_down(self.places[name]):
                raise death(name, code)

    def follow(
        self, group: asyncio.TaskGroup, host: RunHost, paths: Iterable[PurePosixPath]
    ) -> None:
        """Copy what a host's services write, as long as the group lasts."""
        self._followers.append(group.create_task(self._follow(host, tuple(paths))))

    @contextmanager
    def outliving(self, tell: Callable[[GoneHost], None]) -> Iterator[None]:
        """Report hosts that are lost in a block, instead of raising HostLost."""
        before, self._tell = self._tell, tell
        try:
            yield
        finally:
            self._tell = before

    @contextmanager
    def bearing_loss_of(self, name: str) -> Iterator[None]:
        """Record the loss of a host that is noticed in a block. Raises HostLost."""
        try:
            yield
        except HostLost as error:
            self._take_loss(name, error)

    def goes_down(self, name: str) -> None:
        """Record that a host goes down on request."""
        self.down.add(name)
        self._forget_services_of(name)

    def leave(self) -> None:
        """Stop copying and watching: services are expected to end from now on."""
        self._leaving = True
        for follower_task in self._followers:
            follower_task.cancel()

    async def give_back(self) -> list[str]:
        """End every service, fetch the records and remove what is volatile; return what failed."""
        hosts = [host for host in self if host.name in self._claimed]
        problems = await together(*map(_give_back, hosts, repeat(self._records)))
        return [problem for several in problems for problem in several]

    async def await_rebooted(self, connect: Callable[[Access], Awaitable[SshConnection]]) -> None:
        """Connect again to the hosts that went down, so that their records can be fetched."""

        async def again(name: str) -> None:
            host = self._hosts[name]
            with suppress(TimeoutError):
                async with asyncio.timeout(REBOOT_SECONDS):
                    connection = await _connected_again(host.connection.access, connect)
                    self._hosts[name] = RunHost(connection=connection, run=host.run)
                    self.down.discard(name)

        await together(*map(again, tuple(self.down & self._claimed)))

    async def _follow(self, host: RunHost, paths: tuple[PurePosixPath, ...]) -> None:
        mirror = Mirror(
            host.run.records, self._records, lambda path, piece: self._heard(host, path, piece)
        )
        tail_words = tail_argv((host.run.exits, *paths))
        argv = follower_argv(host.run, follower(host.name), tail_words)
        with self.bearing_loss_of(host.name):
            async with host.connection.running(argv) as tail:
                if tail.stdout is None or tail.stderr is None:
                    raise TypeError("tail was started without pipes")
                complaints = asyncio.ensure_future(_discard(tail.stderr))
                try:
                    await mirror.follow(tail.stdout)
                finally:
                    complaints.cancel()
            if await host.connection.stands():
                raise HostLost(
                    f"{host.name}: the run was ended there, by somebody's `onionrig cluster down`, "
                    "systemctl, its timer if this controller was held up, or as the host goes down"
                )
            raise HostLost(f"{host.name}: the connection to it has ended")

    def _heard(self, host: RunHost, path: PurePosixPath, piece: bytes) -> bool:
        self._heard_wall_seconds[host.name] = time.time()
        if path != host.run.exits:
            return False
        self.ends.hear(piece)
        return True

    async def _goes_down(self, name: str) -> bool:
        with self.bearing_loss_of(name):
            output = await self._hosts[name].connection.output(("systemctl", "is-system-running"))
            if output.stdout.strip() == b"stopping":
                self._take_loss(name, HostLost(f"{name}: it is being shut down"))
        return name in self.gone

    def _take_loss(self, name: str, error: HostLost) -> None:
        if self._leaving or name in self.gone:
            return
        if self._tell is None:
            raise error
        self._tell(
            GoneHost(
                name=name,
                reason=str(error).removeprefix(f"{name}: "),
                last_heard_wall_seconds=self._heard_wall_seconds.get(name, time.time()),
            )
        )
        self.lost.add(name)
        self._forget_services_of(name)

    def _forget_services_of(self, name: str) -> None:
        self.ends.lost(service for service, host in self.places.items() if host == name)


def follower(host: str) -> str:
    """Return the name of the process that copies a host's records and runs beside its services."""
    return f"follow-{host}"


def _replace_copies(content: bytes, records: Path) -> None:
    """Replace the copies made during the run by the fetched files."""
    for path, file in unpacked(content):
        target = records / path
        make_private(target.parent)
        target.touch(mode=0o600)
        target.write_bytes(file)


def _refused(host: RunHost, error: CommandFailed) -> OnionrigError:
    if error.output.code == IN_USE:
        _, _, who = error.output.stdout.decode(errors="replace").partition("\n")
        return HostsInUse(
            f"{host.name} is in use by {who.strip() or 'another run'}; wait for its end, or end it "
            "with `onionrig cluster down`"
        )
    return Unequipped(f"{host.name} cannot be prepared for a run: {error}")


async def _connected_again(
    access: Access, connect: Callable[[Access], Awaitable[SshConnection]]
) -> SshConnection:
    while True:
        with suppress(Unequipped):
            return await connect(access)
        await asyncio.sleep(REBOOT_PAUSE_SECONDS)


async def _move_timer_on(host: RunHost) -> None:
    try:
        await host.connection.script(move_on_script(host.run))
    except CommandFailed as error:
        raise HostLost(f"{host.name}: its timer could not be moved on: {error}") from error


async def _give_back(host: RunHost, records: Path) -> list[str]:
    """End a run on a host, as far as possible; records that cannot be fetched stay there.

    Returns explanations of what failed.
    """
    problems: list[str] = []

    async def attempt(step: Awaitable[object], failing: str) -> bool:
        try:
            await step
        except (CommandFailed, OnionrigError, OSError, tarfile.TarError) as error:
            problems.append(f"{host.name}: {failing}: {error}")
            return False
        return True

    run, connection = host.run, host.connection
    await attempt(
        connection.script(stop_script(run), seconds=STOP_SECONDS), "its services were not ended"
    )
    fetched = await attempt(
        _fetch_records(host, records), f"what it recorded stays in {run.records}"
    )
    await attempt(
        connection.script(stand_down_script(run, keep_records=not fetched), seconds=STOP_SECONDS),
        "the run was not cleared away",
    )
    return problems


async def _fetch_records(host: RunHost, records: Path) -> None:
    """Replace the copies made during the run by what a host has recorded."""
    content = await host.connection.run(fetch_argv(host.run), seconds=COLLECT_SECONDS)
    await asyncio.to_thread(_replace_copies, content, records)


async def _discard(stream: asyncio.StreamReader) -> None:
    """Read and discard, so that tail never blocks when it complains about missing files."""
    with suppress(asyncio.CancelledError):
        while await stream.read(1 << 12):
            pass
