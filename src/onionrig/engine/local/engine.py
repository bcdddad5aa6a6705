"""The local engine: put a service's files in place, start it, know when it is ready."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from onionrig.engine.local.sampled import Sampled
from onionrig.movers.single_dial import connected
from onionrig.processes.deadline import POLL_SECONDS, deadline
from onionrig.rig.model import Bootstrapped, Listening
from onionrig.tor.bootstrap import DONE, BootstrapLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from onionrig.engine.emulation.hosts import Emulation
    from onionrig.movers.single_dial import Streams
    from onionrig.processes.fleet import Fleet
    from onionrig.rig.model import Rig, Service
    from onionrig.rig.orders import SocksEndpoint

Found = TypeVar("Found")

LISTENING_SECONDS = 15.0


class LocalEngine:
    """Runs a rig's services as children of this process."""

    def __init__(
        self,
        rig: Rig,
        fleet: Fleet,
        *,
        others: dict[str, int],
        emulation: Emulation | None = None,
    ) -> None:
        self.rig = rig
        self.fleet = fleet
        self._emulation = emulation
        self._namespaces = emulation.namespaces if emulation else {}
        self._sampled = Sampled(
            rig, others=others, unsampled=emulation.holders if emulation else ()
        )

    def prepare(self) -> None:
        """Put every directory and file in place: 0700 and 0600."""
        for service in self.rig.services:
            make_private(Path(service.directory))
            for key in service.keys:
                path = Path(key.path)
                make_private(path.parent)
                shutil.copyfile(key.made_at, path)
                path.chmod(0o600)
            for file in service.files:
                path = Path(file.path)
                make_private(path.parent)
                path.touch(mode=0o600)
                path.write_text(file.text)
            if isinstance(service.ready, Bootstrapped):
                make_private(Path(service.directory) / "data")

    def start(self, services: Iterable[Service]) -> None:
        """Start services, and have them sampled."""
        for service in services:
            self.fleet.start(service)
        self._sampled.write(self.fleet.processes())

    def inside(self, host: str, work: Callable[[], Found]) -> Found:
        """Do a piece of work where this host's network is; blocks."""
        namespace = self._namespaces.get(host)
        return work() if namespace is None else namespace.inside(work)

    async def set_link(self, host: str, *, up: bool) -> None:
        """Pull an emulated host's plug, or put it in. Raises TypeError where there is none."""
        await asyncio.to_thread(self._emulated(host).set_link, host, up=up)

    async def set_link_rate(self, host: str, bits_per_second: float) -> None:
        """Have an emulated host's link carry so much, each way. Raises TypeError as above."""
        await asyncio.to_thread(self._emulated(host).set_rate, host, bits_per_second)

    async def connected(self, host: str, client: SocksEndpoint) -> Streams:
        """Connect to a client tor where its network is. Raises OSError."""
        if host not in self._namespaces:
            return await connected(client)
        opened = await asyncio.to_thread(self._namespaces[host].socket)
        opened.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(opened, (client.host, client.port))
            return await asyncio.open_connection(sock=opened)
        except BaseException:
            opened.close()
            raise

    async def listening(self, service: Service) -> None:
        """Wait until a service accepts connections on all its sockets."""
        if not isinstance(service.ready, Listening):
            raise TypeError(f"{service.name} does not listen")
        missing: list[str | tuple[str, int]] = [*service.ready.socket_paths, *service.ready.tcp]
        async with deadline(LISTENING_SECONDS, lambda: f"{service.name} to listen on {missing[0]}"):
            while missing:
                accepts = functools.partial(_accepts, missing[0])
                if await asyncio.to_thread(self.inside, service.host, accepts):
                    del missing[0]
                else:
                    await asyncio.sleep(POLL_SECONDS)

    async def bootstrapped(
        self,
        services: Sequence[Service],
        *,
        percent: int = DONE,
        seconds: float,
        tell: Callable[[str], None],
    ) -> None:
        """Wait until tors have bootstrapped so far. Raises BringUpTimeout naming the slowest."""
        logs = {service.name: BootstrapLog(Path(service.log_path)) for service in services}

        def missing() -> str:
            late = {name: log for name, log in logs.items() if log.percent < percent}
            if not late:
                return "nothing"
            name, log = min(late.items(), key=lambda item: item[1].percent)
            what = "bootstrap" if percent == DONE else "know the network"
            return (
                f"{len(logs) - len(late)} of {len(logs)} tors to {what}; "
                f"{name} is at {log.percent} % ({log.doing})"
            )

        def where() -> str:
            name = min(logs, key=lambda name: logs[name].percent)
            return f"{missing()}; its log: {self.log_path(name)}"

        async with deadline(seconds, where):
            while True:
                for log in logs.values():
                    log.read_on()
                if all(log.percent >= percent for log in logs.values()):
                    return
                tell(missing())
                await asyncio.sleep(POLL_SECONDS)

    def _emulated(self, host: str) -> Emulation:
        if self._emulation is None:
            raise TypeError(f"{host} is no emulated host")
        return self._emulation

    def log_path(self, name: str) -> str:
        """Return where a service's output is."""
        (path,) = (service.log_path for service in self.rig.services if service.name == name)
        return path


def make_private(directory: Path) -> None:
    """Make a directory and those above it that are missing, each 0700."""
    missing = [directory, *directory.parents]
    for path in reversed(missing):
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)


def _accepts(address: str | tuple[str, int]) -> bool:
    """Return whether someone listens on a unix socket, or on a host and port."""
    if isinstance(address, str):
        family = socket.AF_UNIX
    else:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family) as probe:
        try:
            probe.connect(address)
        except OSError:
            return False
        return True
