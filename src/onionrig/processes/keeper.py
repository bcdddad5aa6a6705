"""The keeper: one small process that clears up after a run, however the run ends.

Run as ``python -m onionrig.processes.keeper``; it holds the read end of a pipe to the controller.
When the pipe closes, the controller has ended: the keeper kills every process that carries the
run's mark in its environment, and every one that it was told of; it removes the run's control
groups and its workspace, and, unless the controller had reported that it was done, writes the
result of what was recorded. Mark or report alone would miss some: the controller may die between a
fork and its report, and a program may overwrite its environment, as Onionbalance does when it sets
its title. So does an ssh that stays in the background to share its connection: its title names the
socket that it listens on, and a socket in the workspace belongs to the run.

It imports only the standard library, and as little as possible of it: it idles in every run.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time

MARK = "ONIONRIG_RUN"
"""The environment variable that marks every process of a run."""
WATCHING = b"watching\n"
"""Line that the keeper prints once no signal can end it."""
DONE = b"done\n"
"""Line that the controller sends when it has cleared up itself."""
GROUP = b"group "
"""Prefix of the path of a control group that belongs to the run alone."""

_SWEEP_SECONDS = 60.0
"""Upper bound on a sweep, which takes some hundredths of a second, or seconds on a starved machine:
it goes on until nothing has been seen for a few rounds, and this bound only ends it if new
processes keep coming."""
_REMOVAL_SECONDS = 4.0
_FINISH_SECONDS = 600.0
"""Deadline after which the result of what was recorded is given up."""
_QUIET_SWEEPS = 3
_PAUSE_SECONDS = 0.05


def main(mark: str, workspace: str, finish: list[str]) -> None:
    """Wait for the controller to end, then clear up."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    sys.stdout.buffer.write(WATCHING)
    sys.stdout.buffer.flush()
    handles: list[int] = []
    groups: list[str] = []
    finished = False
    for line in sys.stdin.buffer:
        if line == DONE:
            finished = True
            continue
        if line.startswith(GROUP):
            groups.append(os.fsdecode(line.removeprefix(GROUP).rstrip(b"\n")))
            continue
        # held from now on, so that the id of a process that has ended is never somebody else's
        with contextlib.suppress(OSError, ValueError):
            handles.append(os.pidfd_open(int(line)))
    for handle in handles:
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    sweep(mark, workspace)
    for group in groups:
        remove_group(group)
    shutil.rmtree(workspace, ignore_errors=True)
    if finish and not finished:
        with contextlib.suppress(subprocess.TimeoutExpired):  # it is ended then, and nobody listens
            subprocess.run(finish, stdin=subprocess.DEVNULL, timeout=_FINISH_SECONDS, check=False)


def sweep(mark: str, workspace: str) -> None:
    """Kill every process of the run, until none has been seen for a few rounds."""
    until = time.monotonic() + _SWEEP_SECONDS
    quiet = 0
    while quiet < _QUIET_SWEEPS and time.monotonic() < until:
        quiet = 0 if _kill_marked(mark, workspace) else quiet + 1
        time.sleep(_PAUSE_SECONDS)


def remove_group(path: str) -> bool:
    """Remove a control group of the run and those below it; return whether it is gone.

    Processes still in them are killed: they belong to the run, since children inherit the group.
    """
    until = time.monotonic() + _REMOVAL_SECONDS
    while os.path.isdir(path):  # noqa: PTH112 - likewise
        try:
            # what has been killed takes a moment to leave; groups below must go first
            for directory, _, _ in os.walk(path, topdown=False):
                _kill_members(f"{directory}/cgroup.procs")
                os.rmdir(directory)  # noqa: PTH106 - likewise
        except OSError:
            if time.monotonic() > until:
                return False
            time.sleep(_PAUSE_SECONDS / 5)
    return True


def _kill_members(listed: str) -> None:
    for pid in members(listed):
        with contextlib.suppress(OSError):
            handle = os.pidfd_open(pid)
            try:
                if pid in members(listed):
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
            finally:
                os.close(handle)


def members(listed: str) -> list[int]:
    """Return the processes in a group's list; 0 is one of another process namespace."""
    with contextlib.suppress(OSError), open(listed, "rb") as procs:  # noqa: PTH123 - likewise
        return [int(pid) for pid in procs.read().split()]
    return []


def _kill_marked(mark: str, workspace: str) -> int:
    entry, title = f"{MARK}={mark}".encode(), os.fsencode(f"ssh: {workspace}/")
    killed = 0
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib stays out of this process
        if name.isdecimal() and int(name) != os.getpid():
            killed += _kill_if_marked(int(name), entry, title)
    return killed


def _kill_if_marked(pid: int, entry: bytes, title: bytes) -> bool:
    """Kill a process if it has the entry or title; a pidfd keeps a reused id from being hit."""
    with contextlib.suppress(OSError):
        handle = os.pidfd_open(pid)
        try:
            environment = _proc_file(pid, "environ").split(b"\0")
            if entry not in environment and not _proc_file(pid, "cmdline").startswith(title):
                return False
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            return True
        finally:
            os.close(handle)
    return False


def _proc_file(pid: int, name: str) -> bytes:
    with open(f"/proc/{pid}/{name}", "rb") as file:  # noqa: PTH123 - likewise
        return file.read()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
