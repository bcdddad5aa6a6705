"""The control groups that this process is in, and those in which it may make more.

Version 1 has a hierarchy per controller, version 2 one for all of them; some machines have both
mounted, and then only one of them has the CPU, or the memory. Only ``own_hierarchies`` reads files.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

MOUNTS = "/proc/self/mountinfo"
OWN = "/proc/self/cgroup"

_FIELDS_BEFORE, _ROOT, _MOUNT_POINT = 6, 3, 4
_FIELDS_AFTER = 3
_ESCAPED = re.compile(r"\\([0-7]{3})")
_DELETED = " (deleted)"
"""Suffix of a group that was removed while this process was in it."""


class Hierarchy(msgspec.Struct, frozen=True, kw_only=True):
    """A mounted hierarchy of groups, and this process's own group in it."""

    unified: bool
    """True for version 2, false for version 1."""
    mount_point: str
    own: str
    """Path below the mount point, such as ``/`` or ``/user.slice/…``; ``/`` if it lies elsewhere.
    """

    @property
    def parents(self) -> tuple[str, ...]:
        """Directories in which groups could be made: this process's own, then those above it.

        Groups made in the nearer ones stay within the limits that already apply here.
        """
        steps = [step for step in self.own.split("/") if step]
        top = self.mount_point.rstrip("/")
        return tuple("/".join((top, *steps[:depth])) or "/" for depth in range(len(steps), -1, -1))

    def directories(self, root: Path) -> list[tuple[str, Path]]:
        """Return each of ``parents`` with its place below another root, as tests have one."""
        return [(parent, root / parent.lstrip("/")) for parent in self.parents]


class Mount(msgspec.Struct, frozen=True, kw_only=True):
    """A file system of groups as it is mounted."""

    unified: bool
    root: str
    """The directory of the hierarchy that is mounted: a container may have only a part."""
    mount_point: str
    controllers: frozenset[str]
    """Controllers and name of a version 1 mount; version 2 lists its own in ``cgroup.controllers``.
    """


def own_hierarchies(root: Path = Path("/"), *, controller: str = "cpu") -> list[Hierarchy]:
    """Return the hierarchies whose controller may limit this process; none without groups."""
    try:
        texts = [
            (root / name.lstrip("/")).read_text(encoding="utf-8", errors="surrogateescape")
            for name in (MOUNTS, OWN)
        ]
    except OSError:
        return []  # a kernel without control groups has no list of a process's own
    return hierarchies(*texts, controller=controller)


def hierarchies(mountinfo: str, own_cgroups: str, *, controller: str = "cpu") -> list[Hierarchy]:
    """Return the hierarchies that may have a controller, such as ``cpu``, the likeliest first.

    One of version 1 that has the controller does; one of version 2 may, if it has it.
    """
    mounts = [mount for line in mountinfo.splitlines() if (mount := mount_from(line))]
    firsts = [mount for mount in mounts if controller in mount.controllers]
    seconds = [mount for mount in mounts if mount.unified]
    own = own_groups(own_cgroups)
    return [
        Hierarchy(
            unified=mount.unified,
            mount_point=mount.mount_point,
            own=_below(own.get("" if mount.unified else controller, "/"), mount.root),
        )
        for mount in (*firsts, *seconds)
    ]


def mount_from(line: str) -> Mount | None:
    """Read a line of mountinfo (proc_pid_mountinfo(5)); None if no groups are mounted there."""
    before, separator, after = line.partition(" - ")
    left, right = before.split(" "), after.split(" ")
    if not separator or len(left) < _FIELDS_BEFORE or len(right) < _FIELDS_AFTER:
        return None
    kind, _, options = right[:_FIELDS_AFTER]
    if kind not in {"cgroup", "cgroup2"}:
        return None
    return Mount(
        unified=kind == "cgroup2",
        root=_unescaped(left[_ROOT]),
        mount_point=_unescaped(left[_MOUNT_POINT]),
        controllers=frozenset(options.split(",")) if kind == "cgroup" else frozenset(),
    )


def own_groups(text: str) -> dict[str, str]:
    """Return the groups in /proc/self/cgroup by controller; version 2 has the empty name."""
    groups: dict[str, str] = {}
    for line in text.splitlines():
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if path.startswith("/"):
            groups |= dict.fromkeys(controllers.split(","), path.removesuffix(_DELETED))
    return groups


def _below(own: str, root: str) -> str:
    """Return a group's path below a mount's root, or the root itself if it is not below it."""
    top = root.rstrip("/")
    inside = own == top or own.startswith(f"{top}/")
    below = own[len(top) :] if inside else ""
    # seen from another cgroup namespace, what is above it is called /..
    return "/" if not below or ".." in below.split("/") else below


def _unescaped(path: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 8)), path)
