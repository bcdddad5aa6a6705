"""Keep a rig up and ready for a block: everything of a run but its load."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from onionrig.experiment.faults.planned import planned_faults
from onionrig.experiment.placement import placement
from onionrig.records.events import Phase
from onionrig.rig.allocation import Allocation, ports_needed
from onionrig.rig.model import Role
from onionrig.rig.render import render
from onionrig.run.bring_up import bring_up_network, start_movers
from onionrig.run.faults import refuse_undoable
from onionrig.run.frontend import published
from onionrig.run.manifest import known_of_rig
from onionrig.run.ready import find_serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from onionrig.engine.base import Engine, Opening
    from onionrig.rig.model import Rig
    from onionrig.run.run import Run


@asynccontextmanager
async def standing(current_run: Run, opening: Opening) -> AsyncIterator[tuple[Engine, Rig]]:
    """Keep the rig up and ready for a block, with everything but the load.

    What was recorded elsewhere has been collected when the block is over. Raises what kept the rig
    from coming up, and in the block, as soon as it happens, what died. UsageError is raised before
    anything is started, for a fault that the engine cannot carry out.
    """
    refuse_undoable(planned_faults(current_run.question.experiment), opening.capabilities)
    current_run.journal.phase(Phase.BRING_UP)
    async with opening.entered(current_run.question, current_run.directory) as engine:
        current_run.describe(hosts=engine.host_records)
        rig = await _render_rig(current_run, engine)
        current_run.describe(**known_of_rig(rig, engine.own_processes))
        await engine.prepare(rig)
        await _bring_up(current_run, engine, rig)
        yield engine, rig


async def _render_rig(current_run: Run, engine: Engine) -> Rig:
    """Claim ports and make keys where the services will be, and return the rendered rig."""
    experiment = current_run.question.experiment
    places = placement(experiment, here=engine.hosts[0].name)
    allocation = Allocation(
        hosts=engine.hosts,
        layouts={host.name: engine.layout(host.name) for host in engine.hosts},
        places=places,
        ports=await engine.claim_ports(ports_needed(experiment), places),
        made_second=int(time.time()),
    )
    identities = None
    if experiment.network.kind != "none":
        current_run.journal.waiting("keys: some seconds in the first run, kept for later ones")
        identities = await engine.make_keys(current_run.question, places)
    return render(experiment, identities, allocation)


async def _bring_up(current_run: Run, engine: Engine, rig: Rig) -> None:
    journal = current_run.journal
    if not rig.with_role(Role.AUTHORITY):
        await start_movers(engine, rig, journal)
        journal.phase(Phase.READY)
        return
    consensus = await bring_up_network(engine, rig, journal)
    current_run.describe(consensus_parameters=consensus.parameters)
    async with published(engine, rig, consensus, journal) as descriptors:
        journal.phase(Phase.READY)
        await engine.start(rig.with_role(Role.PINGER))
        await find_serving(engine, rig, descriptors, journal)
    journal.note(_by_hand_text(engine, rig))


def _by_hand_text(engine: Engine, rig: Rig) -> str:
    host, client = rig.ways()[0]
    return (
        f"to read it by hand: {engine.by_hand(host)}nc -X 5 -x {client.host}:{client.port} "
        f"{rig.address} {rig.port} | head -c 300"
    )
