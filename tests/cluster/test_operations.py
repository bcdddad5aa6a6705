"""What a person does with hosts beside a run: look, read logs, end it, collect it, keep its address."""

import json
import signal

import pytest

from onionrig.errors import HostLost, HostsInUse, RecordsUnreadable, Unequipped, UsageError
from onionrig.tor.identities import frontend_identity
from support.bed.shelf import SLOW, phase_reached, result_of
from support.waiting import until

HOLD = 40
QUICK = (
    "--profile", "smoke", "--no-report", "--balancer", "extended", *SLOW,
    "--set", "network.relays=5", "--set", "backends.daemons=2",
)  # fmt: skip
WHILE_LOOKED_AT = ("--set", "cluster.grace=60s")
"""Hosts stand so long after a load's end, for tests of a slow machine to see them."""
UNTIL_DOWN = ("--set", "cluster.grace=900s")
RUNS = "/var/lib/onionrig/runs"


@pytest.fixture(scope="module")
def address(shelf, tmp_path_factory):
    """Return the address whose key the balancer's host was given."""
    directory = tmp_path_factory.mktemp("key") / "made"
    made = frontend_identity(directory)
    imported = shelf.onionrig(
        "frontend", "import", "--replace", "-i", shelf.inventory, directory / "frontend.pem"
    )
    assert made.address in imported
    return made.address


@pytest.fixture(scope="module")
def orphan(shelf, address):
    """Return a run whose controller was killed as the hold began, while its load is on."""
    run = shelf.new_run()
    words = (*QUICK, *WHILE_LOOKED_AT, "--hold", HOLD, "--out", run.path)
    with shelf.started("run", "-i", shelf.inventory, *words) as going:
        phase_reached(going, run, "hold")
        vanish(going)
    return run


def vanish(controller):
    """Have a controller go without a word."""
    controller.process.send_signal(signal.SIGKILL)
    controller.process.wait()


def cluster(shelf, *words, code=0):
    return shelf.onionrig("cluster", *words, "-i", shelf.inventory, code=code)


def status(shelf):
    return {host["name"]: host for host in json.loads(cluster(shelf, "status", "--json"))["hosts"]}


def keeping(shelf, run):
    """Return the hosts that have records of a run."""
    return [
        host for host in shelf.bed.hosts if f"{run.name}-" in shelf.bed[host].run("ls", RUNS).stdout
    ]


def test_hosts_in_a_load_say_whose_it_is_and_nothing_is_collected(shelf, orphan, tmp_path):
    found = status(shelf)
    for name, service in (("pi1", "balancer"), ("pi2", "backend-2"), ("pi3", "relay-1")):
        state = found[name]["state"]
        assert state["claim"]["who"].startswith(f"{orphan.name}, by ")
        assert state["in_load"]
        assert state["stands_down_in_seconds"] > 0
        assert state["services"][service] == "running"
    refused = cluster(
        shelf, "collect", orphan.name, "--out", tmp_path / "out", code=HostsInUse.exit_code
    )
    assert f"{orphan.name}, by " in refused
    assert "nothing is collected before" in refused
    assert not (tmp_path / "out").exists()
    unpurged = cluster(shelf, "purge", "--check", code=Unequipped.exit_code)
    assert f"a run is under way ({orphan.name}, by " in unpurged


def test_logs_are_read_where_services_run(shelf, orphan):
    assert "Bootstrapped 100%" in cluster(shelf, "logs", "relay-1", "--lines", "100000")
    of_host = cluster(shelf, "logs", "pi1", "--run", orphan.name, "--lines", "1")
    assert {line.split(" | ")[0].strip() for line in of_host.splitlines()} >= {"backend-1"}
    missing = cluster(shelf, "logs", "relay-99", code=RecordsUnreadable.exit_code)
    assert "has no log of relay-99" in missing
    with shelf.started("cluster", "logs", "pi3", "--follow", "-i", shelf.inventory) as following:
        until(lambda: "relay-1" in following.stdout, "a line of relay-1")
        following.interrupt()
        assert following.ends() == 0


