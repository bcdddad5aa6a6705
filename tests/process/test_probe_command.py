"""The probe of this machine: with the real openssl, over the real loopback."""

import asyncio
import hashlib
import json
import os
import signal
import sys
import time

import msgspec
import psutil
import pytest

from onionrig.errors import Unequipped
from onionrig.movers.sampler.allowed_cpu import read_allowed_cpu
from onionrig.probe import loopback, openssl
from onionrig.probe.extent import Extent
from onionrig.probe.probe import probe
from onionrig.store.given_files import read_probe
from support.files import write_program
from support.processes.children import child, processes_with
from support.processes.command_line import CommandLine
from support.waiting import HANG_SECONDS, over, until

pytestmark = pytest.mark.process

SHORT = Extent(
    timed=(("sha3-256", 509), ("aes-256-gcm", 16384)),
    rounds=1,
    all_cores_seconds=1,
    loopback_seconds=1,
)

# what is started has all the time there is: on a busy machine it may start late
PATIENTLY = f"""
from onionrig.probe import loopback
from onionrig.probe import openssl

loopback._SLACK_SECONDS = openssl._SLACK_SECONDS = openssl._VERSION_SECONDS = {HANG_SECONDS}
"""

COMMAND = f"""{PATIENTLY}
from onionrig.cli.main import main

main()
"""

# an hour: what is left of it would outlive whoever waits for its end
AT_ALL_CORES = f"""{PATIENTLY}
import asyncio
from onionrig.probe.extent import Extent
from onionrig.probe.probe import probe

asyncio.run(probe(extent=Extent(timed=(), loopback_seconds=0.1, all_cores_seconds=3600)))
"""

AT_LOOPBACK = AT_ALL_CORES.replace("loopback_seconds=0.1", "loopback_seconds=3600")

OF_THIS_TEST = "PROBED_BY"
"""A variable that whatever a test starts inherits."""


@pytest.fixture
def patience(monkeypatch):
    """Give what is started here all the time there is, too."""
    monkeypatch.setattr(openssl, "_SLACK_SECONDS", HANG_SECONDS)
    monkeypatch.setattr(openssl, "_VERSION_SECONDS", HANG_SECONDS)
    monkeypatch.setattr(loopback, "_SLACK_SECONDS", HANG_SECONDS)


@pytest.fixture
def onionrig(tmp_path):
    """The command line, with all the time there is and a temporary directory of its own."""
    (tmp_path / "tmp").mkdir()
    program = (sys.executable, "-c", COMMAND)
    with CommandLine(tmp_path, program=program, TMPDIR=str(tmp_path / "tmp")) as command_line:
        yield command_line


def fake_openssl(directory, script):
    """Return a PATH on which this is openssl."""
    write_program(directory, "openssl", script)
    return f"{directory}:{os.environ['PATH']}"


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
    return [each for each in processes if not over(each)]


def started_by(test):
    return processes_with(OF_THIS_TEST, test)


def sha3_bytes_per_cpu_second(block_bytes):
    """How fast this core is by another way: hashlib's, of which much is spent on calling it."""
    block = bytes(block_bytes)
    began = time.thread_time()
    blocks = 0
    while (took := time.thread_time() - began) < 0.2:
        for _ in range(1000):
            hashlib.sha3_256(block).digest()
        blocks += 1000
    return blocks * block_bytes / took


def test_a_short_probe_has_every_figure_and_leaves_nothing(patience):
    told = []
    done = asyncio.run(probe(lambda doing, share: told.append((doing, share)), extent=SHORT))
    speeds = {(each.algorithm, each.block_bytes): each.bytes_per_second for each in done.speeds}
    assert list(speeds) == list(SHORT.timed)
    # a wrong unit makes a thousand of it; per CPU-second a busy machine is as fast as another
    sha3, gcm = speeds.values()
    own = sha3_bytes_per_cpu_second(509)
    assert own / 30 < sha3 < own * 30, (sha3, own)
    assert sha3 / 30 < gcm < sha3 * 1000, (sha3, gcm)
    # all cores at once are timed by the clock: what others take of it is missing
    at_most = sha3 * psutil.cpu_count() * 30
    assert 0 < done.all_cores_sha3_bytes_per_second < at_most, (sha3, done)
    assert done.loopback.bytes_per_second > 0
    assert done.openssl.startswith("OpenSSL ")
    assert done.host.cores == read_allowed_cpu().whole_cores
    # both ends share a core, so together they cannot use more than that; but what one has sent
    # before the other takes its turn, a buffer full, is in none of its seconds
    assert done.loopback.bytes_per_cpu_second > done.loopback.bytes_per_second * 0.7
    assert done.seconds >= SHORT.seconds - 0.5
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert 0 < shares[-1] < 1
    assert not descendants(psutil.Process())


def test_an_algorithm_that_openssl_does_not_know_is_a_trouble_and_no_figure(patience):
    extent = Extent(
        timed=(("aes-512-xyz", 509),), rounds=2, all_cores_seconds=1, loopback_seconds=0.1
    )
    done = asyncio.run(probe(extent=extent))
    assert done.speeds == ()
    assert any("aes-512-xyz of 509 bytes could not be timed" in each for each in done.troubles)


