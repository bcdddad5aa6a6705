"""How ready the services of real hosts are, from copies of their logs and from open sockets."""

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

    from onionrig.engine.ansible.hosts import RemoteHosts
    from onionrig.engine.local.engine import ListenAddress
    from onionrig.rig.model import Service

NOT_WAITED_FOR = Seen(listens=True, percent=BOOTSTRAPPED)
"""State of a service whose host is gone: nobody waits for it."""


class Looks:
    """What has been seen of each service since its last start."""

    def __init__(self, hosts: RemoteHosts) -> None:
        self._hosts = hosts
        self._bootstraps: dict[str, BootstrapLog] = {}
        self._silent: dict[str, list[ListenAddress]] = {}
        """Addresses at which a service should accept connections and has not been seen to."""

    def starts(self, service: Service, log: Path) -> None:
        """Record that a service starts, perhaps again; ``log`` is the copy of its output."""
        if isinstance(service.ready, Bootstrapped):
            # the readiness of a restarted tor depends only on what it logs from now on
            self._bootstraps[service.name] = BootstrapLog(log, after=size_of(log))
        if isinstance(service.ready, Listening):
            self._silent[service.name] = [*service.ready.socket_paths, *service.ready.tcp]

    async def at(self, service: Service) -> Seen:
        """Return how ready a service is. Raises HostLost."""
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


def _leave_those_that_listen(silent: list[ListenAddress], printed: str) -> None:
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
