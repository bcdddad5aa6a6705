"""The bed's hosts are like fresh ones: what they have, what they can install, how they go down."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from support.bed import Bed, HostSpec
from support.bed.suites import cached_suite
from support.waiting import until

FRESH, OTHER, BARE = "pi1", "pi2", "pi3"
BOTH_SUITES = pytest.mark.parametrize("name", [FRESH, OTHER])


@pytest.fixture(scope="module")
def bed():
    hosts = [
        HostSpec(name=FRESH, rate="100mbit"),
        HostSpec(name=OTHER, suite="trixie", rate="100mbit"),
        HostSpec(name=BARE, index=False, rate="100mbit"),
    ]
    with Bed(hosts) as bed:
        yield bed


def tried(bed, host, command):
    """Return whether a command works on a host."""
    return bed.ssh(host, command, check=False).returncode == 0


@BOTH_SUITES
def test_a_fresh_host_has_python_and_sudo_and_neither_tor_nor_venv(bed, name):
    assert bed.ssh(name, "sudo id -u").stdout == "0\n"
    assert tried(bed, name, "python3 -c 'import apt'")
    assert not tried(bed, name, "command -v tor")
    assert not tried(bed, name, "python3 -m ensurepip --version")
    assert not tried(bed, name, "python3 -m pip --version")
    until(
        lambda: bed[name].run("systemctl", "is-system-running", check=False).stdout == "running\n",
        lambda: bed[name].run("systemctl", "--failed").stdout,
    )


@BOTH_SUITES
def test_a_host_sees_its_own_link_and_cpu_time_alone(bed, name):
    assert sorted(bed.ssh(name, "ls /sys/class/net").stdout.split()) == ["eth0", "lo"]
    assert "usage_usec" in bed.ssh(name, "cat /sys/fs/cgroup/system.slice/cpu.stat").stdout
    assert "default" not in bed.ssh(name, "ip route").stdout


def test_a_second_bed_has_the_same_base_trees(bed):
    assert cached_suite("bookworm") == bed[FRESH].suite
    assert cached_suite("trixie") == bed[OTHER].suite


def test_a_host_without_the_index_is_not_told_of_it(bed):
    assert not (bed[BARE].root / "etc/pip.conf").exists()


def test_the_controller_has_a_network_and_interfaces_of_its_own(bed):
    assert sorted(bed.run("ls", "/sys/class/net").stdout.split()) == ["eth0", "lo"]
    assert "10.77.0.1/24" in bed.run("ip", "-brief", "address").stdout
    assert "LOOPBACK,UP" in bed.run("ip", "-brief", "link", "show", "lo").stdout


def test_ssh_refuses_a_host_with_another_key(bed):
    swapped = bed.directory / "swapped"
    fresh, other = (bed[name].public_key for name in (FRESH, OTHER))
    swapped.write_text(bed.known_hosts.read_text().replace(fresh, other))
    ssh = ("ssh", "-F", bed.ssh_config, "-o", f"UserKnownHostsFile={swapped}", FRESH, "true")
    assert "verification failed" in bed.run(*ssh, check=False).stderr


def test_ansible_reaches_the_hosts_of_an_inventory(bed):
    inventory = bed.inventory(
        {"balancer": [FRESH], "backends": [FRESH, OTHER], "clients": ["here"]},
        host_variables={"here": {"ansible_connection": "local"}},
        variables={"onionrig_share_with_tor": True},
    )
    written = yaml.safe_load(inventory.read_text())["all"]
    assert list(written["children"]["backends"]["hosts"]) == [FRESH, OTHER]
    assert written["vars"]["onionrig_share_with_tor"] is True
    ansible = Path(sys.executable).with_name("ansible")
    assert bed.run(ansible, "-i", inventory, "backends", "-m", "ping").stdout.count("pong") == 2


def test_links_have_their_rate_at_both_ends(bed):
    assert "rate 100Mbit" in bed[FRESH].run("tc", "qdisc", "show", "dev", "eth0").stdout
    ends = subprocess.run(
        [*bed.ground.entering, "tc", "-n", "lan", "qdisc"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ends.stdout.count("rate 100Mbit") == 3


@BOTH_SUITES
def test_a_clock_is_off_for_what_ssh_and_sudo_start_on_one_host(bed, name):
    hour = 3600
    with bed[name].clock_off_by("+1h"):
        for clock in (
            "date +%s",
            "sudo date +%s",
            "sudo python3 -c 'import time; print(time.time())'",
        ):
            assert float(bed.ssh(name, clock).stdout) > time.time() + hour / 2
        assert float(bed.ssh(BARE, "date +%s").stdout) < time.time() + hour / 2
    assert float(bed.ssh(name, "date +%s").stdout) < time.time() + hour / 2


def test_a_cut_host_lives_and_is_reached_again_once_joined(bed):
    first = bed[BARE].first_process
    bed[BARE].cut()
    unreachable = bed.run(
        "ssh", "-F", bed.ssh_config, "-o", "ConnectTimeout=1", BARE, "true", check=False
    )
    assert unreachable.returncode == 255
    assert bed[BARE].run("cat", "/sys/class/net/eth0/carrier").stdout == "0\n"
    bed[BARE].join()
    bed.await_ssh(BARE)
    assert bed[BARE].first_process == first


def test_a_killed_host_takes_no_other_along_and_keeps_its_disk(bed):
    others = {name: bed[name].first_process for name in (FRESH, OTHER)}
    bed.ssh(BARE, "touch kept; sudo touch /run/lost")
    bed[BARE].kill()
    assert bed[BARE].first_process is None
    assert bed[FRESH].run("ping", "-c", "1", "-W", "1", BARE, check=False).returncode
    assert {name: bed[name].first_process for name in others} == others
    assert tried(bed, FRESH, "true")
    bed.start(BARE)
    assert tried(bed, BARE, "test -e kept")
    assert not tried(bed, BARE, "test -e /run/lost")


def test_a_host_that_restarts_comes_back(bed):
    first = bed[BARE].first_process
    bed.ssh(BARE, "sudo systemctl reboot", check=False)
    until(lambda: bed[BARE].first_process not in (None, first), f"{BARE} to start again")
    bed.await_ssh(BARE)
    assert sorted(bed.ssh(BARE, "ls /sys/class/net").stdout.split()) == ["eth0", "lo"]