def test_without_openssl_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("onionrig.probe.openssl.USUAL_PATH", "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Unequipped, match="apt-get install openssl"):
        asyncio.run(probe())


def test_an_openssl_that_cannot_time_sha3_is_refused(tmp_path, monkeypatch, patience):
    old = fake_openssl(
        tmp_path / "bin",
        'test "$1" = version && echo "OpenSSL 1.0.2u  20 Dec 2019" && exit\n'
        "echo 'Error: bad option or value' >&2; exit 1",
    )
    monkeypatch.setenv("PATH", old)
    with pytest.raises(Unequipped) as refused:
        asyncio.run(probe(extent=SHORT))
    for said in ("OpenSSL 1.0.2u", "Error: bad option or value", "1.1.1 or later"):
        assert said in str(refused.value)


def test_an_openssl_that_never_ends_is_given_up_and_ended(tmp_path, monkeypatch):
    stuck = fake_openssl(
        tmp_path / "bin", 'test "$1" = version && echo "OpenSSL 9" && exit\nsleep 3600 & wait'
    )
    monkeypatch.setenv("PATH", stuck)
    monkeypatch.setenv(OF_THIS_TEST, str(tmp_path))
    monkeypatch.setattr(openssl, "_SLACK_SECONDS", 0)
    monkeypatch.setattr(openssl, "_VERSION_SECONDS", HANG_SECONDS)
    with pytest.raises(Unequipped, match="had not ended after 1 s"):
        asyncio.run(probe(extent=SHORT))
    # what it had forked is killed with it, and is nobody's child now
    until(lambda: not alive(started_by(str(tmp_path))), lambda: started_by(str(tmp_path)))


def test_an_end_of_loopback_that_fails_is_said_with_its_last_line(monkeypatch, patience):
    monkeypatch.setattr(loopback, "_END", "onionrig.engine.nowhere")
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
def test_however_it_is_ended_no_child_is_left(tmp_path, program, runs, number):
    place = tmp_path / "tmp"
    place.mkdir()
    environment = {**os.environ, "TMPDIR": str(place)}
    with child(sys.executable, "-c", program, env=environment) as probing:
        children = until_started(probing, runs)
        probing.send_signal(number)
        probing.wait(HANG_SECONDS)
    if number is signal.SIGKILL:  # its keeper does it
        until(lambda: not list(place.iterdir()), "the workspace to be gone")
    assert not list(place.iterdir())
    # one that is killed ends once it has its turn
    until(lambda: not alive(children), lambda: f"{alive(children)} to end")


def until_started(probing, runs):
    """Wait until a probe has all its children that run this, and return them."""
    # openssl forks one for each core, loopback has two ends
    expected = 1 + psutil.cpu_count() if "openssl" in runs else 2
    until(
        lambda: sum(runs in each for each in commands(descendants(probing))) >= expected,
        lambda: f"{expected} of {runs}",
    )
    return descendants(probing)


def test_ctrl_c_ends_the_command_with_its_exit_code(onionrig, tmp_path):
    endless = fake_openssl(
        tmp_path / "bin", 'test "$1" = version && echo "OpenSSL 9" && exit\nsleep 3600 & wait'
    )
    probing = onionrig.start("probe", "--json", PATH=endless)
    until(
        lambda: any("openssl speed" in each for each in commands(descendants(probing.process))),
        "openssl to be started",
    )
    children = descendants(probing.process)
    probing.interrupt()
    assert (probing.ends(), probing.stdout) == (130, "")
    assert "error: interrupted by Ctrl-C" in probing.stderr
    until(lambda: not alive(children), lambda: f"{alive(children)} to end")


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
    # how long it is meant to take is in tests/unit/test_probe_troubles.py
    assert printed["seconds"] >= Extent().seconds - 0.5


@pytest.mark.parametrize("out", ["nowhere/pi3.json", "tmp"])
def test_a_place_that_cannot_be_written_is_refused_before_anything_is_measured(
    onionrig, tmp_path, out
):
    asked = fake_openssl(tmp_path / "bin", f"touch {tmp_path}/asked\nexit 1")
    done = onionrig("probe", "--out", out, PATH=asked)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"--out {out}" in done.stderr
    assert "probing" not in done.stderr
    assert not (tmp_path / "asked").exists()
    onionrig("probe", PATH=asked)
    assert (tmp_path / "asked").exists(), "it would have been asked"


def test_the_schema_of_a_probe_is_printed_and_doctor_looks_for_openssl(onionrig):
    properties = json.loads(onionrig("schema", "probe").stdout)["$defs"]["Probe"]["properties"]
    assert {"schema", "speeds", "loopback", "troubles"} <= properties.keys()
    refused = onionrig("schema", "board")
    assert refused.returncode == 2
    assert "there are result, events, plan, probe" in refused.stderr
    findings = {each["what"]: each for each in json.loads(onionrig("doctor", "--json").stdout)}
    assert findings["openssl"]["verdict"] == "ok"
