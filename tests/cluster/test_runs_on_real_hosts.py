"""Runs on hosts with a systemd and an sshd of their own, through the command line."""

import signal
from contextlib import ExitStack

import msgspec
import pytest

from onionrig.records.probe import Probe
from onionrig.store.run_directory import RunDirectory
from support.bed.shelf import manifest_of, phase_reached, result_of
from support.waiting import until

SMALL = (
    "--profile", "smoke", "--no-report", "--set", "cluster.grace=15s",
    "--set", "network.relays=5", "--streams", "8", "--set", "backends.daemons=2",
)  # fmt: skip
QUICK = (*SMALL, "--balancer", "extended", "--set", "load.ramp=2s")


@pytest.fixture
def start(shelf):
    """Start commands that are ended with the test."""
    with ExitStack() as going:
        yield lambda *words: going.enter_context(shelf.started(*words))


def assert_nothing_is_left(shelf, run):
    assert shelf.volatile() == {}
    for host in shelf.bed.hosts:
        assert f"{run.name}-" not in shelf.bed[host].run("ls", "/var/lib/onionrig/runs").stdout


def assert_the_address_key_stays_on(shelf, balancer, run):
    kept = "/var/lib/onionrig/frontend/frontend.pem"
    key = shelf.bed[balancer].run("cat", kept).stdout
    status = shelf.bed[balancer].run("stat", "-c", "%a %U", kept).stdout
    assert status.split() == ["600", "onionrig"]
    (secret,) = (line for line in key.splitlines() if "KEY" not in line)
    for path in run.path.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path
    for host in shelf.bed.hosts.keys() - {balancer}:
        assert not (shelf.bed[host].root / kept.lstrip("/")).exists()


DEBIANS_TOR = (
    "cp /lib/systemd/system/tor@default.service /run/systemd/system/compared.service && "
    "systemctl daemon-reload"
)
"""Debian's own unit of tor is masked, and a masked unit cannot be judged."""


def exposure(shelf, host, unit):
    """Return how exposed a unit is, as systemd judges it: 0 to 10."""
    printed = shelf.bed[host].run("systemd-analyze", "security", "--no-pager", unit).stdout
    (line,) = (line for line in printed.splitlines() if "Overall exposure level" in line)
    return float(line.split(":")[1].split()[0])


def test_a_run_through_stock_onionbalance_is_one_like_any_other(shelf, start):
    run = shelf.new_run()
    going = start(
        "run", "-i", shelf.inventory, *SMALL, "--hold", "12", "--out", run.path, "--report"
    )
    phase_reached(going, run, "bring up")
    until(lambda: shelf.processes("pi1", "balancer-tor"), "the balancer's tor on pi1")

    refused = shelf.onionrig("run", "-i", shelf.inventory, *QUICK, code=14)
    assert f"is in use by {run.name}" in refused.replace("\n", " ")
    units = [line.split()[0] for line in shelf.of_units("pi1").splitlines()]
    (unit,) = (unit for unit in units if unit.endswith("-backend-1.service"))
    shelf.bed["pi1"].run("sh", "-c", DEBIANS_TOR)
    assert exposure(shelf, "pi1", unit) <= exposure(shelf, "pi1", "compared.service")

    assert going.ends() == 0, going.stderr
    result, manifest = result_of(run), manifest_of(run)
    assert result["status"] == "complete"
    assert result["bytes"]["corrupt"] == 0
    assert result["goodput"]["missing_seconds"] == 0
    assert {share["name"] for share in result["backends"]} == {"backend-1", "backend-2"}
    assert {host["name"]: host["kind"] for host in manifest["hosts"]} == dict.fromkeys(
        ("pi1", "pi2", "pi3"), "remote"
    )
    assert all(abs(host["clock_offset_seconds"]) < 1 for host in manifest["hosts"])
    assert (run.path / "report.html").stat().st_size
    assert run.recording().gaps == ()
    assert not [doubt for doubt in result["trust"]["doubts"] if "control group" in doubt]
    assert {cpu["role"] for cpu in result["trust"]["cpu"]} >= {"backend", "relay", "client"}
    assert_the_address_key_stays_on(shelf, "pi1", run)
    assert_nothing_is_left(shelf, run)


