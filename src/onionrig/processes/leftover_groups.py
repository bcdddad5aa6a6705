"""Control groups of runs whose controller and keeper were both killed: nobody removed them.

They hold nothing and cost next to nothing, but they stay until the machine is restarted.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from onionrig.processes.cgroups import own_hierarchies
from onionrig.processes.keeper import members

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence


def group_mounts() -> list[Path]:
    """Return where groups that limit CPU time can be; empty if the kernel has none."""
    return list(dict.fromkeys(Path(hierarchy.mount_point) for hierarchy in own_hierarchies()))


def leftover_groups(mounts: Sequence[Path], name: re.Pattern[str]) -> dict[Path, str]:
    """Return this user's groups of runs, by path, each with the mark of its run.

    A run may have been started in another session than this one, so everything that is mounted is
    searched.
    """
    marks_by_group: dict[Path, str] = {}
    for mount in mounts:
        for directory, below, _ in os.walk(mount):
            named = {
                directory_name: match["mark"]
                for directory_name in below
                if (match := name.fullmatch(directory_name))
            }
            below[:] = [directory_name for directory_name in below if directory_name not in named]
            marks_by_group |= {
                path: mark
                for directory_name, mark in sorted(named.items())
                if (path := Path(directory, directory_name)).lstat().st_uid == os.geteuid()
            }
    return marks_by_group


def members_below(group: Path) -> list[int]:
    """Return the processes in a group and those below it."""
    return [
        pid for directory, _, _ in os.walk(group) for pid in members(f"{directory}/cgroup.procs")
    ]


def remove_empty(group: Path) -> None:
    """Remove a group and those below it. Raises OSError, for instance if a process has come in."""
    for directory, _, _ in os.walk(group, topdown=False):
        Path(directory).rmdir()
