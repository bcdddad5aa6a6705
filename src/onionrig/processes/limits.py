"""The processes, threads and memory that this user may still take: limits of user and groups.

Threads count as processes do (getrlimit(2): RLIMIT_NPROC; kernel:
Documentation/admin-guide/cgroup-v2.rst, pids.max).
"""

from __future__ import annotations

import contextlib
import os
import resource
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from onionrig.processes.cgroups import own_hierarchies

if TYPE_CHECKING:
    from collections.abc import Iterable

EXEMPT = (1 << 21) | (1 << 24)
"""CAP_SYS_ADMIN and CAP_SYS_RESOURCE, each of which exempts a process from RLIMIT_NPROC."""
ALL_IDS = 4294967295
"""Number of user ids in the first user namespace, the only one in which those capabilities count.
"""

_MEMORY_MOST = ("memory.max", "memory.limit_in_bytes")
_MEMORY_USED = ("memory.current", "memory.usage_in_bytes")
"""Files of a control group of version 2 and of version 1 (kernel:
Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst)."""
_UNUSED_FILES = ("inactive_file", "total_inactive_file")
"""Names in ``memory.stat``; the second one of version 1 includes the groups below."""


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """The number of processes and threads that may still be started, and the limit on them."""

    tasks: int
    limit: str
    """The limit, by the name under which it can be raised."""


class MemoryRoom(msgspec.Struct, frozen=True, kw_only=True):
    """The memory that may be used, and what is left of it."""

    limit_bytes: int
    free_bytes: int


def memory_room(*, total_bytes: int, available_bytes: int, root: Path = Path("/")) -> MemoryRoom:
    """Return what control groups leave of a machine's memory, as in a container.

    What a group has read from files and not used lately is free, as it is for the machine.
    """
    limit_bytes, free_bytes = total_bytes, available_bytes
    for hierarchy in own_hierarchies(root, controller="memory"):
        for _, directory in hierarchy.directories(root):
            most, used = (_first_number(directory, names) for names in (_MEMORY_MOST, _MEMORY_USED))
            if most is None or used is None:
                continue
            limit_bytes = min(limit_bytes, most)
            free_bytes = min(free_bytes, max(0, most - used + _unused_files_bytes(directory)))
    return MemoryRoom(limit_bytes=limit_bytes, free_bytes=free_bytes)


def task_room(root: Path = Path("/")) -> Room | None:
    """Return the tightest limit on processes and threads, or None if there is none."""
    rooms = [*_user_rooms(root), *_group_rooms(root)]
    return min(rooms, key=lambda room: room.tasks, default=None)


def _user_rooms(root: Path) -> list[Room]:
    soft, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    if soft == resource.RLIM_INFINITY or is_exempt(
        _text(root / "proc/self/status"), _text(root / "proc/self/uid_map")
    ):
        return []
    used = tasks_of_user(root / "proc", os.getuid())
    return [
        Room(
            tasks=max(0, soft - used),
            limit=f"the limit of {soft} on this user's processes (ulimit -u), which has {used}",
        )
    ]


def is_exempt(status: str, uid_map: str) -> bool:
    """Return whether the kernel's status of a process exempts it from RLIMIT_NPROC."""
    if uid_map.split() != ["0", "0", str(ALL_IDS)]:
        return False
    fields = _fields(status)
    uids = fields.get("Uid", "").split()
    return bool(
        (uids and uids[0] == "0") or int(fields.get("CapEff", "0").strip() or "0", 16) & EXEMPT
    )


def tasks_of_user(proc: Path, uid: int) -> int:
    """Return the number of threads of all processes of a user."""
    count = 0
    for path in proc.iterdir():
        if path.name.isdecimal():
            fields = _fields(_text(path / "status"))
            if fields.get("Uid", "").split()[:1] == [str(uid)]:
                count += int(fields.get("Threads", "1"))
    return count


def _group_rooms(root: Path) -> list[Room]:
    rooms = []
    for hierarchy in own_hierarchies(root, controller="pids"):
        for parent, directory in hierarchy.directories(root):
            most, current = (
                _text(directory / name).strip() for name in ("pids.max", "pids.current")
            )
            if most.isdecimal() and current.isdecimal():
                limit = f"the control group's limit of {most} processes ({parent}/pids.max)"
                rooms.append(Room(tasks=max(0, int(most) - int(current)), limit=limit))
    return rooms


def _first_number(directory: Path, names: Iterable[str]) -> int | None:
    """Return the number in the first of these files that has one."""
    texts = (_text(directory / name).strip() for name in names)
    return next((int(text) for text in texts if text.isdecimal()), None)


def _unused_files_bytes(directory: Path) -> int:
    """Return what a group and those below it have read from files and not used lately."""
    words = [line.split() for line in _text(directory / "memory.stat").splitlines()]
    counts = [int(pair[1]) for pair in words if len(pair) > 1 and pair[0] in _UNUSED_FILES]
    return max(counts, default=0)


def _fields(status: str) -> dict[str, str]:
    """Return the fields of a process's status, as the kernel prints them."""
    return dict(line.split(":", 1) for line in status.splitlines() if ":" in line)


def _text(path: Path) -> str:
    """Return the text of a kernel's file, or an empty text if it cannot be read."""
    with contextlib.suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace")
    return ""
