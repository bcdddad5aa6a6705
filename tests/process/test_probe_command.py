"""The probe of this machine: with the real openssl, over the real loopback."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time

import msgspec
import psutil
import pytest

from onionrig.engine.probe.extent import Extent
from onionrig.engine.probe.probe import probe
from onionrig.errors import Unequipped
from onionrig.recorder.probe_file import read_probe

pytestmark = pytest.mark.process

SHORT = Extent(
    timed=(("sha3-256", 509), ("aes-256-gcm", 16384)),
    rounds=1,
    all_cores_seconds=1,
    loopback_seconds=0.3,
)

AT_ALL_CORES = """
import asyncio
from onionrig.engine.probe.extent import Extent
from onionrig.engine.probe.probe import probe

asyncio.run(probe(extent=Extent(timed=(), loopback_seconds=0.1, all_cores_seconds=60)))
"""

AT_LOOPBACK = AT_ALL_CORES.replace("loopback_seconds=0.1", "loopback_seconds=60")


@pytest.fixture
def environment(tmp_path):
    (tmp_path / "tmp").mkdir()
    return {**os.environ, "TMPDIR": str(tmp_path / "tmp"), "COLUMNS": "200"}


@pytest.fixture
def start(environment, tmp_path):
    """Start a program of Python's, and end it with the test."""
    started = []

    def run(*arguments):
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env=environment, cwd=tmp_path, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def onionrig(environment, tmp_path):
    def run(*arguments, **changed):
        return subprocess.run(
            [sys.executable, "-m", "onionrig", *arguments],
            env={**environment, **changed}, cwd=tmp_path, capture_output=True, text=True,
            check=False, timeout=120,
        )  # fmt: skip

    return run


def fake_openssl(directory, script):
    directory.mkdir()
    program = directory / "openssl"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(directory)


