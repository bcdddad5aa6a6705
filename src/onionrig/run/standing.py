"""Have a rig up and ready for a block: everything of a run but its load."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from onionrig.engine.emulation.cpu_shares import cpu_shares
from onionrig.engine.emulation.hosts import Emulation, emulated
from onionrig.engine.local.cache import cache_directory
from onionrig.engine.local.engine import LocalEngine
from onionrig.engine.local.ports import allocated_ports, ports_of_their_own
from onionrig.probe.facts import host_name
from onionrig.processes.fleet import Fleet
from onionrig.processes.workspace import Kept, kept
from onionrig.records.events import Phase
from onionrig.rig.allocation import Allocation, ports_needed
from onionrig.rig.direct import render_direct
from onionrig.rig.hosts import emulated_hosts, places
from onionrig.rig.model import Role, Service
from onionrig.rig.render import render
from onionrig.run.bring_up import bring_up_network, start_movers
from onionrig.run.frontend import published
from onionrig.run.manifest import (
    CONTROLLER,
    KEEPER,
    with_consensus,
    with_emulation,
    with_rig,
)
from onionrig.run.ready import find_serving, sink_orders
from onionrig.store.run_directory import RunDirectory
from onionrig.tor.identities import make_identities

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from onionrig.engine.local.equipment import Equipment
    from onionrig.records.manifest import Manifest
    from onionrig.rig.model import Host, Rig
    from onionrig.run.journal import Journal
    from onionrig.run.manifest import Asked

LOOPBACK = "127.0.0.1"


@asynccontextmanager
async def standing(
    asked: Asked,
    equipment: Equipment,
    run_directory: RunDirectory,
    manifest: Manifest,
    journal: Journal,
) -> AsyncIterator[LocalEngine]:
    """Have the rig up and ready for a block, with everything but the load.

    Raises what kept it from coming up, and in the block, as soon as it happens, what died.
    """
    journal.phase(Phase.BRING_UP)
    finishing = (sys.executable, "-m", "onionrig.store.account", str(run_directory.path))
    experiment = asked.experiment
    needed, hosts = ports_needed(experiment), emulated_hosts(experiment)
    with (
        ports_of_their_own(needed) if hosts else allocated_ports(needed, address=LOOPBACK) as ports
    ):
        async with (
            kept(finish=finishing) as keeping,
            _ground(keeping, hosts, run_directory) as ground,
        ):
            allocation = Allocation(
                host=host_name(),
                address=LOOPBACK,
                workspace=str(keeping.workspace),
                run_directory=str(run_directory.path),
                made_second=int(time.time()),
                ports=ports,
                programs=equipment.programs,
                emulated=hosts,
                places=places(experiment),
            )
            manifest = with_emulation(manifest, asked, hosts, ground.emulation)
            stand = _without_tor if experiment.network.kind == "none" else _with_tor
            async with stand(asked, allocation, ground, manifest, journal) as engine:
                yield engine


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What a rig stands on."""

    keeping: Kept
    emulation: Emulation | None = None
    """None where everything runs on this machine as it is."""
    entering: Callable[[Service], tuple[str, ...]] | None = None
    """What stands before the argv of a service, likewise."""


@asynccontextmanager
async def _ground(
    keeping: Kept, hosts: tuple[Host, ...], run_directory: RunDirectory
) -> AsyncIterator[Ground]:
    """Have the emulated hosts, if there are any."""
    if not hosts:
        yield Ground(keeping=keeping)
        return
    fleet = Fleet(keeping.environment, keeping.guard)
    logs = run_directory.path / "logs"
    async with (
        cpu_shares(hosts, name=keeping.workspace.name, guard=keeping.guard_group) as sharing,
        emulated(hosts, fleet, workspace=keeping.workspace, logs=logs) as emulation,
    ):
        yield Ground(
            keeping=keeping,
            emulation=emulation,
            # a share first: from another network the group is the same, and nsenter has it too
            entering=lambda service: (*sharing(service), *emulation.entering(service)),
        )


@asynccontextmanager
async def _without_tor(
    asked: Asked, allocation: Allocation, ground: Ground, manifest: Manifest, journal: Journal
) -> AsyncIterator[LocalEngine]:
    rig = render_direct(asked.experiment, allocation)
    RunDirectory(Path(allocation.run_directory)).write_manifest(with_rig(manifest, rig))
    async with _prepared(rig, ground) as engine:
        await start_movers(engine)
        journal.phase(Phase.READY)
        yield engine


@asynccontextmanager
async def _with_tor(
    asked: Asked, allocation: Allocation, ground: Ground, manifest: Manifest, journal: Journal
) -> AsyncIterator[LocalEngine]:
    journal.waiting("keys: some seconds in the first run, kept for later ones")
    identities = await asyncio.to_thread(
        make_identities,
        asked.experiment,
        workspace=ground.keeping.workspace,
        cache=cache_directory(),
        tor=allocation.programs.tor,
    )
    rig = render(asked.experiment, identities, allocation)
    run_directory = RunDirectory(Path(allocation.run_directory))
    manifest = with_rig(manifest, rig)
    run_directory.write_manifest(manifest)
    async with _prepared(rig, ground) as engine:
        consensus = await bring_up_network(engine, allocation, journal)
        run_directory.write_manifest(with_consensus(manifest, consensus))
        async with published(engine, consensus, journal) as descriptors:
            journal.phase(Phase.READY)
            engine.start(rig.with_role(Role.PINGER))
            await find_serving(engine, descriptors, journal)
        journal.note(_by_hand(rig, ground.emulation))
        yield engine


@asynccontextmanager
async def _prepared(rig: Rig, ground: Ground) -> AsyncIterator[LocalEngine]:
    keeping, emulation = ground.keeping, ground.emulation
    async with Fleet(keeping.environment, keeping.guard, entering=ground.entering) as fleet:
        others = {CONTROLLER: os.getpid(), KEEPER: keeping.keeper_pid}
        if emulation:
            others |= emulation.delays
        engine = LocalEngine(rig, fleet, others=others, emulation=emulation)
        await asyncio.to_thread(engine.prepare)
        yield engine


def _by_hand(rig: Rig, emulation: Emulation | None) -> str:
    client = sink_orders(rig).clients[0]
    entering = ""
    if emulation:
        namespace = emulation.namespaces[rig.with_role(Role.SINK)[0].host]
        entering = " ".join(namespace.entering_by_hand) + " "
    return (
        f"to read it by hand: {entering}nc -X 5 -x {client.host}:{client.port} {rig.address} "
        f"{rig.port} | head -c 300"
    )
