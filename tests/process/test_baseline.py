"""The baseline: the same bytes without Tor, as a user types it."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

pytestmark = pytest.mark.process

SHORT = ("--profile", "smoke", "--set", "load.ramp=1s", "--hold", "10", "--no-report")


@pytest.fixture
def started(tmp_path):
    """Start the command line in a directory of its own; what still runs is ended with the test."""
    processes = []

    def start(*arguments):
        process = subprocess.Popen(
            [sys.executable, "-m", "onionrig", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
            env={**os.environ, "COLUMNS": "200"},
        )  # fmt: skip
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=30)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until_listening(port, *, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"nobody listens at {port}")


@pytest.fixture
def slow_peer():
    """Serve zeros, 1 MB a second, to one who connects: no source of ours."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve():
        accepted, _ = listener.accept()
        with accepted:
            while not stop.wait(0.05):
                try:
                    accepted.sendall(bytes(50_000))
                except OSError:
                    return

    serving = threading.Thread(target=serve)
    serving.start()
    yield listener.getsockname()[1]
    stop.set()
    serving.join()
    listener.close()


def test_over_loopback_every_byte_is_verified_and_no_tor_is_needed(started):
    baseline = started("baseline", "--json", *SHORT)
    stdout, stderr = baseline.communicate(timeout=60)
    assert baseline.returncode == 0, stderr
    result = json.loads(stdout)
    assert result["mode"] == "without tor"
    assert result["bytes"]["corrupt"] == result["bytes"]["unverified"] == 0
    assert result["goodput"]["sustained_bits_per_second"] > 100e6
    assert result["costs"].keys() == {"source", "sink", "sampler", "controller", "keeper"}
    assert "idle; load" in stderr
    assert "lo " in stderr


def test_one_listens_and_the_other_pulls(started):
    port = free_port()
    listening = started("baseline", "--listen", "--at", f"127.0.0.1:{port}", "--out", "serving")
    until_listening(port)
    pulling = started("baseline", "--to", f"127.0.0.1:{port}", *SHORT, "--out", "pulling")
    stdout, stderr = pulling.communicate(timeout=60)
    assert pulling.returncode == 0, stderr
    assert "sustained over plain TCP, without Tor" in stdout
    assert "unverified" not in stdout
    listening.send_signal(signal.SIGINT)
    stdout, stderr = listening.communicate(timeout=20)
    assert listening.returncode == 0, stderr
    assert stdout.startswith("served ")


def test_a_foreign_peer_is_counted_and_marked_and_a_slow_one_fills_nothing(started, slow_peer):
    pulling = started(
        "baseline", "--to", f"127.0.0.1:{slow_peer}", "--streams", "1", "--json", *SHORT
    )
    stdout, stderr = pulling.communicate(timeout=60)
    assert pulling.returncode == 0, stderr
    result = json.loads(stdout)
    assert result["bytes"]["verified"] == 0
    assert result["bytes"]["unverified"] > 1e6
    assert 1e6 < result["goodput"]["sustained_bits_per_second"] < 12e6
    if result["bottleneck"]["kind"] != "machine CPU":  # by somebody else
        assert result["bottleneck"]["kind"] == "load"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--to", "a:1", "--listen"), "one of them on each host"),
        (("--to", "nowhere"), "write HOST:PORT"),
        (("--listen", "--at", "9000"), "write HOST:PORT"),
    ],
)
def test_what_makes_no_baseline_is_a_usage_error(started, tmp_path, arguments, said):
    asked = started("baseline", *arguments)
    _, stderr = asked.communicate(timeout=20)
    assert asked.returncode == 2
    assert said in stderr
    assert not list(tmp_path.iterdir())
