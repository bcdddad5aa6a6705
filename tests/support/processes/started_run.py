"""Start the real command line, follow its events, and see what is left of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import msgspec
import psutil

from onionrig.records.events import AnyEvent, Phase, PhaseBegan, Waiting
from onionrig.records.samples import SinkSample
from onionrig.store.lines import read_all
from support.waiting import HANG_SECONDS, RUN_SECONDS, until

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

    def ends(self) -> int:
        """Wait for its end and return its exit code."""
        return self.process.wait(timeout=RUN_SECONDS)

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

    def until(self, condition):
        """Wait until an event fulfils a condition, and return it."""
        return self.until_found(lambda: next(filter(condition, self.events()), None))

    def until_found(self, look):
        """Wait, as long as it runs, until there is something to be found, and return that."""

        def found():
            ended = self.process.poll() is not None  # asked first: what came before it counts
            there = look()
            assert there or not ended, f"ended with {self.process.returncode}: {self.stderr}"
            return there

        return until(found, lambda: self.stderr, seconds=RUN_SECONDS, pause_seconds=0.1)

    def until_phase(self, phase: Phase):
        return self.until(lambda event: isinstance(event, PhaseBegan) and event.phase is phase)

    def until_streams(self, count: int) -> None:
        """Wait until so many streams deliver at once."""
        self.until_found(
            lambda: any(sum(sample.streams.values()) == count for sample in self.sunk())
        )

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
        words = []
        for process in self.processes():
            with suppress(psutil.Error):  # it may have ended meanwhile
                words += process.cmdline()
        found = set()
        for word in words:
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

    def leaves_nothing(self, workspaces: list[Path]) -> bool:
        """Wait until no process and no workspace is left."""
        return until(
            lambda: not self.processes() and not any(path.exists() for path in workspaces),
            lambda: f"the end of {self.processes()} and {workspaces}",
        )

    def close(self) -> None:
        """End it, whatever the test came to."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=HANG_SECONDS)
        self._printed.close()
        self._told.close()


KINDS = {
    "longest silence of ": {"stalled backend"},
    "CPU of ": {"machine CPU"},
    "main thread of ": {"main thread"},
    "": {"window"},
}
"""The verdict that each kind of evidence stands for, by how it begins, the strongest first."""


def kinds_by_evidence(evidence):
    """Return which verdicts on a rig of one host its evidence allows (docs/method.md has them)."""
    at_limit = [each["what"] for each in evidence if each["at_limit"]]
    for beginning, kinds in KINDS.items():
        if any(what.startswith(beginning) for what in at_limit):
            return kinds
    return {"load", "unknown"}
