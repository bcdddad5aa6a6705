"""The ground of a bed: the namespaces in which all of it runs, and the pipe on which it depends."""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from support.bed import guardian
from support.waiting import HANG_SECONDS


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Namespaces for processes, mounts and networks that end with the process that made them."""

    pid: int
    """The first process of the ground, by its id outside."""
    directory: Path
    """A directory of the bed's own, on the disk of this machine."""
    groups: tuple[Path, ...]
    """The bed's control groups, one per hierarchy."""

    @property
    def entering(self):
        """What stands before an argv that is to run on the ground."""
        return ("nsenter", f"--target={self.pid}", "--mount", "--pid", "--")

    def network(self, name):
        """Return the path of a network namespace, as it is seen from outside."""
        return self.seen(f"{guardian.NETWORKS}/{name}")

    def seen(self, path):
        """Return the path by which something that is mounted on the ground is seen outside."""
        return Path(f"/proc/{self.pid}/root{path}")

    def script(self, text):
        """Run lines of the shell on the ground, and stop at the first that fails."""
        return run(*self.entering, "sh", "-euc", text)


def run(*argv, **more):
    """Run a program to its end and return its output; what it said is in the error if it fails."""
    done = subprocess.run(
        [str(word) for word in argv],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
        **more,
    )
    if done.returncode:
        raise RuntimeError(
            f"{' '.join(map(str, argv))} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
    return done.stdout


@contextlib.contextmanager
def standing_ground():
    """Make a ground for the block. It is removed after it, or when this process is killed."""
    name = f"onionrig-bed-{secrets.token_hex(4)}"
    with subprocess.Popen(
        [sys.executable, "-I", guardian.__file__, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"the guardian of a bed ended with {process.wait()}")
            told = json.loads(line)
            ground = Ground(
                pid=told["pid"],
                directory=Path(told["directory"]),
                groups=tuple(map(Path, told["groups"])),
            )
            # the machine's own /run stays out of sight, and what is put there is gone at the end
            ground.script(f"mount -t tmpfs -o mode=755 tmpfs /run && mkdir {guardian.NETWORKS}")
            yield ground
        finally:
            process.stdin.close()
            process.wait(HANG_SECONDS)