def test_hosts_whose_controller_is_gone_finish_their_load_and_are_collected_from_elsewhere(
    shelf, orphan, address, tmp_path_factory
):
    until(lambda: shelf.volatile() == {}, lambda: f"what is left to go: {shelf.volatile()}")
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "run"
    ours = result_of(orphan)
    assert ours["status"] == "aborted"

    shelf.bed["pi2"].cut()
    try:
        lost = cluster(shelf, "status", code=HostLost.exit_code)
        assert "pi2 cannot be reached" in lost
        assert f"records of {orphan.name}" in lost
        partly = cluster(shelf, "collect", orphan.name, "--no-report", "--out", elsewhere, code=13)
        assert "the records stay on the hosts" in partly
    finally:
        shelf.bed["pi2"].join()
    shelf.bed.await_ssh("pi2")
    assert keeping(shelf, orphan) == ["pi1", "pi2", "pi3"]

    cluster(shelf, "collect", orphan.name, "--keep", "--out", elsewhere)
    result = json.loads((elsewhere / "result.json").read_bytes())
    assert result["address"] == address
    assert result["status"] == "aborted"
    assert result["verdict"]["met"] is None
    assert result["failure"]["error"] == "Killed"
    assert "faults, lost hosts and how the run ended are not known" in result["failure"]["message"]
    assert result["goodput"]["steady_seconds"] == HOLD
    assert result["goodput"]["missing_seconds"] == 0
    assert result["goodput"]["sustained_bits_per_second"] > 0
    assert result["bytes"]["corrupt"] == 0
    assert (elsewhere / "report.html").stat().st_size
    assert keeping(shelf, orphan) == ["pi1", "pi2", "pi3"]

    cluster(shelf, "collect", "--no-report", orphan.path)
    healed = result_of(orphan)
    assert healed["goodput"] == result["goodput"]
    assert "hold, and it did not see the run's end" in healed["failure"]["message"]
    assert keeping(shelf, orphan) == []
    again = cluster(shelf, "collect", orphan.path)
    assert again == ""


def test_down_ends_what_runs_and_leaves_its_records(shelf):
    run = shelf.new_run()
    words = (*QUICK, *UNTIL_DOWN, "--out", run.path)
    with shelf.started("run", "-i", shelf.inventory, *words) as going:
        until(lambda: shelf.processes("pi3", "relay-1"), "a relay on pi3")
        vanish(going)

    said = cluster(shelf, "down", "--limit", "pi1").splitlines()
    assert len(said) == 1
    assert said[0].startswith(f"pi1: ended {run.name}, by ")
    assert {*shelf.volatile()} == {"pi2", "pi3"}
    assert len(cluster(shelf, "down").splitlines()) == 3
    assert shelf.volatile() == {}
    assert keeping(shelf, run) == ["pi1", "pi2", "pi3"]
    cluster(shelf, "collect", "--no-report", run.path)
    assert keeping(shelf, run) == []


def test_an_address_goes_from_one_rig_to_another_and_its_key_is_not_printed(
    shelf, address, tmp_path
):
    assert shelf.onionrig("frontend", "show", "-i", shelf.inventory) == f"{address}\n"
    kept = tmp_path / "kept.pem"
    said = shelf.onionrig("frontend", "export", "-i", shelf.inventory, kept)
    secret = kept.read_text().splitlines()[1]
    assert address in said
    assert secret not in said
    assert kept.stat().st_mode & 0o777 == 0o600
    there = shelf.bed["pi1"].run(
        "sh", "-c", "cd /var/lib/onionrig/frontend; stat -c '%n %a %U' *; cat frontend.pem"
    )
    assert there.stdout == f"frontend.pem 600 onionrig\n{kept.read_text()}"

    frontend_identity(tmp_path / "other")
    other = tmp_path / "other/frontend.pem"
    refused = shelf.onionrig(
        "frontend", "import", "-i", shelf.inventory, other, code=UsageError.exit_code
    )
    assert f"pi1 has the key of {address}" in refused
    shelf.onionrig("frontend", "import", "-i", shelf.inventory, "--replace", other)
    shelf.onionrig("frontend", "import", "-i", shelf.inventory, "--replace", kept)
    assert shelf.onionrig("frontend", "show", "-i", shelf.inventory) == f"{address}\n"


def test_hosts_that_do_nothing_say_so(shelf):
    hosts = status(shelf)
    for host in hosts.values():
        assert host["this_version"]
        assert abs(host["clock"]["ahead_seconds"]) < 1
        assert host["state"]["claim"] is None
        assert host["state"]["available_memory_bytes"] > 0
        assert host["state"]["free_disk_bytes"] > 0
    assert cluster(shelf, "down").splitlines() == [f"{name}: nothing runs" for name in hosts]
    nothing = cluster(shelf, "collect", "nothing", code=RecordsUnreadable.exit_code)
    assert "no run nothing, neither here nor on the hosts" in nothing
