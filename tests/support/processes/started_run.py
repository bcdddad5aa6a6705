"""Runs of the real command line: follow their events, and see what is left of them."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

import msgspec
import psutil

from onionrig.records.events import AnyEvent, Phase, PhaseBegan, Waiting
from onionrig.records.samples import SinkSample
from onionrig.store.lines import read_all
from support.processes.command_line import ONIONRIG, StartedCommand
from support.waiting import RUN_SECONDS, until

_LIMITED = ("BandwidthRate 2 MBytes", "BandwidthBurst 2 MBytes")
LONG_HOLD = ("--hold", "3600", "--set", f"load.torrc={json.dumps(_LIMITED)}")
"""A hold that lasts until the test ends it, at a rate that leaves other tests the CPU."""


class StartedRun(StartedCommand):
    """``onionrig run`` into a directory; ``as_whom`` stands before the command.

    Variables of its environment are given by their names.
    """

    def __init__(
        self,
        out: Path,
        *arguments: str,
        cache: Path,
        as_whom: tuple[str, ...] = (),
        **environment: str,
    ):
        self.out = out
        # pytest-xdist tells its workers a width, and without one nothing is folded
        inherited = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
        super().__init__(
            *as_whom, *ONIONRIG, "run", "--out", str(out), *arguments,
            environment={**inherited, "XDG_CACHE_HOME": str(cache), **environment},
        )  # fmt: skip

    def file(self, name: str):
        """Return what a JSON file of the run directory holds."""
        return json.loads((self.out / name).read_bytes())

    def events(self) -> list[AnyEvent]:
        return list(read_all(self.out / "events.jsonl", AnyEvent))

    def roles(self) -> dict[str, str]:
        """Return the role of each service, as the manifest has them."""
        return self.file("manifest.json")["roles"]

    def until(self, condition):
        """Wait until an event fulfils a condition, and return it."""
        return self.until_found(lambda: next(filter(condition, self.events()), None))

    def until_found(self, look):
        """Wait, as long as it runs, until there is something to be found, and return that."""

        def found():
            ended = self.ended()  # asked first: what came before it counts
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


def smoke_run(out: Path, *arguments: str, cache: Path, **environment: str) -> StartedRun:
    """Start a run of the smoke profile, the smallest there is."""
    return StartedRun(out, "--profile", "smoke", *arguments, cache=cache, **environment)


def ended_well(run: StartedRun, end, *, code: int, error: str) -> None:
    """Check that a run that is ended so exits with this code, says why, and leaves nothing."""
    workspaces = run.workspaces()
    assert workspaces
    end()
    assert run.ends() == code, run.stderr
    assert run.leaves_nothing(workspaces)
    result = run.file("result.json")
    assert result["status"] == "aborted"
    assert result["failure"]["error"] == error
    assert result["failure"]["exit_code"] == code
