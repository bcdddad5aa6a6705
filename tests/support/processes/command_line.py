"""The command line as a user types it, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack

from support.waiting import HANG_SECONDS, RUN_SECONDS

ONIONRIG = (sys.executable, "-m", "onionrig")
SHORT_BASELINE = ("baseline", "--hold", "10", "--streams", "1", "--set", "load.ramp=1s")
"""The shortest measurement there is, for what has to be found out about any run."""


class StartedCommand:
    """A command that runs until its block is left; what it has printed can be read at any time."""

    def __init__(self, *argv, environment, directory=None):
        self._stdout = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self.process = subprocess.Popen(
            argv, stdout=self._stdout, stderr=self._stderr, cwd=directory, env=environment,
            start_new_session=True,
        )  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def ends(self):
        """Wait for its end and return its exit code."""
        return self.process.wait(timeout=RUN_SECONDS)

    def ended(self):
        """Return whether it has ended."""
        return self.process.poll() is not None

    def interrupt(self):
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    @property
    def stdout(self):
        """What it has printed so far."""
        return _content(self._stdout)

    @property
    def stderr(self):
        """What it has said beside that so far."""
        return _content(self._stderr)

    def close(self):
        """End it, whatever the test came to."""
        if not self.ended():
            self.process.terminate()
            self.process.wait(timeout=HANG_SECONDS)
        self._stdout.close()
        self._stderr.close()


class CommandLine:
    """``onionrig`` in a directory of its own, with a cache and boards of its own.

    Variables of the environment are given by their names: ``onionrig("doctor", PATH="/nowhere")``.
    """

    def __init__(self, directory, *, program=ONIONRIG, **environment):
        self._directory = directory
        self._program = program
        self._environment = {
            **os.environ,
            "COLUMNS": "200",
            "XDG_CACHE_HOME": str(directory / "cache"),
            "XDG_CONFIG_HOME": str(directory / "config"),
            **environment,
        }
        self._started = ExitStack()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._started.close()

    def __call__(self, *arguments, **environment):
        """Run it to its end; return its exit code and what it printed."""
        return subprocess.run(
            [*self._program, *arguments], cwd=self._directory,
            env={**self._environment, **environment},
            capture_output=True, text=True, check=False, timeout=RUN_SECONDS,
        )  # fmt: skip

    def start(self, *arguments, **environment):
        """Start it, and end it with the command line if it still runs by then."""
        return self._started.enter_context(
            StartedCommand(
                *self._program,
                *arguments,
                directory=self._directory,
                environment={**self._environment, **environment},
            )
        )


def _content(file):
    # the command shares this file's position: reading from there would move where it writes next
    content = os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)
    return content.decode(errors="replace")
