"""Whether this machine can run a rig: report obstacles before anything is made.

``doctor``, ``check`` and every run make the same checks here, so they agree.
"""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import socket
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec
import platformdirs
import psutil

from onionrig.engine.local.confinement import refuse_confined
from onionrig.engine.local.inherited_limits import lacking_limits
from onionrig.engine.torrcs import longest_socket
from onionrig.errors import Unequipped
from onionrig.processes.limits import task_room
from onionrig.processes.surroundings import refuse_intercepted, refuse_unfit_directory
from onionrig.rig.allocation import tors_of
from onionrig.rig.layout import LOOPBACK
from onionrig.rig.needs import STATE_BYTES, lacking_files, tasks_of
from onionrig.tor.identities import unusable_cache
from onionrig.units import counted, size_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from onionrig.experiment.schema import Experiment

MOVERS = 6
"""Number of our programs on a host: a source, a sink, a sampler, a yardstick, a pinger and a
dialler."""
SYSTEM_FILES = ("stat", "meminfo", "loadavg")
"""Files in /proc about the whole machine, which every sample includes."""
_LOOPBACK_SECONDS = 5.0


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What a rig needs of this machine."""

    tors: tuple[str, ...]
    movers: int
    streams: int
    """Largest number of streams of one sink."""
    longest_socket: str = ""
    """Longest path of a unix socket below the workspace."""
    load_seconds: float = 0.0
    """Time for which the load is on."""
    loopback: bool = True
    """Whether services communicate over this machine's loopback."""

    @classmethod
    def of(cls, experiment: Experiment) -> Needs:
        """Return what an experiment needs of the machine that it is run from."""
        if experiment.has_real_hosts:
            return cls(tors=(), movers=0, streams=0)
        bare = experiment.network.kind == "none"
        return cls(
            tors=() if bare else tuple(tors_of(experiment)),
            movers=MOVERS * max(1, len(experiment.hosts)),
            streams=experiment.load.streams_asked,
            longest_socket=longest_socket(experiment),
            load_seconds=experiment.load.ramp + experiment.load.hold,
            loopback=not experiment.hosts,
        )


class Obstacle(msgspec.Struct, frozen=True, kw_only=True):
    """A reason why a rig cannot run here."""

    what: str
    why: str
    """Explanation of what is lacking, and what to do."""


def refuse_unfit(experiment: Experiment, *, tor: str | None) -> None:
    """Raise Unequipped, naming the obstacle, if something would end this experiment midway."""
    found_obstacles = obstacles(Needs.of(experiment), tor=tor)
    if found_obstacles:
        raise Unequipped("; ".join(obstacle.why for obstacle in found_obstacles))


def obstacles(needs: Needs, *, tor: str | None) -> list[Obstacle]:
    """Return the obstacles to running a rig with these needs here."""
    questions: tuple[tuple[str, Callable[[], str | None]], ...] = (
        ("surroundings", lambda: _refusal(refuse_intercepted)),
        ("temporary directory", lambda: _temporary(needs)),
        ("loopback", lambda: _loopback(needs)),
        ("/proc", lambda: unreadable_system(Path("/proc"))),
        ("open files", lambda: _files(needs)),
        ("processes", lambda: _tasks(needs)),
        ("limits", lambda: lacking_limits(needs.load_seconds)),
    )
    found_obstacles = [
        Obstacle(what=resource, why=why)
        for resource, explain in questions
        if (why := explain()) is not None
    ]
    # tor is asked in this directory, so only if the directory is usable
    if (
        tor is not None
        and needs.tors
        and all(obstacle.what != "temporary directory" for obstacle in found_obstacles)
    ):
        try:
            refuse_confined(tor, Path(tempfile.gettempdir()))
        except Unequipped as error:
            found_obstacles.append(Obstacle(what="files that tor may use", why=str(error)))
    return found_obstacles


