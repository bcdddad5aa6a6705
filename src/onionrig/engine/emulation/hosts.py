"""Emulated hosts for a block: a network namespace each, linked to a switch of the run's own.

The machine's own network is not touched, and no packet leaves: the switch has ports only to these
hosts.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from onionrig.engine.emulation.delaybox import DelayedBy, delaybox, has_netem
from onionrig.engine.emulation.links import (
    SWITCH,
    Link,
    delay_line_lines,
    delayed_bytes,
    delayed_port_lines,
    direct_lines,
    emptied_line,
    host_lines,
    netem_bridge_lines,
    netem_lines,
    port_state_line,
    rate_line,
    switch_lines,
)
from onionrig.engine.emulation.namespaces import HOLDER, Namespace, held_by
from onionrig.processes.deadline import POLL_SECONDS, deadline
from onionrig.processes.fleet import ProcessToStart

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from onionrig.processes.fleet import Fleet
    from onionrig.rig.model import Host, Service

NAMESPACE, DELAY = "namespace", "delay"
"""Prefixes of the services that hosts consist of: one holds a namespace, one delays a link if the
kernel lacks netem."""
DELAY_LINES = "delays"
"""The namespace that delayed links pass through, separate from the switch's."""
JOINED = "delaying"
"""Line that the delaybox prints once it carries frames."""
JOINED_SECONDS = 10.0


class EmulatedHosts(msgspec.Struct, frozen=True, kw_only=True):
    """The running emulated hosts."""

    namespaces: dict[str, Namespace]
    """Namespaces by host."""
    delayed_by: DelayedBy | None
    """Mechanism that delays links; None if no link has a delay."""
    delays: dict[str, int]
    """Process ids of the delayboxes, by service."""
    holders: tuple[int, ...]
    """Process ids of the processes that hold namespaces."""
    switch: Namespace
    links: tuple[Link, ...]

    def entering(self, service: Service) -> tuple[str, ...]:
        """Return the words that precede a service's argv to run it on its host."""
        namespace = self.namespaces.get(service.host)
        return () if namespace is None else namespace.entering

    def set_link(self, host: str, *, up: bool) -> None:
        """Set the switch's end of a host's link up or down; while down, all traffic is lost."""
        self.switch.configure("ip", [port_state_line(self._link(host), up=up)])

    def set_rate(self, host: str, bits_per_second: float) -> None:
        """Set the rate of a host's link, each way, whether or not it was shaped before."""
        shape(self._link(host), bits_per_second, self.namespaces[host], self.switch)

    def _link(self, host: str) -> Link:
        (link,) = (link for link in self.links if link.host.name == host)
        return link


class Making:
    """Makes emulated hosts out of processes of one fleet."""

    def __init__(self, fleet: Fleet, *, workspace: Path, logs: Path) -> None:
        self._fleet = fleet
        self._workspace = workspace
        self._logs = logs

    async def hosts(self, hosts: Sequence[Host]) -> EmulatedHosts:
        """Return the hosts that were made. Raises Unequipped, DaemonDied and BringUpTimeout."""
        switch = await self.namespace(SWITCH, "the switch")
        await asyncio.to_thread(switch.configure, "ip", switch_lines())
        namespaces = {
            host.name: await self.namespace(f"{NAMESPACE}-{host.name}", host.name) for host in hosts
        }
        links = [Link(number=number, host=host) for number, host in enumerate(hosts, start=1)]
        delayed = [link for link in links if link.host.delay_seconds]
        direct = [link for link in links if not link.host.delay_seconds]
        ports = [line for link in direct for line in direct_lines(link, namespaces[link.host.name])]
        await asyncio.to_thread(switch.configure, "ip", ports)
        delayed_by: DelayedBy | None = None
        if delayed:
            lines = await self.namespace(DELAY_LINES, "the delay lines")
            await asyncio.to_thread(_join_delay_lines, delayed, switch, lines, namespaces)
            delayed_by = await self._delay(delayed, lines)
        await asyncio.to_thread(_address_and_shape, links, switch, namespaces)
        delays = {f"{DELAY}-{link.host.name}" for link in delayed}
        running = self._fleet.processes()
        return EmulatedHosts(
            namespaces=namespaces,
            delayed_by=delayed_by,
            delays={name: pid for name, pid in running.items() if name in delays},
            holders=tuple(pid for name, pid in running.items() if name not in delays),
            switch=switch,
            links=tuple(links),
        )

    async def namespace(self, holder: str, name: str) -> Namespace:
        """Make a namespace; the holder is a process in it."""
        # it prints nothing unless it fails, and then its last line is in the error
        process = self._fleet.start(self._child(holder, HOLDER, logs=self._workspace))
        return await held_by(process.pid, name)

    async def _delay(self, delayed: Sequence[Link], lines: Namespace) -> DelayedBy:
        if await asyncio.to_thread(has_netem, lines):
            for link in delayed:
                await asyncio.to_thread(lines.configure, "ip", netem_bridge_lines(link))
                await asyncio.to_thread(lines.configure, "tc", netem_lines(link))
            return "netem"
        box = await asyncio.to_thread(delaybox)
        boxes = [
            self._child(
                f"{DELAY}-{link.host.name}",
                (
                    *lines.entering,
                    str(box),
                    link.wire,
                    link.near,
                    f"{1e6 * link.host.delay_seconds:.0f}",
                    str(delayed_bytes(link.host)),
                ),
                logs=self._logs,
            )
            for link in delayed
        ]
        for delaybox_process in boxes:
            self._fleet.start(delaybox_process)
        for delaybox_process in boxes:
            await _joined(delaybox_process)
        return "delaybox"

    def _child(self, name: str, argv: tuple[str, ...], *, logs: Path) -> ProcessToStart:
        return ProcessToStart(
            name=name, argv=argv, directory=self._workspace, log_path=logs / f"{name}.log"
        )


@asynccontextmanager
async def emulated(
    hosts: Sequence[Host], fleet: Fleet, *, workspace: Path, logs: Path
) -> AsyncIterator[EmulatedHosts]:
    """Provide emulated hosts for a block; they consist of the fleet's processes."""
    async with fleet:
        yield await Making(fleet, workspace=workspace, logs=logs).hosts(hosts)


def _join_delay_lines(
    delayed: Sequence[Link],
    switch: Namespace,
    lines: Namespace,
    namespaces: dict[str, Namespace],
) -> None:
    for link in delayed:
        switch.configure("ip", delayed_port_lines(link, lines))
        lines.configure("ip", delay_line_lines(link, namespaces[link.host.name]))


def _address_and_shape(
    links: Sequence[Link], switch: Namespace, namespaces: dict[str, Namespace]
) -> None:
    for link in links:
        host, rate = namespaces[link.host.name], link.host.link_bits_per_second
        host.configure("ip", host_lines(link))
        if rate is not None:
            shape(link, rate, host, switch)


def shape(link: Link, bits_per_second: float, host: Namespace, switch: Namespace) -> None:
    """Shape both ends of a link: what the host sends, and what it receives."""
    for namespace, interface in ((host, "eth0"), (switch, link.port)):
        namespace.configure("tc", [emptied_line(interface), rate_line(interface, bits_per_second)])


async def _joined(box: ProcessToStart) -> None:
    """Wait until a delaybox carries frames. Raises BringUpTimeout."""

    def subject() -> str:
        return f"{box.name} to carry frames; its log: {box.log_path}"

    async with deadline(JOINED_SECONDS, subject):
        while True:
            if JOINED in await asyncio.to_thread(Path(box.log_path).read_text):
                return
            await asyncio.sleep(POLL_SECONDS / 10)
