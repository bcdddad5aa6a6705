"""Start the real command line, follow its events, and see what is left of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import psutil

from onionrig.recorder.jsonl import read_all
from onionrig.records.events import AnyEvent, Phase, PhaseBegan, Waiting
from onionrig.records.samples import SinkSample

LONG_HOLD = ("--hold", "600")


class StartedRun:
    """A run of the command line in a process of its own."""

    def __init__(self, out: Path, *arguments: str, cache: Path, profile: str = "smoke") -> None:
        self.out = out
        self._printed = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by close()
        self._told = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by close()
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "onionrig", "run", "--profile", profile, "--out", str(out),
                *arguments,
            ],
            stdout=self._printed,
            stderr=self._told,
            env={**os.environ, "XDG_CACHE_HOME": str(cache)},
            start_new_session=True,
        )  # fmt: skip

    def ends(self, *, seconds: float = 150) -> int:
        """Wait for its end and return its exit code."""
        return self.process.wait(timeout=seconds)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    @property
    def stdout(self) -> str:
        self._printed.seek(0)
        return self._printed.read()

    @property
    def stderr(self) -> str:
        self._told.seek(0)
        return self._told.read()

    def events(self) -> list[AnyEvent]:
        return list(read_all(self.out / "events.jsonl", AnyEvent))

    def roles(self) -> dict[str, str]:
        """Return the role of each service, as the manifest has them."""
        return json.loads((self.out / "manifest.json").read_bytes())["roles"]

    def until(self, condition, *, seconds: float = 120):
        """Wait until an event fulfils a condition, and return it."""
        deadline = time.monotonic() + seconds
        while True:
            for event in self.events():
                if condition(event):
                    return event
            code = self.process.poll()
            assert code is None, f"ended with {code}: {self.stderr}"
            assert time.monotonic() < deadline, self.stderr
            time.sleep(0.1)

    def until_phase(self, phase: Phase):
        return self.until(lambda event: isinstance(event, PhaseBegan) and event.phase is phase)

    def until_streams(self, count: int, *, seconds: float = 150) -> None:
        """Wait until so many streams deliver at once."""
        deadline = time.monotonic() + seconds
        while not any(sum(sample.streams.values()) == count for sample in self.sunk()):
            assert self.process.poll() is None, self.stderr
            assert time.monotonic() < deadline, self.stderr
            time.sleep(0.1)

    def sunk(self) -> list[SinkSample]:
        """Return what the sink has recorded so far."""
        return list(read_all(self.out / "samples" / "sink.jsonl", SinkSample))

    def until_waiting(self, said: str):
        return self.until(lambda event: isinstance(event, Waiting) and said in event.subject)

    def services(self) -> dict[str, psutil.Process]:
        """Return the run's processes by service, as the sampler is told of them."""
        (workspace,) = self.workspaces()
        told = (workspace / "sampler" / "processes.json").read_bytes()
        return {
            name: psutil.Process(pid)
            for name, pid in msgspec.json.decode(told, type=dict[str, int]).items()
        }

    def workspaces(self) -> list[Path]:
        """Return the workspaces that this run's processes name."""
        found = set()
        for process in self.processes():
            for word in process.cmdline():
                if "/onionrig-" in word:
                    head, _, rest = word.partition("/onionrig-")
                    found.add(Path(f"{head}/onionrig-{rest.partition('/')[0]}"))
        return sorted(found)

    def processes(self) -> list[psutil.Process]:
        """Return the processes that were started for this run: they name its run directory."""
        found = []
        for process in psutil.process_iter():
            try:
                named = str(self.out) in " ".join(process.cmdline())
                logs = any(str(self.out) in file.path for file in process.open_files())
            except psutil.Error:
                continue
            if (named or logs) and process.pid not in {os.getpid(), self.process.pid}:
                found.append(process)
        return found

    def leaves_nothing(self, workspaces: list[Path], *, seconds: float = 5) -> bool:
        """Return whether within so many seconds no process and no workspace is left."""
        deadline = time.monotonic() + seconds
        while self.processes() or any(path.exists() for path in workspaces):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def close(self) -> None:
        """End it, whatever the test came to."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=30)
        self._printed.close()
        self._told.close()
