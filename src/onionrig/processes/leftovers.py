"""The leftovers of runs that were cut off: workspaces and control groups without a keeper.

A power cut ends a run together with its keeper, so its workspace, with the keys of its daemons,
stays in the temporary directory. SIGKILL of both also leaves the control groups of its emulated
hosts, and its processes if the system could not end them with their controller
(``processes.owned``). They are ended here, each by a handle on that very process, once it is known
that the run has neither controller nor keeper. Nothing else stays: its network namespaces are
anonymous, held only by processes (``engine.emulation.namespaces``), so they went with the last of
those and took their links and qdiscs along; they have no names that could be left over.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
import psutil

from onionrig.processes.keeper import MARK, remove_group, sweep
from onionrig.processes.leftover_groups import leftover_groups, members_below, remove_empty
from onionrig.processes.workspace import has_controller

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = re.compile(r"onionrig-(?P<mark>[0-9a-f]{16})")
"""Pattern of the name that ``processes.workspace`` gives a workspace."""
KEEPERS = frozenset({"onionrig.processes.keeper", "onionrig.engine.keeper"})
"""Modules in a keeper's command line, beside the mark of its run; the second is that of earlier
versions."""

LeftoverOutcome = Literal["removed", "would be removed", "in use", "failed"]
_DRY: tuple[LeftoverOutcome, str] = ("would be removed", "")


class Leftover(msgspec.Struct, frozen=True, kw_only=True):
    """A leftover without a keeper, and what became of it."""

    path: str
    kind: Literal["workspace", "control group"] = "workspace"
    size_bytes: int
    """Size; 0 for a control group, which is not a file."""
    outcome: LeftoverOutcome
    why: str = ""
    """The reason why it is still there."""
    ended: tuple[str, ...] = ()
    """The processes of the run that were ended, or would be: each program and process id."""


def clean(
    temporary: Path, *, groups_below: Sequence[Path] = (), dry_run: bool = False
) -> list[Leftover]:
    """Remove this user's leftover workspaces below a directory, and control groups below others.

    Workspaces of runs that are alive stay. Processes of a run that has neither controller nor
    keeper are ended first. If a controller is alive, or nothing is known about one, they are left
    alone and named.
    """
    # in this order: a workspace that is there has had a keeper since before it was made
    workspaces = _workspaces(temporary)
    groups = leftover_groups(groups_below, NAME)
    guarded, marked = _alive()
    cleaned: list[Leftover] = []
    orphaned: set[str] = set()
    for mark, path in workspaces.items():
        if mark in guarded:
            continue
        if has_controller(path) is False:
            orphaned.add(mark)
        cleaned.append(
            _cleaned(
                path, marked.get(mark, []), mark if mark in orphaned else None, dry_run=dry_run
            )
        )
    cleaned += [
        _cleaned_group(path, orphaned=mark in orphaned, dry_run=dry_run)
        for path, mark in groups.items()
        if mark not in guarded
    ]
    return cleaned


def _workspaces(temporary: Path) -> dict[str, Path]:
    """Return this user's workspaces by their run's mark; a link is never one."""
    workspaces = {}
    for path in sorted(temporary.iterdir()):
        named = NAME.fullmatch(path.name)
        if named is None:
            continue
        with contextlib.suppress(FileNotFoundError):
            status = path.lstat()
            if stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid():
                workspaces[named["mark"]] = path
    return workspaces


def _alive() -> tuple[set[str], dict[str, list[int]]]:
    """Return the marks of runs that a living keeper guards, and processes by their run's mark."""
    guarded: set[str] = set()
    marked: dict[str, list[int]] = {}
    for process in psutil.process_iter(["cmdline", "environ"]):
        argv = process.info["cmdline"] or []
        if KEEPERS.intersection(argv):
            guarded.update(argv)
        if mark := (process.info["environ"] or {}).get(MARK):
            marked.setdefault(mark, []).append(process.pid)
    return guarded, marked


def _cleaned(
    path: Path, processes: list[int], orphaned_mark: str | None, *, dry_run: bool
) -> Leftover:
    """Remove a workspace; end the processes of its run if it is known to have no controller."""
    size = sum(file.lstat().st_size for file in _below(path) if not file.is_dir())
    ended: tuple[str, ...] = ()
    if processes and orphaned_mark is not None:
        ended, processes = tuple(map(_process_text, processes)), []
        if not dry_run:
            sweep(orphaned_mark, str(path))
            processes = _alive()[1].get(orphaned_mark, [])
    if ended and dry_run:
        outcome, why = _DRY
    else:
        outcome, why = _outcome(path, processes, dry_run=dry_run)
    return Leftover(path=str(path), size_bytes=size, outcome=outcome, why=why, ended=ended)


def _process_text(pid: int) -> str:
    try:
        return f"{psutil.Process(pid).name()} {pid}"
    except psutil.Error:
        return str(pid)  # it has ended by now


def _cleaned_group(path: Path, *, orphaned: bool, dry_run: bool) -> Leftover:
    outcome, why = _DRY
    pids = members_below(path)
    ended: tuple[str, ...] = ()
    if pids and orphaned:
        ended = tuple(map(_process_text, pids))
        if not dry_run and not remove_group(str(path)):
            outcome, why = "failed", "what is in it could not be ended"
        elif not dry_run:
            outcome = "removed"
    elif pids:
        outcome, why = "in use", f"processes are in it still: {' '.join(map(str, pids))}"
    elif not dry_run:
        try:
            remove_empty(path)
        except FileNotFoundError:
            outcome = "removed"  # by its keeper, just now
        except OSError as error:
            outcome, why = "failed", str(error)
        else:
            outcome = "removed"
    return Leftover(
        path=str(path), kind="control group", size_bytes=0, outcome=outcome, why=why, ended=ended
    )


def _outcome(path: Path, processes: list[int], *, dry_run: bool) -> tuple[LeftoverOutcome, str]:
    if processes:
        pids = " ".join(map(str, processes))
        return "in use", (
            f"its run has no keeper, but processes still: {pids}; end its controller, or these "
            "where there is none"
        )
    # its processes may be where this one cannot see them, in another container with the same /tmp
    if listening := next((file for file in _below(path) if _listens(file)), None):
        return "in use", f"something listens on {listening}"
    if dry_run:
        return "would be removed", ""
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        return "removed", ""  # by somebody else, just now
    except OSError as error:
        return "failed", str(error)
    return "removed", ""


def _below(path: Path) -> list[Path]:
    return [Path(root, name) for root, _, names in os.walk(path) for name in names]


def _listens(file: Path) -> bool:
    with contextlib.suppress(OSError):
        if stat.S_ISSOCK(file.lstat().st_mode):
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(1)
                probe.connect(str(file))
            return True
    return False