def test_a_host_lost_in_the_hold_leaves_the_rest_going_and_is_named(shelf, start):
    run = shelf.new_run()
    going = start("run", "-i", shelf.inventory, *QUICK, "--hold", "25", "--out", run.path)
    phase_reached(going, run, "hold")
    shelf.bed["pi2"].kill()
    try:
        assert going.ends() == 13, going.stderr
    finally:
        shelf.bed.start("pi2")

    result = result_of(run)
    assert result["status"] == "complete"
    assert [host["name"] for host in result["lost_hosts"]] == ["pi2"]
    assert result["verdict"]["met"] is None
    assert "pi2" in result["trust"]["doubts"][0]
    assert shelf.volatile() == {}


def test_a_daemon_that_dies_on_a_host_that_lives_ends_the_run_by_name(shelf, start):
    run = shelf.new_run()
    going = start("run", "-i", shelf.inventory, *QUICK, "--hold", "60", "--out", run.path)
    phase_reached(going, run, "ready")
    (pid,) = shelf.processes("pi2", "backend-2")
    shelf.bed["pi2"].run("kill", "-KILL", str(pid))

    assert going.ends() == 7, going.stderr
    said = result_of(run)["failure"]["message"]
    assert said.startswith("backend-2 on pi2 was killed by SIGKILL")
    assert str(run.log_path("backend-2")) in said
    assert_nothing_is_left(shelf, run)


def test_hosts_stand_down_by_themselves_when_the_controller_vanishes_before_the_load(
    shelf, start, tmp_path
):
    run = shelf.new_run()
    going = start("run", "-i", shelf.inventory, *QUICK, "--hold", "60", "--out", run.path)
    until(lambda: shelf.processes("pi3", "relay-1"), "a relay on pi3")
    going.process.send_signal(signal.SIGKILL)

    # meanwhile, since both take their time
    shelf.onionrig("probe", "-i", shelf.inventory, "--json", "--out", tmp_path)
    until(lambda: shelf.volatile() == {}, lambda: f"what is left to go: {shelf.volatile()}")
    for name in ("pi1", "pi2", "pi3"):
        probe = msgspec.json.decode((tmp_path / f"{name}.json").read_bytes(), type=Probe)
        assert probe.host.name == name


def test_ctrl_c_leaves_nothing_on_any_host(shelf, start):
    run = shelf.new_run()
    going = start("run", "-i", shelf.inventory, *QUICK, "--hold", "60", "--out", run.path)
    until(lambda: shelf.processes("pi3", "relay-1"), "a relay on pi3")
    going.interrupt()

    assert going.ends() == 130
    assert shelf.volatile() == {}


FAULTS = """
[[events]]
at = "2s"
kill = "backend-1"

[[events]]
at = "4s"
link_down = "pi2"

[[events]]
at = "7s"
link_up = "pi2"

[[events]]
at = "9s"
reboot = "pi2"
"""


def test_faults_are_done_to_real_services_and_hosts(shelf, tmp_path):
    run, experiment = shelf.new_run(), tmp_path / "faults.toml"
    experiment.write_text(FAULTS)
    boot = shelf.bed["pi2"].run("cat", "/proc/1/stat").stdout
    shelf.onionrig(
        "run", experiment, "-i", shelf.inventory, *QUICK, "--hold", "12", "--out", run.path
    )

    result = result_of(run)
    assert result["status"] == "complete"
    assert result["lost_hosts"] == []
    assert [aftermath["subject"] for aftermath in result["aftermaths"]] == [
        "backend-1", "pi2", "pi2", "pi2",
    ]  # fmt: skip
    assert shelf.bed["pi2"].run("nft", "list", "ruleset").stdout == ""
    shelf.bed.await_ssh("pi2")
    assert shelf.bed["pi2"].run("cat", "/proc/1/stat").stdout != boot
    assert shelf.volatile() == {}


def test_a_baseline_measures_each_link_alone_and_all_at_once(shelf):
    run = shelf.new_run()
    printed = shelf.onionrig(
        "baseline", "-i", shelf.inventory, "--hold", "10", "--streams", "2", "--no-report",
        "--set", "load.ramp=1s", "--out", run.path,
    )  # fmt: skip

    result = result_of(run)
    assert {share["name"] for share in result["backends"]} == {"pi1", "pi2"}
    for name in ("pi1", "pi2"):
        alone = result_of(RunDirectory(run.path.with_name(f"{run.name}-alone") / name))
        assert [share["name"] for share in alone["backends"]] == [name]
        assert alone["goodput"]["sustained_bits_per_second"] > 0
        assert f"\n{name} " in printed
    assert_nothing_is_left(shelf, run)
