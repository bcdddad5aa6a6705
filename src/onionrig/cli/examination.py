"""Check whether this machine can run, and advise what to do if it cannot."""

from __future__ import annotations

import resource
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from onionrig.balancer.program import find_onionbalance
from onionrig.cli.question import ask
from onionrig.engine.local.fitness import Needs, obstacles, usable_cache
from onionrig.errors import Unequipped
from onionrig.movers.sampler.others import sees_all_processes
from onionrig.probe.facts import host_facts, usable_memory
from onionrig.probe.openssl import find_openssl
from onionrig.processes.leftover_groups import group_mounts
from onionrig.processes.surroundings import temporary_directory
from onionrig.tor.program import find_tor
from onionrig.units import size_text

if TYPE_CHECKING:
    from collections.abc import Callable

MachineVerdict = Literal["ok", "warning", "missing"]

SMALLEST = "smoke"
"""The shipped profile that takes least."""
FEWEST_CORES = 2
OPEN_FILES = 4096
FREE_MEMORY_BYTES = 1 << 30
FREE_DISK_BYTES = 500 << 20


class MachineFinding(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one check."""

    what: str
    verdict: MachineVerdict
    found: str
    advice: str = ""


def examine() -> list[MachineFinding]:
    """Return findings on everything that a run needs."""
    checks: tuple[Callable[[], MachineFinding], ...] = (
        _tor, _onionbalance, _cores, _aes, _open_files, _memory, _disk, _cache, _others, _emulation,
        _openssl, _surroundings,
    )  # fmt: skip
    blocked = [
        MachineFinding(what=obstacle.what, verdict="missing", found="-", advice=obstacle.why)
        for obstacle in obstacles(needs_of_the_smallest(), tor=_tor_path())
    ]
    blocked_names = {finding.what for finding in blocked}
    findings = [finding for check in checks if (finding := check()).what not in blocked_names]
    return [*findings, *blocked]


def needs_of_the_smallest() -> Needs:
    """Return what the smallest shipped profile takes: with less than that no run is possible."""
    return Needs.of(ask(None, SMALLEST, [], {}).experiment)


def able(findings: list[MachineFinding]) -> bool:
    """Return whether nothing that a run needs is missing."""
    return all(finding.verdict != "missing" for finding in findings)


def _tor() -> MachineFinding:
    try:
        tor = find_tor()
    except Unequipped as error:
        return MachineFinding(what="tor", verdict="missing", found="-", advice=str(error))
    return MachineFinding(
        what="tor", verdict="ok", found=f"{tor.version} with {tor.openssl}, {tor.path}"
    )


def _onionbalance() -> MachineFinding:
    try:
        path, version = find_onionbalance()
    except Unequipped as error:
        return MachineFinding(what="Onionbalance", verdict="missing", found="-", advice=str(error))
    return MachineFinding(what="Onionbalance", verdict="ok", found=f"{version}, {path}")


def _cores() -> MachineFinding:
    facts = host_facts("")
    text = f"{facts.cores}, {facts.cpu_model or 'unknown model'}, {facts.architecture}"
    if facts.cpu_restriction is not None:
        text = f"{facts.usable_cores:g} of {facts.machine_cores}, {text.partition(', ')[2]}"
        advice = f"{facts.cpu_restriction}: runs, probes and plans count no more"
        return MachineFinding(what="cores", verdict="warning", found=text, advice=advice)
    if facts.cores < FEWEST_CORES:
        advice = "everything shares one core: figures will be low, and bring-up slow"
        return MachineFinding(what="cores", verdict="warning", found=text, advice=advice)
    return MachineFinding(what="cores", verdict="ok", found=text)


def _aes() -> MachineFinding:
    aes = host_facts("").aes_instructions
    if aes is None:
        return MachineFinding(
            what="AES instructions", verdict="warning", found="unknown",
            advice="/proc/cpuinfo lists no CPU features",
        )  # fmt: skip
    if not aes:
        return MachineFinding(
            what="AES instructions", verdict="warning", found="none",
            advice="tor will spend several times the CPU on encryption",
        )  # fmt: skip
    return MachineFinding(what="AES instructions", verdict="ok", found="yes")


def _open_files() -> MachineFinding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    text = f"{soft}, may be raised to {'any number' if hard == resource.RLIM_INFINITY else hard}"
    if hard != resource.RLIM_INFINITY and hard < OPEN_FILES:
        return MachineFinding(
            what="open files", verdict="warning", found=text,
            advice=f"fewer than {OPEN_FILES}: raise it for runs with many streams (ulimit -Hn)",
        )  # fmt: skip
    return MachineFinding(what="open files", verdict="ok", found=text)


def _memory() -> MachineFinding:
    free = usable_memory().free_bytes
    return _enough("free memory", free, FREE_MEMORY_BYTES, "a default run takes about 1 GiB")


def _tor_path() -> str | None:
    try:
        return find_tor().path
    except Unequipped:
        return None


def _cache() -> MachineFinding:
    path, problem = usable_cache()
    if problem is not None:
        return MachineFinding(what="cached keys", verdict="warning", found="-", advice=problem)
    return MachineFinding(what="cached keys", verdict="ok", found=str(path))


def _others() -> MachineFinding:
    if sees_all_processes(Path("/proc")):
        return MachineFinding(what="other processes", verdict="ok", found="visible")
    return MachineFinding(
        what="other processes", verdict="warning", found="hidden",
        advice="/proc is mounted with hidepid, so a run cannot tell how much CPU others took",
    )  # fmt: skip


def _disk() -> MachineFinding:
    try:
        places = [Path(temporary_directory()), Path.cwd()]
    except (OSError, Unequipped) as error:
        return MachineFinding(what="free disk", verdict="warning", found="-", advice=str(error))
    free = min(shutil.disk_usage(place).free for place in places)
    return _enough("free disk", free, FREE_DISK_BYTES, "here and in the temporary directory")


def _enough(what: str, free: int, needed: int, advice: str) -> MachineFinding:
    verdict: MachineVerdict = "ok" if free >= needed else "warning"
    return MachineFinding(
        what=what, verdict=verdict, found=size_text(free), advice="" if free >= needed else advice
    )


def _surroundings() -> MachineFinding:
    try:
        directory = temporary_directory()
    except Unequipped:  # an obstacle, which is listed with the others
        directory = "nowhere"
    return MachineFinding(
        what="surroundings",
        verdict="ok",
        found=f"temporary files go to {directory}; no proxy is preloaded",
    )


def _emulation() -> MachineFinding:
    tools = [name for name in ("ip", "tc") if _is_available(name)]
    namespaces = Path("/proc/self/ns/net").exists()
    mounts = group_mounts()
    groups = str(mounts[0]) if mounts else "none, so hosts cannot have a share of the CPU"
    text = (
        f"{', '.join(tools) or 'neither ip nor tc'}; namespaces: {'yes' if namespaces else 'no'}; "
        f"control groups: {groups}"
    )
    enough = {"ip", "tc"} <= set(tools) and namespaces
    return MachineFinding(
        what="emulated hosts",
        verdict="ok" if enough else "warning",
        found=text,
        advice="" if enough else "not needed for a run on loopback (Debian: package iproute2)",
    )


def _openssl() -> MachineFinding:
    try:
        openssl = find_openssl()
    except Unequipped as error:
        return MachineFinding(
            what="openssl", verdict="warning", found="-", advice=f"not needed for a run; {error}"
        )
    return MachineFinding(what="openssl", verdict="ok", found=f"{openssl.version}, {openssl.path}")


def _is_available(program: str) -> bool:
    return bool(shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin"))
