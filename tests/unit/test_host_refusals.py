"""Which hosts the collection refuses, and with which words."""

import json
import os
import subprocess
import sys

import pytest
import yaml

from support.files import PROJECT, write_program

ROLE = PROJECT / "deploy/roles/onionrig"


def examined(**options):
    """Return what is found on this machine."""
    argv = [sys.executable, ROLE / "files/examine.py", json.dumps(options)]
    return json.loads(subprocess.check_output(argv))


def refusals(**facts):
    """Return the words of what would be refused of this machine if it had these facts."""
    return {
        each["what"]: f"{each['found']}; {each['advice']}"
        for each in examined(facts=facts)["refusals"]
    }


@pytest.mark.parametrize(
    ("machine", "userland"),
    [
        ("x86_64", "amd64"),
        ("aarch64", "arm64"),
        ("armv7l", "armhf"),
        ("armv8l", "armhf"),
        ("aarch64", "armhf"),
    ],
)
def test_hosts_of_64_bits_and_of_32_bit_arm_are_accepted(machine, userland):
    assert "architecture" not in refusals(machine=machine, userland=userland)


def test_a_first_raspberry_pi_is_refused_for_its_architecture():
    assert refusals(machine="armv6l", userland="armhf")["architecture"] == (
        "armv6l with a Debian system for armhf; "
        "use a later board than a Raspberry Pi 1 or Zero: cryptography has no wheel for ARMv6"
    )


@pytest.mark.parametrize(
    ("machine", "userland", "found"),
    [
        ("i686", "i386", "i686 with a Debian system for i386"),
        ("x86_64", "", "x86_64 with no Debian system"),
        ("armv7l", "armel", "armv7l with a Debian system for armel"),
    ],
)
def test_other_architectures_are_refused(machine, userland, found):
    advice = "use amd64, arm64 or armhf: for others there are no wheels of the lock"
    refused = refusals(machine=machine, userland=userland)
    assert refused["architecture"] == f"{found}; {advice}"


def test_a_host_that_compiles_needs_more_disk():
    free = {"disk_free_bytes": {"/opt/onionrig": 500 << 20}}
    assert "disk" not in refusals(machine="aarch64", userland="arm64", **free)
    assert "free 800 MiB there" in refusals(machine="aarch64", userland="armhf", **free)["disk"]


def test_an_address_of_the_inventory_is_examined_in_place_of_the_one_where_ssh_arrived():
    facts = examined(address="127.0.0.1", peer="192.0.2.1")
    assert (facts["address"], facts["interface"]) == ("127.0.0.1", "lo")


def test_a_run_is_under_way_from_its_claim_on(tmp_path, monkeypatch):
    listed = (
        "onionrig-1a2b3c4d-grace.timer loaded active waiting onionrig: end run 1a2b3c4d\n"
        "onionrig-1a2b3c4d.slice loaded active active onionrig\n"
        "onionrig-check.service loaded active running check"
    )
    write_program(tmp_path, "systemctl", f'[ "$1" = list-units ] && echo "{listed}"')
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert examined()["node"]["runs"] == ["1a2b3c4d"]


def test_what_hosts_compile_is_locked():
    variables = yaml.safe_load((ROLE / "vars/main.yml").read_text())
    lock = (ROLE / "files/requirements-node.lock").read_text()
    assert [name for name in variables["onionrig_compiled"] if f"\n{name}==" not in lock] == []


IP_ADDRESS = """[{"ifname": "wlan0", "addr_info": [
    {"family": "inet", "local": "192.0.2.5", "scope": "global"},
    {"family": "inet6", "local": "fe80::5", "scope": "link"}]}]"""
"""What ``ip -json address`` prints of an interface with both kinds of address."""


@pytest.mark.parametrize(
    ("arrived_at", "address", "interface"),
    [
        ("fe80::5%wlan0", "192.0.2.5", "wlan0"),
        ("192.0.2.5", "192.0.2.5", "wlan0"),
        ("2001:db8::1", "2001:db8::1", None),
    ],
)
def test_the_address_is_one_that_relays_can_listen_on(tmp_path, arrived_at, address, interface):
    program = tmp_path / "ip"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{IP_ADDRESS}\nEND\n")
    program.chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "SSH_CONNECTION": f"192.0.2.1 50000 {arrived_at} 22",
    }
    argv = [sys.executable, ROLE / "files/examine.py", "{}"]
    examined = json.loads(subprocess.check_output(argv, env=environment))
    assert (examined["address"], examined["interface"]) == (address, interface)


APT_GET = """#!/bin/sh
if mkdir "{directory}/held" 2>/dev/null; then
    echo "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)" >&2
    exit 100
fi
echo "Inst tor (0.4.9.11 Debian)"
"""
"""An apt-get that finds the lists locked when it is first called."""


def test_provision_waits_for_the_lists_that_a_daily_apt_is_reading(tmp_path):
    program = tmp_path / "apt-get"
    program.write_text(APT_GET.format(directory=tmp_path))
    program.chmod(0o755)
    script = (
        (ROLE / "files/packages.py").read_text().replace("PAUSE_SECONDS = 2", "PAUSE_SECONDS = 0")
    )
    printed = subprocess.check_output(
        [sys.executable, "-", "install", "tor"],
        input=script.encode(),
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
    )
    assert json.loads(printed) == ["tor"]


def test_the_collection_is_whole_wherever_it_is_copied():
    assert [path for path in (PROJECT / "deploy").rglob("*") if path.is_symlink()] == []
