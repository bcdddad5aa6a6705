"""How far the services of real hosts are: by the copies of their logs, and by who listens there."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from onionrig.engine.ansible.sockets import COMMAND, listening
from onionrig.engine.local.engine import address_text, size_of
from onionrig.engine.readiness import Seen
from onionrig.rig.model import BOOTSTRAPPED, Bootstrapped, Listening
from onionrig.tor.bootstrap import BootstrapLog

if TYPE_CHECKING:
    from pathlib import Path

    from onionrig.engine.ansible.hosts import Hosts
    from onionrig.engine.local.engine import Address
    from onionrig.rig.model import Service

NOT_WAITED_FOR = Seen(listens=True, percent=BOOTSTRAPPED)
"""What is seen of a service whose host is gone: nobody waits for it."""


class Looks:
    """What was seen of each service since it was last started."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts
        self._bootstraps: dict[str, BootstrapLog] = {}
        self._silent: dict[str, list[Address]] = {}
        """Where a service is to accept connections, and has not been seen to."""

    def starts(self, service: Service, log: Path) -> None:
        """Take in that a service starts, perhaps again; ``log`` is the copy of its output."""
        if isinstance(service.ready, Bootstrapped):
            # a tor that is started again is ready by what it logs from then on
            self._bootstraps[service.name] = BootstrapLog(log, after=size_of(log))
        if isinstance(service.ready, Listening):
            self._silent[service.name] = [*service.ready.socket_paths, *service.ready.tcp]

    async def at(self, service: Service) -> Seen:
        """Return how far a service is. Raises HostLost."""
        if service.host in self._hosts.gone:
            return NOT_WAITED_FOR
        if isinstance(service.ready, Bootstrapped):
            log = self._bootstraps[service.name]
            log.read_on()
            return Seen(percent=log.percent, doing=log.doing, warning=log.warning)
        silent = self._silent[service.name]
        if silent:
            with self._hosts.bearing_loss_of(service.host):
                printed = await self._hosts[service.host].connection.run(COMMAND)
                _leave_those_that_listen(silent, printed.decode(errors="replace"))
        if service.host in self._hosts.gone:
            return NOT_WAITED_FOR
        return Seen(doing=address_text(silent[0])) if silent else Seen(listens=True)


def _leave_those_that_listen(silent: list[Address], printed: str) -> None:
    sockets, ports = listening(printed)
    silent[:] = [
        address
        for address in silent
        if (
            address not in sockets
            if isinstance(address, PurePosixPath)
            else address[1] not in ports
        )
    ]
