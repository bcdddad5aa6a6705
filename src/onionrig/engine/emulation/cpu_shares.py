"""CPU limits of emulated hosts: one control group per host, with a quota of CPU time.

A service enters its host's group before its program is executed, so its children are in it too, and
its process id stays the same. The sampler and the yardstick stay outside: an instrument must not be
throttled along with what it measures. Groups disappear with the run, however it ends: they are
removed when the block is left, or by the keeper.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from onionrig.errors import Unequipped
from onionrig.processes.cgroups import Hierarchy, own_hierarchies
from onionrig.processes.keeper import remove_group
from onionrig.programs import run_program
from onionrig.rig.model import Role

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from onionrig.rig.model import Host, Service

_ENTER_SECONDS = 10
_OUTSIDE = frozenset({Role.SAMPLER, Role.YARDSTICK})
"""Roles that are not limited along with their host."""
PERIOD_MICROSECONDS = 20_000
"""Period of the quota: a group may use its share of it, and then pauses until the next period. With
the kernel's default of 100 ms, a host with a quarter of a core pauses for 75 ms at a time, which no
slow CPU does. With less than 20 ms, several processes of a host pause for longer rather than
shorter, since a turn is then only one tick of the scheduler (4 ms where it was measured).
docs/method.md has both."""
LEAST_MICROSECONDS = 1_000
"""Smallest quota that the kernel accepts (kernel/sched/core.c, min_cfs_quota_period)."""

_ENTER = 'echo $$ > "$0" || exit 125; exec "$@"'
"""Script for ``sh -c``, with the group's list of processes and an argv; 125 is not an exit code of
ours."""
_HOST = "host-"
"""Prefix of a host's group, so that its name cannot equal a file of the kernel's."""


class CpuShares(msgspec.Struct, frozen=True, kw_only=True):
    """The control groups of a run."""

    unified: bool
    """Whether the control groups are of version 2, rather than version 1."""
    path: Path
    """Parent directory of the hosts' groups."""

    def entering(self, host: str) -> tuple[str, ...]:
        """Return the words that precede an argv to run with the share of a host."""
        return ("sh", "-c", _ENTER, str(self.path / f"{_HOST}{host}" / "cgroup.procs"))


@asynccontextmanager
async def cpu_shares(
    hosts: Sequence[Host], *, name: str, guard: Callable[[str], None]
) -> AsyncIterator[Callable[[Service], tuple[str, ...]]]:
    """Make a group for each limited host for a block; ``guard`` is told before any is made.

    Yields a function that returns the words that precede a service's argv. Raises Unequipped if no
    group can be made.
    """
    cores = {host.name: host.cpu_cores for host in hosts if host.cpu_cores is not None}
    if not cores:
        yield lambda _: ()
        return
    shares = await asyncio.to_thread(_make_where_allowed, cores, name, guard)

    def entering(service: Service) -> tuple[str, ...]:
        limited = service.host in cores and service.role not in _OUTSIDE
        return shares.entering(service.host) if limited else ()

    try:
        yield entering
    finally:
        await asyncio.shield(asyncio.to_thread(remove_group, str(shares.path)))


def limits(cores: float, *, unified: bool) -> dict[str, str]:
    """Return what to write to limit a group, by file and in this order."""
    period = max(PERIOD_MICROSECONDS, round(LEAST_MICROSECONDS / cores))
    quota = max(LEAST_MICROSECONDS, round(cores * period))
    if unified:
        return {"cpu.max": f"{quota} {period}"}
    return {"cpu.cfs_period_us": str(period), "cpu.cfs_quota_us": str(quota)}


def _make_where_allowed(
    cores: Mapping[str, float], name: str, guard: Callable[[str], None]
) -> CpuShares:
    """Make the groups in the first place that allows it. Raises Unequipped with each reason."""
    refused: list[str] = []
    for hierarchy in own_hierarchies():
        for parent in _by_what_they_have(hierarchy):
            group = parent / name
            guard(str(group))
            try:
                _make(group, cores, unified=hierarchy.unified)
                _try_to_enter(group)
            except (OSError, Unequipped) as error:
                refused.append(_reason(error))
                remove_group(str(group))
            else:
                return CpuShares(unified=hierarchy.unified, path=group)
    why = "; ".join(dict.fromkeys(refused)) or "no hierarchy with the cpu controller is mounted"
    raise Unequipped(
        f"cpu shares of emulated hosts need a control group that this user may write: {why}. "
        "Run it as root, or leave cpu out of [[hosts]]"
    )


def _by_what_they_have(hierarchy: Hierarchy) -> list[Path]:
    """Return where to try, best first; with version 2, only groups that have the controller.

    Groups that already delegate the controller come first; the others would have to be changed.
    """
    parents = [Path(path) for path in hierarchy.parents]
    if not hierarchy.unified:
        return parents
    having = [path for path in parents if _lists_cpu(path / "cgroup.controllers")]
    return sorted(having, key=lambda path: not _lists_cpu(path / "cgroup.subtree_control"))


def _lists_cpu(file: Path) -> bool:
    with contextlib.suppress(OSError):
        return "cpu" in file.read_text(encoding="utf-8").split()
    return False


def _make(group: Path, cores: Mapping[str, float], *, unified: bool) -> None:
    if unified and not _lists_cpu(group.parent / "cgroup.subtree_control"):
        # the kernel refuses this if the group itself has processes, unless it is the root group
        _write(group.parent / "cgroup.subtree_control", "+cpu")
    group.mkdir()
    if unified:
        _write(group / "cgroup.subtree_control", "+cpu")
    for host, share in cores.items():
        own = group / f"{_HOST}{host}"
        own.mkdir()
        for file, text in limits(share, unified=unified).items():
            _write(own / file, text)


def _try_to_enter(group: Path) -> None:
    own = next(group.glob(f"{_HOST}*"))
    argv = ("sh", "-c", _ENTER, str(own / "cgroup.procs"), "true")
    entered = run_program(argv, seconds=_ENTER_SECONDS)
    if entered.code:
        raise Unequipped(entered.complaint)


def _write(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY)
    try:
        os.write(handle, text.encode())
    except OSError as error:
        error.filename = str(path)
        raise
    finally:
        os.close(handle)


def _reason(error: OSError | Unequipped) -> str:
    if isinstance(error, Unequipped):
        return str(error)
    return f"{error.filename}: {error.strerror}"
