"""doctor, check and run answer alike where a machine lets no rig run, before anything is made."""

import tempfile
from pathlib import Path

import pytest

from onionrig.engine.local.equipment import Equipment
from onionrig.errors import Unequipped
from support.processes.command_line import ONIONRIG, SHORT_BASELINE, CommandLine

pytestmark = pytest.mark.process


def equipped():
    try:
        Equipment.found()
    except Unequipped:
        return False
    return True


@pytest.fixture
def short_path():
    """Return a directory whose path leaves room for the unix sockets of a rig, as pytest's may not."""
    with tempfile.TemporaryDirectory(prefix="few-") as path:
        yield Path(path)


@pytest.mark.skipif(not equipped(), reason="no tor here")
@pytest.mark.parametrize(
    "arguments", [("doctor",), ("check", "--profile", "smoke"), ("run", "--profile", "smoke")]
)
def test_every_command_reports_too_few_open_files(tmp_path, short_path, arguments):
    few = ("prlimit", "--nofile=256:256", *ONIONRIG)
    with CommandLine(tmp_path, program=few, TMPDIR=str(short_path)) as onionrig:
        done = onionrig(*arguments)
    assert done.returncode == Unequipped.exit_code
    printed = " ".join((done.stdout + done.stderr).split())
    assert "at most 256 files may be open at once, and every tor wants 1000" in printed
    assert not (tmp_path / "runs").exists()
    assert not list(short_path.iterdir())


def test_a_baseline_runs_with_256_open_files_and_without_a_home(tmp_path):
    few = ("prlimit", "--nofile=256:256", *ONIONRIG)
    with CommandLine(tmp_path, program=few, XDG_CACHE_HOME="/dev/null") as onionrig:
        done = onionrig(*SHORT_BASELINE, "--streams", "2", "--no-report")
    assert done.returncode == 0, done.stderr