def usable_cache() -> tuple[Path | None, str | None]:
    """Return where keys are kept for later runs; or None, and why they are made for one run alone.

    A system user may have no home, or a home that cannot be written to.
    """
    advice = (
        "so keys are made in every run, which takes some seconds: XDG_CACHE_HOME names another "
        "directory"
    )
    try:
        path = platformdirs.user_cache_path("onionrig")
    except RuntimeError:  # a user without an account entry and without HOME
        return None, f"this user has no home directory, {advice}"
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return None, f"the name of the cache directory is not UTF-8, {advice}"
    problem = unusable_cache(path)
    return (path, None) if problem is None else (None, f"{problem}, {advice}")


def unreadable_system(proc: Path) -> str | None:
    """Explain why the kernel's figures of the whole machine cannot be read, or return None."""
    for name in SYSTEM_FILES:
        try:
            (proc / name).read_bytes()
        except OSError as error:
            return (
                f"{proc / name} cannot be read ({error.strerror}), and every sample has what it "
                "says: mount /proc without subset=pid (ProcSubset=all in a unit of systemd)"
            )
    return None


def _temporary(needs: Needs) -> str | None:
    """Explain why the temporary directory is unsuitable, or return None."""
    unfit = _refusal(lambda: refuse_unfit_directory(needs.longest_socket))
    if unfit is not None:
        return unfit
    directory = tempfile.gettempdir()
    tmpdir = os.environ.get("TMPDIR")
    if tmpdir and not _is_same(tmpdir, directory):
        return (
            f"TMPDIR is {_readable(tmpdir)}, and no file can be written there: free space there, "
            "or set it to a directory that can be written"
        )
    free, needed = shutil.disk_usage(directory).free, STATE_BYTES * max(1, len(needs.tors))
    if free < needed:
        return (
            f"{size_text(free)} are free in the temporary directory {directory}, and the state of "
            f"{counted(len(needs.tors), 'daemon')} may take {size_text(needed)}: free space there, "
            "or set TMPDIR to a directory elsewhere"
        )
    with tempfile.TemporaryFile(dir=directory) as trial:
        refused = _lock_refused(trial)
    if refused is not None:
        return (
            f"no file in the temporary directory {directory} can be locked ({refused}), by which a "
            "run shows that it goes on: set TMPDIR to a directory on a local disk"
        )
    return None


def _lock_refused(file: IO[bytes]) -> str | None:
    """Return why a new file cannot be locked, as on some network file systems, or None."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.strerror
    return None


def _refusal(refuse: Callable[[], None]) -> str | None:
    try:
        refuse()
    except Unequipped as error:
        return str(error)
    return None


def _loopback(needs: Needs) -> str | None:
    """Explain why services could not communicate over loopback, or return None."""
    if not needs.loopback:
        return None
    try:
        with socket.create_server((LOOPBACK, 0)) as listening:
            socket.create_connection(listening.getsockname(), _LOOPBACK_SECONDS).close()
    except OSError as error:
        return (
            f"nothing can be reached on {LOOPBACK} ({error.strerror or error}), where the rig's "
            "services are: bring the loopback interface up (ip link set lo up), and have the "
            "firewall let it pass"
        )
    return None


def _readable(path: str) -> str:
    return os.fsencode(path).decode("utf-8", errors="replace")


def _is_same(path: str, directory: str) -> bool:
    try:
        return Path(path).samefile(directory)
    except OSError:
        return False


def _files(needs: Needs) -> str | None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        return None
    return lacking_files(hard, tors=len(needs.tors), streams=needs.streams)


def _tasks(needs: Needs) -> str | None:
    needed = tasks_of(needs.tors, movers=needs.movers, cores=psutil.cpu_count() or 1)
    room = task_room()
    if room is None or room.tasks >= needed:
        return None
    return (
        f"{room.tasks} more processes and threads may be started, and the rig takes up to "
        f"{needed}: raise {room.limit}, or ask for a smaller rig"
    )
