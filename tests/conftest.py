import os
from pathlib import Path

import pytest
from hypothesis import settings

from support.processes.command_line import CommandLine

# machines here are noisy: how long one example takes is no defect of what it tests
settings.register_profile("noisy", deadline=None)
settings.load_profile("noisy")

SKIPS = "ONIONRIG_TEST_SKIPS"
"""An environment variable: the file to which each test that was skipped is added, with why."""


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter, config):
    """List what was skipped for whoever runs several pytests and tells it at the end."""
    file = os.environ.get(SKIPS)
    if file and not hasattr(config, "workerinput"):  # of several processes the first knows all
        with Path(file).open("a") as skips:
            for report in terminalreporter.stats.get("skipped", ()):
                _, _, why = report.longrepr
                skips.write(f"{report.nodeid}: {why.removeprefix('Skipped: ')}\n")


@pytest.fixture
def onionrig(tmp_path):
    """The command line, in a directory of its own; what it has started is ended with the test."""
    with CommandLine(tmp_path) as command_line:
        yield command_line


@pytest.fixture
def no_boards_of_ones_own(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
