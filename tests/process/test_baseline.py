"""The baseline: the same bytes without Tor, as a user types it."""

import json
import signal
import socket
import threading
from contextlib import suppress

import pytest

from onionrig.engine.local.ports import allocated_ports
from support.processes.command_line import ONIONRIG, CommandLine
from support.waiting import until

pytestmark = pytest.mark.process

HOLD_SECONDS = 20
SHORT = (
    "--profile", "smoke", "--set", "load.ramp=1s", "--hold", f"{HOLD_SECONDS}", "--no-report",
)  # fmt: skip
PEER_BYTES, PEER_PAUSE_SECONDS = 50_000, 0.05


@pytest.fixture
def port():
    """A port that no run beside this one takes, nor any connection's other end."""
    with allocated_ports({"baseline": None}, address="127.0.0.1") as ports:
        yield ports["baseline"]


def listens(baseline, port):
    assert not baseline.ended(), baseline.stderr
    with suppress(OSError):
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    return False


class SlowPeer:
    """Serves zeros, at most 1 MB a second, to one who connects: no source of ours."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stop = threading.Event()
        self._serving = threading.Thread(target=self._serve)
        self.port = self._listener.getsockname()[1]
        self.sent_bytes = 0

    def __enter__(self):
        self._serving.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._listener.shutdown(socket.SHUT_RDWR)  # nobody may have come
        self._serving.join()
        self._listener.close()

    def _serve(self):
        with suppress(OSError):
            accepted, _ = self._listener.accept()
            with accepted:
                while not self._stop.wait(PEER_PAUSE_SECONDS):
                    self.sent_bytes += PEER_BYTES
                    accepted.sendall(bytes(PEER_BYTES))


@pytest.fixture
def slow_peer():
    with SlowPeer() as peer:
        yield peer


def test_over_loopback_every_byte_is_verified_and_no_tor_is_needed(onionrig, tmp_path):
    out = tmp_path / "a-baseline"
    baseline = onionrig("baseline", "--json", *SHORT, "--out", str(out))
    assert baseline.returncode == 0, baseline.stderr
    result = json.loads(baseline.stdout)
    assert result["mode"] == "without tor"
    assert result["bytes"]["corrupt"] == result["bytes"]["unverified"] == 0
    assert 0 < held_bytes(result) <= result["bytes"]["verified"]
    assert result["goodput"]["sustained_bits_per_second"] > 0
    assert result["costs"].keys() == {
        "source",
        "sink",
        "sampler",
        "yardstick",
        "controller",
        "keeper",
    }
    # 0.03 where it was measured, however little of its CPU time a busy machine gives them
    movers = [result["costs"][name]["cpu_seconds_per_gbit"] for name in ("source", "sink")]
    assert all(0 < seconds < 10 for seconds in movers), movers
    # by what it can be done again
    assert json.loads((out / "manifest.json").read_bytes())["command"][1:3] == [
        "baseline",
        "--json",
    ]
    assert "idle; load" in baseline.stderr
    assert "lo " in baseline.stderr


def held_bytes(result):
    return result["goodput"]["mean_bits_per_second"] * HOLD_SECONDS / 8


def test_one_listens_and_the_other_pulls(onionrig, port):
    listening = onionrig.start(
        "baseline", "--listen", "--at", f"127.0.0.1:{port}", "--out", "serving"
    )
    until(lambda: listens(listening, port), f"somebody to listen at {port}")
    pulling = onionrig("baseline", "--to", f"127.0.0.1:{port}", *SHORT, "--out", "pulling")
    assert pulling.returncode == 0, pulling.stderr
    assert "sustained over plain TCP, without Tor" in pulling.stdout
    assert "unverified" not in pulling.stdout
    listening.interrupt()
    assert listening.ends() == 0, listening.stderr
    assert listening.stdout.startswith("served ")


def test_a_run_under_nohup_outlives_its_terminal(tmp_path):
    asked = ("baseline", "--profile", "smoke", "--set", "load.ramp=1s", "--no-report")
    with CommandLine(tmp_path, program=("nohup", *ONIONRIG)) as onionrig:
        baseline = onionrig.start(*asked, "--out", "out")
        until((tmp_path / "out" / "schedule.json").exists, "the load")
        baseline.process.send_signal(signal.SIGHUP)
        assert baseline.ends() == 0, baseline.stderr
    assert json.loads((tmp_path / "out" / "result.json").read_text())["status"] == "complete"


def test_a_foreign_peer_is_counted_and_marked_and_a_slow_one_fills_nothing(onionrig, slow_peer):
    peer = f"127.0.0.1:{slow_peer.port}"
    pulling = onionrig("baseline", "--to", peer, "--streams", "1", "--json", *SHORT)
    assert pulling.returncode == 0, pulling.stderr
    result = json.loads(pulling.stdout)
    assert result["bytes"]["verified"] == 0
    # the rest was on its way when the load ended, or came before the hold: a second's each
    unverified = result["bytes"]["unverified"]
    assert slow_peer.sent_bytes / 2 <= unverified <= slow_peer.sent_bytes
    assert unverified / 2 <= held_bytes(result) <= unverified
    assert result["goodput"]["sustained_bits_per_second"] > 0
    if result["bottleneck"]["kind"] != "machine CPU":  # by somebody else
        assert result["bottleneck"]["kind"] == "load"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--to", "a:1", "--listen"), "one of them on each host"),
        (("--to", "nowhere"), "write HOST:PORT"),
        (("--listen", "--at", "9000"), "write HOST:PORT"),
    ],
)
def test_what_makes_no_baseline_is_a_usage_error(onionrig, tmp_path, arguments, message):
    done = onionrig("baseline", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert not list(tmp_path.iterdir())
