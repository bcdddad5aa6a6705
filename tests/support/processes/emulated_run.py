"""The real command line on emulated hosts, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from support.waiting import HANG_SECONDS, RUN_SECONDS

BASELINE = """
[[hosts]]
name = "pi1"
roles = ["backend"]
link = "20Mbit"

[[hosts]]
name = "clients"
roles = ["client"]
delay = "10ms"

[network]
kind = "none"

[load]
streams = 4
ramp = "2s"
hold = "10s"
"""


class StartedRun:
    """``onionrig run`` of an experiment; ``as_whom`` stands before the command."""

    def __init__(self, tmp_path: Path, text: str, *arguments: str, as_whom=(), cache=None) -> None:
        self.out = tmp_path / "run"
        asked = tmp_path / "asked.toml"
        asked.write_text(text)
        self._said = (tmp_path / "said").open("w+")
        self.process = subprocess.Popen(
            [
                *as_whom, sys.executable, "-m", "onionrig", "run", str(asked), "--no-report",
                "--out", str(self.out), *arguments,
            ],
            stdout=self._said,
            stderr=self._said,
            env={**os.environ, "XDG_CACHE_HOME": str(cache or tmp_path / "cache")},
            start_new_session=True,
        )  # fmt: skip

    def ends(self) -> int:
        """Wait for its end and return its exit code."""
        return self.process.wait(timeout=RUN_SECONDS)

    def ended(self) -> bool:
        """Return whether it has ended."""
        return self.process.poll() is not None

    @property
    def said(self) -> str:
        self._said.seek(0)
        return self._said.read()

    def file(self, name: str):
        return json.loads((self.out / name).read_bytes())

    def close(self) -> None:
        """End it, whatever the test came to."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=HANG_SECONDS)
        self._said.close()


def namespaces_in_use() -> set[int]:
    """Return the network namespaces of every process here, by the number the kernel gives them."""
    return _namespaces(Path("/proc").glob("[0-9]*/ns/net"))


def namespaces_of(pid: int) -> set[int]:
    """Return those of a process's children and theirs, but for the one that this process is in.

    Others on this machine make namespaces too: a browser does.
    """
    children = psutil.Process(pid).children(recursive=True)
    own = Path("/proc/self/ns/net").stat().st_ino
    return _namespaces(Path(f"/proc/{child.pid}/ns/net") for child in children) - {own}


def _namespaces(paths) -> set[int]:
    found = set()
    for path in paths:
        with suppress(OSError):
            found.add(path.stat().st_ino)
    return found
