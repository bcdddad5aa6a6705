"""Runs on hosts with a systemd and an sshd of their own, through the command line."""

from onionrig.store.run_directory import RunDirectory
from support.bed.shelf import (
    QUICK,
    SMALL,
    assert_nothing_is_left,
    manifest_of,
    phase_reached,
    result_of,
)
from support.waiting import until


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
    services = [unit for unit in units if unit.endswith(".service") and "-stand-down." not in unit]
    shelf.bed["pi1"].run("sh", "-c", DEBIANS_TOR)
    most = exposure(shelf, "pi1", "compared.service")
    assert any("-follow-pi1." in unit for unit in services)
    assert {unit: at for unit in services if (at := exposure(shelf, "pi1", unit)) > most} == {}

    assert going.ends() == 0, going.stderr
    result, manifest = result_of(run), manifest_of(run)
    assert result["status"] == "complete"
    assert result["bytes"]["corrupt"] == 0
    assert result["goodput"]["missing_seconds"] == 0
    served = {share["name"] for share in result["backends"] if share["bytes"]}
    starved = {instance["name"] for instance in result["fairness"]["starved"]}
    assert served | starved == {"backend-1", "backend-2"}  # stock's choice of points may starve one
    assert {host["name"]: host["kind"] for host in manifest["hosts"]} == dict.fromkeys(
        ("pi1", "pi2", "pi3"), "remote"
    )
    assert all(abs(host["clock_offset_seconds"]) < 1 for host in manifest["hosts"])
    assert (run.path / "report.html").stat().st_size
    assert run.recording().gaps == ()
    assert not [doubt for doubt in result["trust"]["doubts"] if "control group" in doubt]
    (interfaces,) = (one for one in result["trust"]["agreement"] if one["what"] == "interfaces")
    assert interfaces["sink_bytes"]  # those of the hosts that serve were compared
    assert {cpu["role"] for cpu in result["trust"]["cpu"]} >= {"backend", "relay", "client"}
    speeds = {host["host"]: host for host in result["yardstick"]["hosts"]}
    assert set(speeds) == {"pi1", "pi2", "pi3"}
    assert all(host["before"] and host["hold"] and host["after"] for host in speeds.values())
    assert_the_address_key_stays_on(shelf, "pi1", run)
    assert_nothing_is_left(shelf, run)


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
