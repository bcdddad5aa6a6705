"""The command line as a user types it: what it prints, and its exit codes."""

import json
import os
import signal
import socket

import pytest

from support.files import PROJECT, write_program

pytestmark = pytest.mark.process


@pytest.fixture
def old_tor(tmp_path):
    """A PATH on which tor is too old."""
    write_program(tmp_path / "bin", "tor", "echo 'Tor version 0.4.7.16.'")
    return str(tmp_path / "bin")


def test_the_version_is_printed_alone(onionrig):
    done = onionrig("--version")
    assert (done.returncode, done.stdout) == (0, "onionrig 0.1.0\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "--set", "load.strems=3"), "did you mean load.streams?"),
        (("run", "--streams", "0"), "load.streams = 0"),
        (("run", "--backends", "11"), "stock Onionbalance holds at most 10"),
        (("run", "--hold", "5"), "hold at least 10s"),
        (("run", "--target", "500MB"), "500Mbit"),
        (("run", "--set", "network.relays=1"), "at least 5 HSDirs"),
        (("run", "--profile", "bogus"), "default, single-hop, smoke"),
        (("run", "nowhere.toml"), "nowhere.toml"),
        (("check", "--set", "load"), "table.key=value"),
        (("run", "--streams", "many"), "Invalid value for '--streams'"),
        (("frobnicate",), "frobnicate"),
    ],
)  # fmt: skip
def test_what_cannot_be_run_is_a_usage_error_and_starts_nothing(
    onionrig, tmp_path, arguments, message
):
    done = onionrig(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tmp_path / "runs").exists()


def test_an_old_tor_is_refused_with_its_version(onionrig, tmp_path, old_tor):
    done = onionrig("run", PATH=old_tor)
    assert done.returncode == 4
    assert "tor 0.4.7.16: 0.4.8 or later is needed" in done.stderr
    assert not (tmp_path / "runs").exists()


def test_doctor_names_what_is_missing_and_what_to_do(onionrig, old_tor):
    done = onionrig("doctor", "--json", PATH=old_tor)
    assert done.returncode == 4
    findings = {finding["what"]: finding for finding in json.loads(done.stdout)}
    assert findings["tor"]["verdict"] == "missing"
    assert "apt-get install tor" in findings["tor"]["advice"]
    assert {"Onionbalance", "cores", "AES instructions", "open files", "free memory", "free disk",
            "emulated hosts"} < set(findings)  # fmt: skip


def test_doctor_is_content_where_all_is_there(onionrig):
    done = onionrig("doctor")
    assert done.returncode == 0, done.stdout
    assert "0.2.4" in done.stdout


def test_check_prints_services_ports_and_torrcs(onionrig, tmp_path):
    (tmp_path / "mine.toml").write_text("[load]\nsocks_port = 9050\n[network]\nrelays = 9\n")
    done = onionrig("check", "mine.toml")
    assert done.returncode == 0
    for said in ("relay-9", "socks 9050", "TestingTorNetwork 1", "HiddenServiceOnionBalanceInstance 1",
                 "ConsensusParams cc_alg=2", "load.clients: 2 client tors"):  # fmt: skip
        assert said in done.stdout
    rig = json.loads(onionrig("check", "mine.toml", "--json").stdout)
    assert len(rig["services"]) == 4 + 3 + 9 + 4 + 2 + 1 + 1 + 1


def test_a_port_fixed_by_hand_that_is_taken_is_said_and_the_run_is_aborted(onionrig, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = onionrig("run", "--set", f"load.socks_port={port}", "--out", "run")
    assert done.returncode == 5
    assert f"port {port}, fixed by hand" in done.stderr
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["status"] == "aborted"
    assert result["failure"]["error"] == "PortTaken"


def test_a_run_never_overwrites_another(onionrig, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine").touch()
    done = onionrig("run", "--out", "run")
    assert done.returncode == 8
    assert "never overwrites" in done.stderr
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["mine"]


def test_a_run_that_is_not_there_is_said(onionrig):
    done = onionrig("show", "nothing")
    assert done.returncode == 11
    assert "no run nothing" in done.stderr


def test_a_name_that_no_file_can_have_is_no_run(onionrig):
    for name in ("", "x" * 5000, "a/../b", "*", "["):
        done = onionrig("show", name)
        assert done.returncode == 11, done.stderr
        assert "Traceback" not in done.stderr


def test_the_schema_is_json(onionrig):
    assert "$defs" in json.loads(onionrig("schema").stdout)
    assert "RunEnded" in json.loads(onionrig("schema", "events").stdout)["$defs"]


@pytest.mark.parametrize("module", ["typer", "onionrig.cli.commands.schema"])
def test_ctrl_c_while_the_program_is_imported_is_no_traceback(onionrig, tmp_path, module):
    """A module that takes the real one's place presses Ctrl-C in the middle of the imports."""
    press = "import os, signal; os.kill(os.getpid(), signal.SIGINT)"
    finder = f"""
import sys
class Presses:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            {press}
sys.meta_path.insert(0, Presses())
"""
    (tmp_path / "sitecustomize.py").write_text(finder, encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", f"{PROJECT}/src")])
    done = onionrig("schema", PYTHONPATH=path)
    assert (done.returncode, done.stderr, done.stdout) == (-signal.SIGINT, "", "")


def test_completion_is_offered(onionrig):
    assert "--install-completion" in onionrig("--help").stdout
