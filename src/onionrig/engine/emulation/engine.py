"""The engine for emulated hosts: the local engine, with every service in its host's namespace."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import msgspec

from onionrig.engine.base import LinkCuts, LinkRates
from onionrig.engine.emulation.cpu_shares import cpu_shares
from onionrig.engine.emulation.hosts import DELAY, emulated
from onionrig.engine.local.engine import Ground, LocalEngine, accepts, finishing
from onionrig.engine.local.opening import LocalOpening
from onionrig.engine.local.ports import FIRST_PORT
from onionrig.processes.fleet import Fleet
from onionrig.processes.workspace import kept
from onionrig.rig.hosts import emulated_hosts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from onionrig.engine.base import Engine, Streams
    from onionrig.engine.emulation.hosts import EmulatedHosts
    from onionrig.engine.local.engine import ListenAddress
    from onionrig.engine.local.equipment import Equipment
    from onionrig.experiment.question import Question
    from onionrig.processes.fleet import ProcessToStart
    from onionrig.records.manifest import HostRecord
    from onionrig.rig.allocation import PortWanted
    from onionrig.rig.model import Host, Service
    from onionrig.store.run_directory import RunDirectory


class EmulationEngine(LocalEngine):
    """Runs a rig's services as children of this process, each on its emulated host."""

    def __init__(
        self,
        ground: Ground,
        *,
        question: Question,
        emulation: EmulatedHosts,
        sharing: Callable[[Service], tuple[str, ...]],
    ) -> None:
        """Set up the engine; ``sharing`` returns the words before an argv that limit its CPU."""
        super().__init__(ground)
        self._question = question
        self._emulation = emulation
        self._sharing = sharing

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The emulated hosts."""
        return emulated_hosts(self._question.experiment)

    @property
    def host_records(self) -> tuple[HostRecord, ...]:
        """Facts about this machine, and the hosts that are emulated on it."""
        (machine,) = super().host_records
        boards = {host.name: host.board for host in self._question.experiment.hosts}
        return (
            machine,
            *(
                msgspec.structs.replace(
                    machine,
                    name=host.name,
                    kind="emulated",
                    machine=machine.name,
                    address=host.address,
                    link_bits_per_second=host.link_bits_per_second,
                    scale=float(self._question.experiment.emulation.scale),
                    delay_seconds=host.delay_seconds,
                    delayed_by=self._emulation.delayed_by if host.delay_seconds else None,
                    cpu_cores=host.cpu_cores,
                    board=self._question.boards.get(boards[host.name] or ""),
                )
                for host in self.hosts
            ),
        )

    @property
    def own_processes(self) -> Mapping[str, str]:
        """The controller, the keeper and the delayboxes."""
        return {**super().own_processes, **dict.fromkeys(self._emulation.delays, DELAY)}

    def by_hand(self, host: str) -> str:
        """Return what a person types before a command to run it on a host."""
        return " ".join(self._emulation.namespaces[host].entering_by_hand) + " "

    async def claim_ports(
        self, ports_wanted: Sequence[PortWanted], places: Mapping[str, str]
    ) -> dict[str, int]:
        """Return consecutive numbers: on emulated hosts all ports are free."""
        del places
        return {
            port_wanted.key: FIRST_PORT + number for number, port_wanted in enumerate(ports_wanted)
        }

    async def connect(self, host: str, address: str, port: int) -> Streams:
        """Connect to an address as a process of this host would. Raises OSError."""
        opened = await asyncio.to_thread(self._emulation.namespaces[host].socket)
        opened.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(opened, (address, port))
            return await asyncio.open_connection(sock=opened)
        except BaseException:
            opened.close()
            raise

    async def set_link(self, host: str, *, up: bool) -> None:
        """Unplug a host, or plug it in."""
        await asyncio.to_thread(self._emulation.set_link, host, up=up)

    async def set_link_rate(self, host: str, bits_per_second: float) -> None:
        """Set the rate of a host's link, each way."""
        await asyncio.to_thread(self._emulation.set_rate, host, bits_per_second)

    def sampled_beside(self) -> dict[str, int]:
        """Return the process ids of what is sampled beside the services, by name."""
        return {**super().sampled_beside(), **self._emulation.delays}

    def unsampled(self) -> tuple[int, ...]:
        """Return the process ids of what holds namespaces."""
        return self._emulation.holders

    def child_of(self, service: Service) -> ProcessToStart:
        """Return a service as a child of this process that enters its host before it runs."""
        child = super().child_of(service)
        # the share comes first: the group is the same in any network, and so includes nsenter
        entering = (*self._sharing(service), *self._emulation.entering(service))
        return msgspec.structs.replace(child, argv=(*entering, *child.argv))

    def accepts(self, service: Service, address: ListenAddress) -> bool:
        """Return whether someone listens there, from the point of view of the service's host."""
        return self._emulation.namespaces[service.host].inside(lambda: accepts(address))


class EmulationOpening(LocalOpening):
    """This machine as a local engine, with hosts that are emulated when the engine is entered."""

    capabilities: frozenset[type] = frozenset({LinkCuts, LinkRates})

    def entered(
        self, question: Question, run_directory: RunDirectory
    ) -> AbstractAsyncContextManager[Engine]:
        """Return the engine as a context, for one run."""
        return entered_emulation(self._equipment, question, run_directory)


@asynccontextmanager
async def entered_emulation(
    equipment: Equipment, question: Question, run_directory: RunDirectory
) -> AsyncIterator[EmulationEngine]:
    """Provide the emulated hosts of a question as an engine for a block.

    Raises Unequipped if this machine lacks something, and in the block the error for what died.
    """
    hosts = emulated_hosts(question.experiment)
    with ExitStack() as claims:
        async with (
            kept(finish=finishing(run_directory)) as keeping,
            cpu_shares(hosts, name=keeping.workspace.name, guard=keeping.guard_group) as sharing,
            emulated(
                hosts,
                Fleet(keeping.environment, keeping.guard),
                workspace=keeping.workspace,
                logs=run_directory.path / "logs",
            ) as emulation,
            Fleet(keeping.environment, keeping.guard) as fleet,
        ):
            yield EmulationEngine(
                Ground(
                    fleet=fleet,
                    keeping=keeping,
                    run_directory=run_directory,
                    equipment=equipment,
                    claims=claims,
                ),
                question=question,
                emulation=emulation,
                sharing=sharing,
            )
