"""The guardian of a bed: whatever becomes of the bed's owner, it removes the bed.

Run as ``python -I guardian.py NAME``; standard input is the read end of a pipe that the owner holds.
It makes the bed's ground: a process that is the first of a process namespace and has a mount
namespace of its own. Everything of the bed runs in these two, so the kernel ends every process and
undoes every mount with that one process. It reads a pipe in its turn, and ends when that closes: so
killing the guardian ends the bed as well. What is left to remove are control groups, a directory, and
processes that entered the bed's networks from outside.

It imports nothing but the standard library, and prints one line of JSON when the ground is there.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NETWORKS = "/run/netns"
"""The directory where the ground has its network namespaces, as ``ip netns`` names them."""
GROUND = ("unshare", "--mount", "--propagation=private", "--pid", "--fork", "--kill-child",
          "--mount-proc", "--", "sh", "-c", "cat; exit")  # fmt: skip
"""The first process is a shell that waits, so it reaps the orphans that it inherits."""
GROUPS = Path("/sys/fs/cgroup")
_SECONDS = 60.0
_PAUSE_SECONDS = 0.01


def main(name: str) -> None:
    """Make the ground, wait until the owner has ended, and remove what the kernel does not."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    directory = tempfile.mkdtemp(prefix=f"{name}-")
    groups = [top / name for top in hierarchies()]
    ground = None
    try:
        Path(directory).chmod(0o755)
        for group in groups:
            group.mkdir()
        ground = subprocess.Popen(GROUND, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        first = within(_SECONDS, lambda: first_process(ground))
        print(  # noqa: T201 - that is how it answers
            json.dumps({"pid": first, "directory": directory, "groups": [*map(str, groups)]}),
            flush=True,
        )
        sys.stdin.buffer.read()
        kill_those_in_networks(first)
    finally:
        if ground is not None:
            ground.stdin.close()
            ground.wait()
        for group in groups:
            within(_SECONDS, lambda group=group: removed(group))
        within(_SECONDS, lambda: shutil.rmtree(directory, ignore_errors=True) or gone(directory))


def hierarchies() -> list[Path]:
    """Return where systemd in a host wants a control group: once, or twice on a hybrid machine."""
    if (GROUPS / "cgroup.controllers").exists():
        return [GROUPS]
    return [top for top in (GROUPS / "systemd", GROUPS / "unified") if top.is_dir()]


def first_process(ground: subprocess.Popen[bytes]) -> int | None:
    """Return the process id of the ground's first process, once it has its mounts."""
    if ground.poll() is not None:
        raise SystemExit(f"{' '.join(GROUND)} ended with {ground.returncode}")
    for pid in Path(f"/proc/{ground.pid}/task/{ground.pid}/children").read_text().split():
        if Path(f"/proc/{pid}/comm").read_text() == "sh\n":
            return int(pid)
    return None


def kill_those_in_networks(first: int) -> None:
    """Kill what is in a network namespace of the bed, until nothing is."""
    with contextlib.suppress(OSError):
        networks = {path.stat().st_ino for path in Path(f"/proc/{first}/root{NETWORKS}").iterdir()}
        within(_SECONDS, lambda: not sum(killed(pid, networks) for pid in processes()))


def processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208 - names alone


def killed(pid: int, networks: set[int]) -> bool:
    """Kill a process if it is in one of the networks; a pidfd keeps a reused id from being hit."""
    with contextlib.suppress(OSError):
        handle = os.pidfd_open(pid)
        try:
            if Path(f"/proc/{pid}/ns/net").stat().st_ino in networks:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
                return True
        finally:
            os.close(handle)
    return False


def removed(group: Path) -> bool:
    """Remove a control group with those below it, and return whether it is gone."""
    with contextlib.suppress(OSError):
        for directory, _, _ in os.walk(group, topdown=False):
            Path(directory).rmdir()
    return gone(group)


def gone(path: str | Path) -> bool:
    return not os.path.lexists(path)


def within(seconds, condition):
    """Return what the condition returns once that is true, and its last answer after the time."""
    until = time.monotonic() + seconds
    while not (answer := condition()) and time.monotonic() < until:
        time.sleep(_PAUSE_SECONDS)
    return answer


if __name__ == "__main__":
    main(*sys.argv[1:])
