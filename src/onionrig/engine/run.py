"""A run, from what is asked to its result: the phases in order, and the way out of each."""

from __future__ import annotations

import asyncio
import datetime
import os
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from onionrig.balancer.program import find_onionbalance
from onionrig.engine.bring_up import bring_up_network
from onionrig.engine.describe import (
    CONTROLLER,
    KEEPER,
    Asked,
    host_name,
    manifest_before,
    with_consensus,
    with_rig,
)
from onionrig.engine.finish import finish
from onionrig.engine.frontend import published
from onionrig.engine.interrupts import interruptible
from onionrig.engine.journal import Journal
from onionrig.engine.kept import kept
from onionrig.engine.load import put_on_load
from onionrig.engine.local import LocalEngine
from onionrig.engine.ports import allocated_ports
from onionrig.engine.processes import Fleet
from onionrig.engine.ready import find_serving, sink_orders
from onionrig.errors import UNEXPECTED, CorruptPayload, NothingServed, OnionrigError
from onionrig.records.events import Phase
from onionrig.rig.allocation import Allocation, Programs, ports_needed
from onionrig.rig.render import render
from onionrig.tor.identities import make_identities
from onionrig.tor.program import Program, find_tor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from onionrig.recorder.run_directory import RunDirectory
    from onionrig.records.events import AnyEvent
    from onionrig.records.manifest import Manifest
    from onionrig.records.result import Result
    from onionrig.rig.model import Rig

LOOPBACK = "127.0.0.1"


class Equipment(msgspec.Struct, frozen=True, kw_only=True):
    """The programs that a run uses, found before anything is started."""

    tor: Program
    onionbalance_path: str
    onionbalance_version: str

    @classmethod
    def found(cls) -> Equipment:
        """Find the programs. Raises Unequipped where one is missing or too old."""
        onionbalance_path, onionbalance_version = find_onionbalance()
        return cls(
            tor=find_tor(),
            onionbalance_path=onionbalance_path,
            onionbalance_version=onionbalance_version,
        )

    @property
    def programs(self) -> Programs:
        """Their paths."""
        return Programs(
            tor=self.tor.path, onionbalance=self.onionbalance_path, python=sys.executable
        )


async def run(
    asked: Asked,
    equipment: Equipment,
    run_directory: RunDirectory,
    watch: Callable[[AnyEvent], None],
) -> Result:
    """Run what is asked and return its result; events are told to ``watch`` as they happen.

    Whatever ends it, nothing is left running, and the run directory has a result: ``aborted``
    where it ended early. Raises the error that ended it.
    """
    manifest = manifest_before(
        asked,
        run=run_directory.path.name,
        started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        tor=equipment.tor,
        onionbalance=equipment.onionbalance_version,
    )
    run_directory.write_manifest(manifest)
    journal = Journal(run_directory.events_path, watch)
    try:
        async with interruptible():
            await _through_all_phases(asked, equipment, run_directory, manifest, journal)
        journal.finished()
    except BaseException as error:
        _abort(error, run_directory, journal)
        raise
    finally:
        journal.close()
    result = finish(run_directory)
    _refuse_unmeasured(result, run_directory)
    return result


async def _through_all_phases(
    asked: Asked,
    equipment: Equipment,
    run_directory: RunDirectory,
    manifest: Manifest,
    journal: Journal,
) -> None:
    async with standing(asked, equipment, run_directory, manifest, journal) as engine:
        await put_on_load(engine, asked.experiment.load, run_directory, journal)
        journal.phase(Phase.TEAR_DOWN)


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
            journal.waiting("keys: some seconds in the first run, kept for later ones")
            identities = await asyncio.to_thread(
                make_identities,
                asked.experiment,
                workspace=keeping.workspace,
                cache=cache_directory(),
                tor=equipment.tor.path,
            )
            rig = render(asked.experiment, identities, allocation)
            manifest = with_rig(manifest, rig)
            run_directory.write_manifest(manifest)
            async with Fleet(keeping.environment, keeping.guard) as fleet:
                others = {CONTROLLER: os.getpid(), KEEPER: keeping.keeper_pid}
                engine = LocalEngine(rig, fleet, others=others)
                await asyncio.to_thread(engine.prepare)
                consensus = await bring_up_network(engine, allocation, journal)
                run_directory.write_manifest(with_consensus(manifest, consensus))
                async with published(engine, identities, consensus, journal) as descriptors:
                    journal.phase(Phase.READY)
                    await find_serving(rig, descriptors, journal)
                journal.note(_by_hand(rig))
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


def _abort(error: BaseException, run_directory: RunDirectory, journal: Journal) -> None:
    """Leave a run directory that says why it ended; what went wrong first is what is raised."""
    code = error.exit_code if isinstance(error, OnionrigError) else UNEXPECTED
    try:
        journal.failed(error, exit_code=code)
        finish(run_directory)
    except OnionrigError as further:
        error.add_note(f"the run directory could not be finished: {further}")


def _refuse_unmeasured(result: Result, run_directory: RunDirectory) -> None:
    if result.bytes.corrupt:
        raise CorruptPayload(
            f"{result.bytes.corrupt} bytes were not the payload; the attempts that met them are in "
            f"{run_directory.transfers_path}"
        )
    if not sum(backend.bytes for backend in result.backends):
        raise NothingServed(
            f"not one verified byte came in the hold; see {run_directory.transfers_path}"
        )
