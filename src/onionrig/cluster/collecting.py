"""Fetch the records of a run that its controller could not fetch, and remake its result."""

from __future__ import annotations

import asyncio
import tarfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from onionrig.cluster.asking import on_all
from onionrig.cluster.choosing import (
    named_run,
    only_run,
    refuse_while_it_goes_on,
    runs_there,
)
from onionrig.cluster.merging import missing_files, say_that_nobody_saw_the_end, store_files
from onionrig.cluster.state import host_state
from onionrig.engine.ansible.opening import RECORDS
from onionrig.engine.ansible.scripts import unpacked
from onionrig.errors import HostLost, RecordsUnreadable
from onionrig.records.result import Result
from onionrig.store.account import finish
from onionrig.store.run_directory import EVENTS, RunDirectory
from onionrig.store.runs import LATEST, RUNS, find_run
from onionrig.units import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from onionrig.cluster.choosing import RunThere
    from onionrig.engine.ansible.access import Access
    from onionrig.engine.ansible.connection import SshConnection

FETCH_SECONDS = 600.0

Files = tuple[tuple[PurePosixPath, bytes], ...]
"""Files by their paths in a run's directory."""


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """A run after its records were fetched."""

    run_directory: str
    result: Result
    notes: tuple[str, ...]
    """Texts that say what is still missing."""
    problems: tuple[str, ...]
    """The hosts of the run that gave no answer, each with the reason."""
    removed: bool
    """Whether the hosts' records were removed, since everything is here."""


async def collect(
    accesses: Iterable[Access],
    name: str | None,
    out: Path | None,
    *,
    keep: bool,
    tell: Callable[[str], None],
) -> Collected | None:
    """Fetch what hosts have of a run, write its result again, and remove it from the hosts.

    ``name`` is a run directory here, its name, the name that hosts have for it, or ``latest``; with
    ``out``, a directory for records that only hosts have, it is looked up on the hosts only.

    Returns None if the run is here and no host has anything of it. Raises RecordsUnreadable if it
    is unclear which run is meant, and HostsInUse while it goes on.
    """
    reached = tuple(accesses)
    states = await on_all(reached, host_state)
    run_directory = None if name is None or out is not None else _run_directory_here(name)
    runs = runs_there(states.found)
    run = _chosen_run(runs, name, run_directory)
    if run is None:
        states.refuse_problems()
        if run_directory is None:
            raise RecordsUnreadable(_unknown_run_text(name, runs))
        return None
    refuse_while_it_goes_on(run, states.found)
    if run_directory is None:
        run_directory = _begun_here(run, out)
    fetched = await on_all(_accesses_named(reached, run.kept), lambda host: _fetch_files(host, run))
    if not fetched.found:
        fetched.refuse_problems()
    run_directory = run_directory or RunDirectory.create(_place(run, out))
    _store_files(fetched.found, run_directory, tell)
    result = await asyncio.to_thread(finish, run_directory)
    collected = _collected(run_directory, result, reached, {**states.problems, **fetched.problems})
    if keep or collected.notes or collected.problems:
        return collected
    removals = await on_all(
        _accesses_named(reached, fetched.found), lambda host: _remove_files(host, run)
    )
    return msgspec.structs.replace(
        collected, problems=tuple(removals.problems.values()), removed=not removals.problems
    )


def _store_files(
    contents: Mapping[str, Files], run_directory: RunDirectory, tell: Callable[[str], None]
) -> None:
    """Take in what each host had, and record how the run ended if that is missing."""
    handed_on = False
    for host, files in contents.items():
        new_files = store_files(files, run_directory.path)
        handed_on |= PurePosixPath(EVENTS) in new_files
        tell(f"{host}: {counted(len(new_files), 'file')} that were not here, or not whole")
    say_that_nobody_saw_the_end(run_directory, handed_on=handed_on)


def _collected(
    run_directory: RunDirectory,
    result: Result,
    accesses: Iterable[Access],
    problems: Mapping[str, str],
) -> Collected:
    """Return what is here now, and what of the run's hosts is still missing."""
    manifest = run_directory.read_manifest()
    names = {access.name for access in accesses}
    hosts = [host.name for host in manifest.hosts if host.kind == "remote"]
    missing = {
        host: services
        for host in hosts
        if (services := missing_files(manifest, run_directory.path, host))
    }
    return Collected(
        run_directory=str(run_directory.path),
        result=result,
        notes=(
            *(f"{host}: nothing of {', '.join(services)} is here"
              for host, services in missing.items()),
            *(f"{host} is not in this inventory, and was not asked"
              for host in hosts if host not in names),
        ),
        problems=tuple(problems[host] for host in hosts if host in problems),
        removed=False,
    )  # fmt: skip


def _accesses_named(accesses: Iterable[Access], names: Iterable[str]) -> list[Access]:
    wanted_names = set(names)
    return [access for access in accesses if access.name in wanted_names]


def _run_directory_here(name: str) -> RunDirectory | None:
    """Return a run directory of this machine, or None if there is none of that name."""
    try:
        return find_run(name)
    except RecordsUnreadable:
        if name == LATEST or Path(name).exists():
            raise
        return None


def _chosen_run(
    runs: Mapping[str, RunThere], name: str | None, run_directory: RunDirectory | None
) -> RunThere | None:
    if name is None:
        return only_run(runs)
    if run_directory is None:
        return named_run(runs, name)
    directory = _directory_on_hosts(run_directory)
    return runs.get(directory) if directory else named_run(runs, run_directory.path.absolute().name)


def _directory_on_hosts(run_directory: RunDirectory) -> str | None:
    """Return the name of a run's directory on the hosts, if its manifest has it."""
    try:
        hosts = run_directory.read_manifest().hosts
    except RecordsUnreadable:
        return None
    return next((Path(host.records).name for host in hosts if host.records), None)


def _unknown_run_text(name: str | None, runs: Mapping[str, RunThere]) -> str:
    run_texts = ", ".join(run.text for run in runs.values()) or "no run"
    return f"no run {name}, neither here nor on the hosts; they have records of {run_texts}"


def _begun_here(run: RunThere, out: Path | None) -> RunDirectory | None:
    """Return the directory here that already holds a run, or None if one is to be made.

    Raises RecordsUnreadable if it cannot be made because no host has a manifest.
    """
    begun = RunDirectory(_place(run, out))
    if begun.looks_like_a_run() and _directory_on_hosts(begun) == run.directory:
        return begun
    if not any(records.has_manifest for records in run.kept.values()):
        raise RecordsUnreadable(
            f"{run.text} ended before its rig was put in place: no host has its manifest; collect "
            f"it where it was started, or remove {RECORDS / run.directory} on each host"
        )
    return None


def _place(run: RunThere, out: Path | None) -> Path:
    return out or RUNS / run.run


async def _fetch_files(connection: SshConnection, run: RunThere) -> Files:
    """Return what a host has of a run. Raises CommandFailed and HostLost."""
    content = await connection.run(
        ("tar", "-C", str(RECORDS / run.directory), "-cf", "-", "."), seconds=FETCH_SECONDS
    )
    try:
        return tuple(unpacked(content))
    except tarfile.TarError as error:
        raise HostLost(f"{connection.host}: its archive of records is broken: {error}") from error


async def _remove_files(connection: SshConnection, run: RunThere) -> None:
    await connection.run(("rm", "-rf", "--", str(RECORDS / run.directory)))
