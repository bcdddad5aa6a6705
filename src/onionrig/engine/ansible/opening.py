"""The hosts of an inventory as an engine that can be entered."""

from __future__ import annotations

import asyncio
import getpass
import os
import secrets
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from onionrig.engine.ansible.connection import SSH_SOCKET, Masters
from onionrig.engine.ansible.engine import LEAD_SECONDS, AnsibleEngine
from onionrig.engine.ansible.found import found_hosts, versions_side_by_side
from onionrig.engine.ansible.hosts import RemoteHosts, RunHost
from onionrig.engine.ansible.inventory import read_inventory
from onionrig.engine.ansible.program import provisioned_version
from onionrig.engine.base import LinkCuts, Reboots
from onionrig.engine.local.engine import finishing
from onionrig.engine.torrcs import refuse_unknown_lines
from onionrig.errors import HostLost
from onionrig.probe.facts import host_name
from onionrig.processes.surroundings import refuse_unfit_surroundings
from onionrig.processes.together import tasks, together
from onionrig.processes.workspace import kept
from onionrig.records.manifest import Versions
from onionrig.rig.units import RUNTIME, STATE, HostRun, records_name
from onionrig.tor.program import verifying

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from onionrig.engine.ansible.found import FoundHost
    from onionrig.engine.base import Engine
    from onionrig.experiment.question import Question
    from onionrig.experiment.schema import Experiment
    from onionrig.records.manifest import HostRecord
    from onionrig.store.run_directory import RunDirectory

WORKSPACES = RUNTIME
RECORDS = STATE / "runs"
RUN_ID_BYTES = 4
BRING_UP_SECONDS = 1800
"""Upper bound of a bring-up's duration, in which every deadline is just met."""
SERVES_SECONDS = 7 * 24 * 3600
"""Longest time that a rig serves sinks that run elsewhere."""


class AnsibleOpening:
    """Hosts that were found fit for a run; nothing has been made on them."""

    capabilities: frozenset[type] = frozenset({LinkCuts, Reboots})
    """The further protocols of the engine; a host without what a fault needs is not fit."""

    def __init__(self, found_by_name: dict[str, FoundHost]) -> None:
        self._found_by_name = found_by_name

    @classmethod
    def for_experiment(cls, experiment: Experiment) -> AnsibleOpening:
        """Examine the experiment's hosts, which its inventory says how to reach.

        Raises UsageError for an inventory that cannot be used and for torrc lines that a host's tor
        does not accept, and Unequipped that names every host that is not fit.
        """
        refuse_unfit_surroundings(SSH_SOCKET, for_ssh=True)
        named = {host.name for host in experiment.hosts}
        listed = read_inventory(experiment.cluster.inventory or "")
        hosts = [(host.access(), host.onionrig_address) for host in listed if host.name in named]
        found_by_name = found_hosts(hosts, experiment, version=provisioned_version())
        for host in {host.facts.versions.tor: host for host in found_by_name.values()}.values():
            if path := host.facts.programs.get("tor"):
                refuse_unknown_lines(
                    experiment,
                    host.access.alone(verifying(path)),
                    f"tor {host.facts.versions.tor} on {host.access.name}",
                )
        return cls(found_by_name)

    @property
    def versions(self) -> Versions:
        """Versions of the programs that would run; those that differ are listed side by side."""
        versions = versions_side_by_side(self._found_by_name)
        return Versions(
            onionrig=versions["onionrig"] or "",
            tor=versions["tor"],
            openssl=versions["openssl"],
            onionbalance=versions["onionbalance"],
            python=versions["python"] or "",
            kernel=versions["kernel"] or "",
            tor_build=versions["tor_build"],
        )

    @property
    def host_records(self) -> tuple[HostRecord, ...]:
        """Facts about each host."""
        return tuple(host.record() for host in self._found_by_name.values())

    def entered(
        self, question: Question, run_directory: RunDirectory
    ) -> AbstractAsyncContextManager[Engine]:
        """Return the engine as a context, for one run."""
        return entered_hosts(self._found_by_name, question, run_directory)


@asynccontextmanager
async def entered_hosts(
    found_by_name: dict[str, FoundHost], question: Question, run_directory: RunDirectory
) -> AsyncIterator[AnsibleEngine]:
    """Provide these hosts as an engine for a block.

    Raises HostsInUse and Unequipped, and in the block the error for a service that died or a host
    that was lost.
    """
    run_id = secrets.token_hex(RUN_ID_BYTES)
    grace_seconds = int(question.experiment.cluster.grace)
    async with (
        kept(finish=finishing(run_directory)) as keeping,
        Masters(keeping, run_directory.path / "logs") as masters,
    ):
        connections = await together(
            *(masters.connect(host.access) for host in found_by_name.values())
        )
        runs = [
            RunHost(connection=connection, run=_run(run_id, question, run_directory))
            for connection in connections
        ]
        hosts = RemoteHosts(runs, run_directory.path, grace_seconds=grace_seconds)
        error: BaseException | None = None
        try:
            await hosts.claim(f"{run_directory.name}, by {_user_name()} on {host_name()}")
            async with tasks() as group:
                engine = AnsibleEngine(hosts, found_by_name, question, run_directory, group)
                watching = [
                    group.create_task(hosts.keep()),
                    group.create_task(hosts.watch(engine.death)),
                ]
                try:
                    yield engine
                finally:
                    hosts.leave()
                    for task in watching:
                        task.cancel()
        except BaseException as raised:
            error = raised
            raise
        finally:
            await asyncio.shield(hosts.await_rebooted(masters.connect))
            problems = await asyncio.shield(hosts.give_back())
            for problem in problems:
                if error is not None:
                    error.add_note(problem)
            if problems and error is None:
                raise HostLost("; ".join(problems))


def _user_name() -> str:
    """Return the name of this user; in a container the user may be in no list."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def _run(run_id: str, question: Question, run_directory: RunDirectory) -> HostRun:
    loads = sum(load.seconds + LEAD_SECONDS for load in question.loads) or SERVES_SECONDS
    return HostRun(
        run_id=run_id,
        workspace=WORKSPACES / run_id,
        records=RECORDS / records_name(run_directory.name, run_id),
        longest_seconds=int(loads) + BRING_UP_SECONDS,
    )
