"""What real hosts do when a host, a daemon or the controller goes in the middle of a run."""

import signal

import msgspec

from onionrig.records.probe import Probe
from support.bed.shelf import QUICK, assert_nothing_is_left, phase_reached, result_of
from support.waiting import until


def test_a_host_lost_in_the_hold_leaves_the_rest_going_and_is_named(shelf, start):
    run = shelf.new_run()
    going = start(
        "run", "-i", shelf.inventory, *QUICK, "--hold", "25", "--out", run.path, "--report"
    )
    phase_reached(going, run, "hold")
    # each instance had served a verified stream before, through extended Onionbalance
    assert b'"kind":"starved"' not in run.events_path.read_bytes()
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
    assert (run.path / "report.html").stat().st_size
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
