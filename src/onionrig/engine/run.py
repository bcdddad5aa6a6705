"""A run, from what is asked to its result: the phases in order, and the way out of each."""

from __future__ import annotations

import asyncio
import datetime
import os
import sys
import time
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
    with_rig,
)
from onionrig.engine.finish import finish
from onionrig.engine.frontend import bring_up_frontend
from onionrig.engine.interrupts import interruptible
from onionrig.engine.journal import Journal
from onionrig.engine.kept import Kept, kept
from onionrig.engine.load import put_on_load
from onionrig.engine.local import LocalEngine
from onionrig.engine.ports import allocated_ports
from onionrig.engine.processes import Fleet
from onionrig.engine.ready import find_serving
from onionrig.errors import UNEXPECTED, CorruptPayload, NothingServed, OnionrigError
from onionrig.records.events import Phase
from onionrig.rig.allocation import Allocation, Programs, ports_needed
from onionrig.rig.render import render
from onionrig.tor.identities import make_identities
from onionrig.tor.program import Program, find_tor

if TYPE_CHECKING:
    from collections.abc import Callable

    from onionrig.recorder.run_directory import RunDirectory
    from onionrig.records.events import AnyEvent
    from onionrig.records.manifest import Manifest
    from onionrig.records.result import Result
    from onionrig.rig.allocation import Identities

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
            await Run(asked, equipment, run_directory, manifest, journal).through_all_phases()
        journal.finished()
    except BaseException as error:
        _abort(error, run_directory, journal)
        raise
    finally:
        journal.close()
    result = finish(run_directory)
    _refuse_unmeasured(result, run_directory)
    return result


class Run:
    """One run: what its phases share."""

    def __init__(
        self,
        asked: Asked,
        equipment: Equipment,
        run_directory: RunDirectory,
        manifest: Manifest,
        journal: Journal,
    ) -> None:
        self._asked = asked
        self._equipment = equipment
        self._run_directory = run_directory
        self._manifest = manifest
        self._journal = journal

    async def through_all_phases(self) -> None:
        """Bring up, make ready, put on the load, tear down. Raises what ended it early."""
        self._journal.phase(Phase.BRING_UP)
        needed = ports_needed(self._asked.experiment)
        with allocated_ports(needed, address=LOOPBACK) as ports:
            async with kept(finish=self._finishing()) as keeping:
                allocation = self._allocation(keeping, ports)
                identities = await self._identities(keeping)
                rig = render(self._asked.experiment, identities, allocation)
                self._manifest = with_rig(self._manifest, rig)
                self._run_directory.write_manifest(self._manifest)
                others = {CONTROLLER: os.getpid(), KEEPER: keeping.keeper_pid}
                async with Fleet(keeping.environment) as fleet:
                    engine = LocalEngine(rig, fleet, others=others)
                    await asyncio.to_thread(engine.prepare)
                    await self._drive(engine, allocation, identities)
                    self._journal.phase(Phase.TEAR_DOWN)

    async def _drive(
        self, engine: LocalEngine, allocation: Allocation, identities: Identities
    ) -> None:
        consensus = await bring_up_network(engine, allocation, self._journal)
        self._manifest = msgspec.structs.replace(
            self._manifest, consensus_parameters=consensus.parameters
        )
        self._run_directory.write_manifest(self._manifest)
        frontend = await bring_up_frontend(engine, identities, consensus, self._journal)
        self._journal.phase(Phase.READY)
        await find_serving(engine.rig, frontend, self._journal)
        await put_on_load(engine, self._asked.experiment.load, self._run_directory, self._journal)

    async def _identities(self, keeping: Kept) -> Identities:
        self._journal.waiting("keys: some seconds in the first run, kept for later ones")
        return await asyncio.to_thread(
            make_identities,
            self._asked.experiment,
            workspace=keeping.workspace,
            cache=cache_directory(),
            tor=self._equipment.tor.path,
        )

    def _allocation(self, keeping: Kept, ports: dict[str, int]) -> Allocation:
        return Allocation(
            host=host_name(),
            address=LOOPBACK,
            workspace=str(keeping.workspace),
            run_directory=str(self._run_directory.path),
            made_second=int(time.time()),
            ports=ports,
            programs=self._equipment.programs,
        )

    def _finishing(self) -> tuple[str, ...]:
        return (sys.executable, "-m", "onionrig.engine.finish", str(self._run_directory.path))


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
