"""Runs of the real command line on emulated hosts, and the namespaces that those are in."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psutil

from support.processes.started_run import StartedRun

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


def emulated_run(directory, text=BASELINE, *arguments, cache=None, as_whom=()):
    """Start ``onionrig run`` of an experiment; ``as_whom`` stands before the command."""
    experiment = directory / "experiment.toml"
    experiment.write_text(text)
    return StartedRun(
        directory / "run", str(experiment), "--no-report", *arguments,
        cache=cache or directory / "cache", as_whom=as_whom,
    )  # fmt: skip


def emulated_hosts(manifest):
    """Return the emulated hosts of a manifest, which are listed beside this machine."""
    return [host for host in manifest["hosts"] if host["kind"] == "emulated"]


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
