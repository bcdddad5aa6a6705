"""Machines whose paths, variables and preloaded libraries are not like ours."""

import json

import pytest

from onionrig.errors import Unequipped
from support.processes.command_line import SHORT_BASELINE

pytestmark = pytest.mark.process

ADDRESS = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"
INTERCEPTOR = "/nonexistent/libtorsocks.so"
"""Not there: what ld.so cannot preload it passes over, with a word on stderr."""
MEASURING = (
    ("run", "--profile", "smoke"),
    ("baseline", "--hold", "10"),
    ("sweep", "--over", "load.streams=1,2"),
    ("probe",),
    ("descriptor", ADDRESS),
    ("compare", "smoke", "smoke"),
    ("check", "--profile", "smoke", "--json"),
)
ODD = "a b#c \"d\" 'e' \\f %g $h é"


@pytest.mark.parametrize("arguments", MEASURING, ids=lambda arguments: arguments[0])
def test_a_preloaded_torsocks_is_named_and_nothing_starts(onionrig, tmp_path, arguments):
    done = onionrig(*arguments, LD_PRELOAD=INTERCEPTOR, TMPDIR=str(tmp_path))
    assert done.returncode == Unequipped.exit_code
    assert f"error: torsocks ({INTERCEPTOR}) is loaded into this program" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_doctor_names_it_too(onionrig):
    done = onionrig("doctor", "--json", LD_PRELOAD=INTERCEPTOR)
    assert done.returncode == Unequipped.exit_code
    (found,) = (one for one in json.loads(done.stdout) if one["what"] == "surroundings")
    assert "torsocks" in found["advice"]


@pytest.mark.parametrize(
    ("arguments", "name", "message"),
    [
        (MEASURING[0], "a\nb", "a line break"),
        (MEASURING[1], "b\udcff", "not UTF-8"),
        (MEASURING[2], "a\nb", "a line break"),
        (MEASURING[3], "b\udcff", "not UTF-8"),
    ],
)
def test_a_temporary_directory_that_files_cannot_name_is_refused(
    onionrig, tmp_path, arguments, name, message
):
    (tmp_path / name).mkdir()
    done = onionrig(*arguments, TMPDIR=str(tmp_path / name))
    assert done.returncode == Unequipped.exit_code
    assert "the temporary directory" in done.stderr
    assert message in done.stderr
    assert "TMPDIR" in done.stderr
    assert list(tmp_path.iterdir()) == [tmp_path / name]
    assert list((tmp_path / name).iterdir()) == []


def test_a_path_that_is_too_long_for_sockets_is_refused_before_a_run(onionrig, tmp_path):
    long = tmp_path / ("x" * 100)
    long.mkdir()
    done = onionrig("run", "--profile", "smoke", TMPDIR=str(long))
    assert done.returncode == Unequipped.exit_code
    assert "too long for the unix sockets below it" in done.stderr
    assert list(tmp_path.iterdir()) == [long]


def test_a_baseline_runs_among_odd_paths_and_proxies(onionrig, tmp_path):
    place = tmp_path / ODD
    for name in ("tmp", "cache", "home"):
        (place / name).mkdir(parents=True)
    proxies = dict.fromkeys(
        ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"), "http://127.0.0.1:1"
    )
    done = onionrig(
        *SHORT_BASELINE, "--no-report", "--out", str(place / "a\nrun"), "--json",
        TMPDIR=str(place / "tmp"), XDG_CACHE_HOME=str(place / "cache"), HOME=str(place / "home"),
        **proxies,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "complete"
    assert list((place / "tmp").iterdir()) == []
    assert (place / "a\nrun" / "manifest.json").is_file()
