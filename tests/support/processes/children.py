"""Small programs for real children, and a block that one of them lives in."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import PurePosixPath

import psutil

from onionrig.processes.fleet import ProcessToStart
from onionrig.rig.model import Role, Service

# An hour outlives whoever waits for the end of a child: it goes because somebody ends it.
IDLE = "import time; print('up', flush=True); time.sleep(3600)"
"""Says that it is up, then does nothing."""
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('up', flush=True); time.sleep(3600)"
)
"""Does the same and ignores SIGTERM."""
BUSY = "while True: pass"
"""Takes all the CPU time that it is given."""


@contextmanager
def child(*argv, **options):
    """Have a child process for a block; it is killed and reaped as the block is left."""
    with subprocess.Popen(argv, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def python_service(directory, code, *, name="child", role=Role.RELAY):
    """Return a service that runs a program of Python's in this directory, with its log there."""
    return Service(
        name=name,
        role=role,
        host="here",
        argv=(sys.executable, "-c", code),
        directory=PurePosixPath(directory),
        log_path=PurePosixPath(directory / f"{name}.log"),
    )


def python_child(directory, code, *, name="child", ours=False):
    """Return the same as a fleet starts it."""
    return ProcessToStart(
        name=name,
        argv=(sys.executable, "-c", code),
        directory=directory,
        log_path=directory / f"{name}.log",
        ours=ours,
    )


def processes_with(variable, value):
    """Return the other processes that have inherited a variable of the environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(variable) == value and process.pid != os.getpid():
                found.append(process)
        except psutil.Error:
            continue
    return found
