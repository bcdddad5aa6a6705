"""Have a rig up and ready for a block: everything of a run but its load."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from onionrig.engine.bring_up import bring_up_network, start_movers
from onionrig.engine.describe import CONTROLLER, KEEPER, host_name, with_consensus, with_rig
from onionrig.engine.frontend import published
from onionrig.engine.kept import kept
from onionrig.engine.local import LocalEngine
from onionrig.engine.ports import allocated_ports
from onionrig.engine.processes import Fleet
from onionrig.engine.ready import find_serving, sink_orders
from onionrig.recorder.run_directory import RunDirectory
from onionrig.records.events import Phase
from onionrig.rig.allocation import Allocation, ports_needed
from onionrig.rig.direct import render_direct
from onionrig.rig.model import Role
from onionrig.rig.render import render
from onionrig.tor.identities import make_identities

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from onionrig.engine.describe import Asked
    from onionrig.engine.equipment import Equipment
    from onionrig.engine.journal import Journal
    from onionrig.engine.kept import Kept
    from onionrig.records.manifest import Manifest
    from onionrig.rig.model import Rig

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
    finishing = (sys.executable, "-m", "onionrig.engine.finish", str(run_directory.path))
    with allocated_ports(ports_needed(asked.experiment), address=LOOPBACK) as ports:
        async with kept(finish=finishing) as keeping:
            allocation = Allocation(
                host=host_name(),
                address=LOOPBACK,
                workspace=str(keeping.workspace),
                run_directory=str(run_directory.path),
                made_second=int(time.time()),
                ports=ports,
                programs=equipment.programs,
            )
            stand = _without_tor if asked.experiment.network.kind == "none" else _with_tor
            async with stand(asked, allocation, keeping, manifest, journal) as engine:
                yield engine


@asynccontextmanager
async def _without_tor(
    asked: Asked, allocation: Allocation, keeping: Kept, manifest: Manifest, journal: Journal
) -> AsyncIterator[LocalEngine]:
    rig = render_direct(asked.experiment, allocation)
    RunDirectory(Path(allocation.run_directory)).write_manifest(with_rig(manifest, rig))
    async with _prepared(rig, keeping) as engine:
        await start_movers(engine)
        journal.phase(Phase.READY)
        yield engine


@asynccontextmanager
async def _with_tor(
    asked: Asked, allocation: Allocation, keeping: Kept, manifest: Manifest, journal: Journal
) -> AsyncIterator[LocalEngine]:
    journal.waiting("keys: some seconds in the first run, kept for later ones")
    identities = await asyncio.to_thread(
        make_identities,
        asked.experiment,
        workspace=keeping.workspace,
        cache=cache_directory(),
        tor=allocation.programs.tor,
    )
    rig = render(asked.experiment, identities, allocation)
    run_directory = RunDirectory(Path(allocation.run_directory))
    manifest = with_rig(manifest, rig)
    run_directory.write_manifest(manifest)
    async with _prepared(rig, keeping) as engine:
        consensus = await bring_up_network(engine, allocation, journal)
        run_directory.write_manifest(with_consensus(manifest, consensus))
        async with published(engine, identities, consensus, journal) as descriptors:
            journal.phase(Phase.READY)
            engine.start([rig.one(Role.PINGER)])
            await find_serving(rig, descriptors, journal)
        journal.note(_by_hand(rig))
        yield engine


@asynccontextmanager
async def _prepared(rig: Rig, keeping: Kept) -> AsyncIterator[LocalEngine]:
    async with Fleet(keeping.environment, keeping.guard) as fleet:
        others = {CONTROLLER: os.getpid(), KEEPER: keeping.keeper_pid}
        engine = LocalEngine(rig, fleet, others=others)
        await asyncio.to_thread(engine.prepare)
        yield engine


def _by_hand(rig: Rig) -> str:
    client = sink_orders(rig).clients[0]
    return (
        f"to read it by hand: nc -X 5 -x {client.host}:{client.port} {rig.address} {rig.port} "
        "| head -c 300"
    )


def cache_directory() -> Path:
    """Return where keys are kept between runs: the user's cache directory, 0700."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "onionrig"
