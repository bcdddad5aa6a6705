"""A bundle is made and read by real commands, far from where its run was."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from onionrig.store.bundle.archive import packed, unpacked
from support.files import SMOKE_RUN
from support.processes.command_line import CommandLine
from support.waiting import until

pytestmark = pytest.mark.process

SUSTAINED = json.loads((SMOKE_RUN / "result.json").read_text())["goodput"][
    "sustained_bits_per_second"
]


def anns_run(directory):
    """Make a run of its own owner, with logs and a report, and return its directory."""
    run = directory / "runs" / "anns-cellar"
    shutil.copytree(SMOKE_RUN, run)
    (run / "logs").mkdir()
    (run / "logs" / "relay-1.log").write_text("it is Ann's\n")
    (run / "report.html").write_text("likewise")
    return run


@pytest.fixture
def run(tmp_path):
    return anns_run(tmp_path)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The bundle of that run, from its export."""
    place = tmp_path_factory.mktemp("exported")
    path = place / "friend.onionrig"
    with CommandLine(place) as onionrig:
        done = onionrig("export", str(anns_run(place)), "--bundle", str(path))
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture
def bundle(exported, tmp_path):
    """A bundle alone: its run is not where commands look for runs."""
    return Path(shutil.copy(exported, tmp_path))


@pytest.fixture(autouse=True)
def unpacked_at(tmp_path, monkeypatch):
    """Where bundles are unpacked: a directory that nobody else uses, and that is empty again."""
    place = tmp_path / "unpacked"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    yield place
    assert list(place.iterdir()) == []


def test_what_was_replaced_and_left_out_is_said(run, tmp_path, onionrig):
    path = tmp_path / "it.onionrig"
    done = onionrig("export", "anns-cellar", "--bundle", str(path))
    assert (done.returncode, done.stdout) == (0, "")
    size, replaced, left_out, kept = done.stderr.splitlines()
    assert size.startswith(f"{path}: ")
    assert size.endswith(" KiB")
    assert replaced.startswith("replaced: 6 fingerprints, 1 host name, 1 onion address, ")
    assert replaced.endswith(" paths, 1 run name")
    assert "; logs/ (1 file); report.html" in f"; {left_out.removeprefix('left out: ')}"
    assert "look at them before you publish it" in kept
    again = onionrig("export", "anns-cellar", "--bundle", str(path))
    assert again.returncode == 2
    assert f"{path} exists: an export never overwrites" in again.stderr


def test_a_bundle_is_shown_as_its_run(bundle, onionrig):
    shown = onionrig("show", str(bundle))
    assert (shown.returncode, shown.stderr) == (0, "")
    assert f"bundle: {bundle}" in shown.stdout
    told = json.loads(onionrig("show", bundle.name, "--json").stdout)
    assert told["goodput"]["sustained_bits_per_second"] == SUSTAINED
    assert told["run"] == "20261125T013508Z-smoke"
    assert "onionrig-bundle" not in shown.stdout


READER = """
import sys
from onionrig.cli.opened_run import opened_run
with opened_run(sys.argv[1]) as run:
    print(run.path, flush=True)
    sys.stdin.read()
"""
"""Reads a bundle until its input ends."""


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_unpacked_stays_when_a_reader_is_ended(bundle, unpacked_at, ending):
    argv = (sys.executable, "-c", READER, os.fspath(bundle))
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        path = Path(os.fsdecode(reader.stdout.readline().rstrip()))
        assert path.is_relative_to(unpacked_at)
        assert (path / "manifest.json").is_file()
        reader.send_signal(ending)
        reader.stdin.close()
    assert reader.returncode == -ending
    until(lambda: not any(unpacked_at.iterdir()), "the keeper removes what was unpacked")


def test_a_bundle_is_compared_planned_from_and_exported(bundle, onionrig, tmp_path):
    other = tmp_path / "other.onionrig"
    shutil.copy(bundle, other)
    compared = onionrig("compare", bundle.name, other.name)
    assert compared.returncode == 0, compared.stderr
    assert "A: friend; sustained " in compared.stdout
    assert "B: other; sustained " in compared.stdout
    planned = onionrig("plan", "--from", bundle.name, "--target", "10Mbit", "--hardware", "pi5")
    assert planned.returncode == 0, planned.stderr
    exported = onionrig("export", bundle.name, "--csv", "tables", "--bundle", "again.onionrig")
    assert exported.returncode == 0, exported.stderr
    assert (tmp_path / "tables" / "goodput.csv").stat().st_size > 500
    assert (tmp_path / "again.onionrig").read_bytes() == bundle.read_bytes()


def test_the_report_of_a_bundle_goes_where_it_is_told(bundle, onionrig, tmp_path):
    untold = onionrig("report", bundle.name)
    assert untold.returncode == 2
    assert "which a report cannot be written into: give --out DIR" in untold.stderr
    done = onionrig("report", bundle.name, f"./{bundle.name}", "--out", "page")
    assert (done.returncode, done.stdout) == (0, "page/report.html\n"), done.stderr
    page = (tmp_path / "page" / "report.html").read_text()
    assert "host-1" in page
    assert str(tmp_path) not in page
    assert "onionrig-bundle-" not in page


@pytest.mark.parametrize("command", ["show", "report", "compare", "plan", "export"])
def test_a_broken_bundle_is_answered_by_name(command, bundle, onionrig):
    words = {
        "show": ("show", bundle.name),
        "report": ("report", bundle.name, "--out", "page"),
        "compare": ("compare", bundle.name, bundle.name),
        "plan": ("plan", "--from", bundle.name, "--hosts", "2"),
        "export": ("export", bundle.name, "--csv", "tables"),
    }[command]
    whole = bundle.read_bytes()
    for content, answer in (
        (whole[:-40], "is damaged or cut short"),
        (b"", "is empty"),
        (b"no archive\n", "is not a bundle"),
    ):
        bundle.write_bytes(content)
        done = onionrig(*words)
        assert done.returncode == 11, done.stderr
        assert f"error: {bundle.name} {answer}" in done.stderr
        assert "Traceback" not in done.stderr


def test_records_of_a_bundle_are_read_as_sceptically_as_those_of_a_run(bundle, onionrig):
    files = unpacked(bundle.read_bytes(), bundle.name)
    bundle.write_bytes(packed({**files, "manifest.json": b"{}", "result.json": b"[]"}, version="1"))
    done = onionrig("show", bundle.name)
    assert done.returncode == 11
    assert "manifest.json cannot be read" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_series_is_refused_with_the_names_of_its_runs(run, onionrig, tmp_path):
    sweep = tmp_path / "runs" / "a-sweep"
    shutil.copytree(run, sweep / "runs" / "001-a")
    (sweep / "sweep.json").write_text('{"started": "2026-01-04T00:00:00+00:00"}')
    done = onionrig("export", "a-sweep", "--bundle", "it.onionrig")
    assert done.returncode == 11
    assert "is a sweep, not a run; name one of its runs: 001-a" in done.stderr
    assert not (tmp_path / "it.onionrig").exists()
    one = onionrig("export", "a-sweep/001-a", "--bundle", "it.onionrig")
    assert one.returncode == 0, one.stderr