def until(looked_for, seconds=20):
    deadline = time.monotonic() + seconds
    while not (found := looked_for()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def descendants(process):
    return psutil.Process(process.pid).children(recursive=True)


def commands(processes):
    found = []
    for each in processes:
        try:
            found.append(" ".join(each.cmdline()))
        except psutil.Error:
            continue
    return found


def alive(processes):
    return [each for each in processes if each.is_running() and each.status() != "zombie"]


def test_a_short_probe_has_every_figure_and_leaves_nothing():
    told = []
    done = asyncio.run(probe(lambda doing, share: told.append((doing, share)), extent=SHORT))
    speeds = {(each.algorithm, each.block_bytes): each.bytes_per_second for each in done.speeds}
    assert list(speeds) == list(SHORT.timed)
    # a core of whatever runs this does between 1 MB/s and 1 TB/s
    rates = [
        *speeds.values(),
        done.all_cores_sha3_bytes_per_second,
        done.loopback.bytes_per_second,
        done.loopback.bytes_per_cpu_second,
    ]
    assert all(1e6 < rate < 1e12 for rate in rates), rates
    assert done.openssl.startswith("OpenSSL ")
    assert done.host.cores == psutil.cpu_count()
    # both ends share a core, so together they cannot use more than that (but for clocks' grain)
    assert done.loopback.bytes_per_cpu_second > done.loopback.bytes_per_second * 0.95
    assert done.seconds >= SHORT.seconds - 0.5
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert 0 < shares[-1] < 1
    assert not descendants(psutil.Process())


def test_an_algorithm_that_openssl_does_not_know_is_a_trouble_and_no_figure():
    extent = Extent(
        timed=(("aes-512-xyz", 509),), rounds=2, all_cores_seconds=1, loopback_seconds=0.1
    )
    done = asyncio.run(probe(extent=extent))
    assert done.speeds == ()
    assert any("aes-512-xyz of 509 bytes could not be timed" in each for each in done.troubles)


def test_without_openssl_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("onionrig.engine.probe.openssl.USUAL_PATH", "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Unequipped, match="apt-get install openssl"):
        asyncio.run(probe())


def test_an_openssl_that_cannot_time_sha3_is_refused(tmp_path, monkeypatch):
    old = fake_openssl(
        tmp_path / "bin",
        'test "$1" = version && echo "OpenSSL 1.0.2u  20 Dec 2019" && exit\n'
        "echo 'Error: bad option or value' >&2; exit 1",
    )
    monkeypatch.setenv("PATH", f"{old}:{os.environ['PATH']}")
    with pytest.raises(Unequipped) as refused:
        asyncio.run(probe(extent=SHORT))
    for said in ("OpenSSL 1.0.2u", "Error: bad option or value", "1.1.1 or later"):
        assert said in str(refused.value)


def test_an_openssl_that_never_ends_is_given_up_and_ended(tmp_path, monkeypatch):
    stuck = fake_openssl(
        tmp_path / "bin", 'test "$1" = version && echo "OpenSSL 9" && exit\nsleep 600 & wait'
    )
    monkeypatch.setenv("PATH", f"{stuck}:{os.environ['PATH']}")
    monkeypatch.setattr("onionrig.engine.probe.openssl._SLACK_SECONDS", 0)
    with pytest.raises(Unequipped, match="had not ended after 1 s"):
        asyncio.run(probe(extent=SHORT))
    assert not alive(descendants(psutil.Process()))


def test_an_end_of_loopback_that_fails_is_said_with_its_last_line(monkeypatch):
    monkeypatch.setattr("onionrig.engine.probe.loopback._END", "onionrig.engine.nowhere")
    with pytest.raises(Unequipped, match=r"127\.0\.0\.1 failed: .*No module named onionrig"):
        asyncio.run(probe(extent=msgspec.structs.replace(SHORT, timed=())))


@pytest.mark.parametrize(
    ("program", "runs", "number"),
    [
        (AT_ALL_CORES, "openssl speed", signal.SIGINT),
        (AT_ALL_CORES, "openssl speed", signal.SIGTERM),
        (AT_ALL_CORES, "openssl speed", signal.SIGKILL),
        (AT_LOOPBACK, "loopback_end", signal.SIGTERM),
        (AT_LOOPBACK, "loopback_end", signal.SIGKILL),
    ],
)
def test_however_it_is_ended_no_child_is_left(start, tmp_path, program, runs, number):
    probing = start("-c", program)
    # openssl forks one for each core, loopback has two ends
    expected = 1 + psutil.cpu_count() if "openssl" in runs else 2
    until(lambda: sum(runs in each for each in commands(descendants(probing))) >= expected)
    children = descendants(probing)
    probing.send_signal(number)
    probing.wait(10)
    if number is signal.SIGKILL:
        until(lambda: not alive(children))  # its keeper does it
        until(lambda: not list((tmp_path / "tmp").iterdir()))
    assert not alive(children)
    assert not list((tmp_path / "tmp").iterdir())


def test_ctrl_c_ends_the_command_with_its_exit_code(start):
    probing = start("-m", "onionrig", "probe", "--json")
    until(lambda: any("openssl speed" in each for each in commands(descendants(probing))))
    children = descendants(probing)
    probing.send_signal(signal.SIGINT)
    out, err = probing.communicate(timeout=10)
    assert (probing.returncode, out) == (130, "")
    assert "error: interrupted by Ctrl-C" in err
    assert not alive(children)


def test_the_command_prints_json_alone_and_writes_the_same_to_a_file(onionrig, tmp_path):
    done = onionrig("probe", "--json", "--out", "pi3.json")
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert (tmp_path / "pi3.json").read_text() == done.stdout
    assert read_probe(tmp_path / "pi3.json").made == printed["made"]
    assert "probe: pi3.json" in done.stderr
    assert "probing: one core, round 2 of 2\n" in done.stderr
    assert printed["schema"] == 1
    assert len(printed["speeds"]) == 11
    assert printed["seconds"] < 60


@pytest.mark.parametrize("out", ["nowhere/pi3.json", "tmp"])
def test_a_place_that_cannot_be_written_is_refused_before_anything_is_measured(onionrig, out):
    began_seconds = time.monotonic()
    done = onionrig("probe", "--out", out)
    assert done.returncode == 2
    assert f"--out {out}" in done.stderr
    assert time.monotonic() - began_seconds < 10


def test_the_schema_of_a_probe_is_printed_and_doctor_looks_for_openssl(onionrig):
    properties = json.loads(onionrig("schema", "probe").stdout)["$defs"]["Probe"]["properties"]
    assert {"schema", "speeds", "loopback", "troubles"} <= properties.keys()
    refused = onionrig("schema", "board")
    assert refused.returncode == 2
    assert "there are result, plan, probe" in refused.stderr
    findings = {each["what"]: each for each in json.loads(onionrig("doctor", "--json").stdout)}
    assert findings["openssl"]["verdict"] == "ok"
