"""A run whose controller is one of its hosts (Ansible's connection to it is "local"), with faults."""

import json
import os
import sys

import pytest

from support.bed.shelf import GROUPS, QUICK
from support.processes.command_line import ONIONRIG
from support.waiting import RUN_SECONDS

BOOKWORMS_PYTHON = (3, 11)


FAULTS = """
[[faults]]
at = "2s"
kill = "backend-1"

[[faults]]
at = "4s"
link_down = "pi2"

[[faults]]
at = "7s"
link_up = "pi2"

[[faults]]
at = "9s"
reboot = "pi2"
"""


@pytest.fixture
def inventory(shelf):
    """Return an inventory as pi1 has it, with the keys by which it reaches the others."""
    pi1 = shelf.bed["pi1"]
    key, known = pi1.root / "root/key", pi1.root / "root/known_hosts"
    key.write_bytes(shelf.bed.key.read_bytes())
    key.chmod(0o600)
    known.write_bytes(shelf.bed.known_hosts.read_bytes())
    shelf.bed.inventory(
        GROUPS,
        path=pi1.root / "root/inventory.yml",
        host_variables={"pi1": {"ansible_connection": "local", "onionrig_address": pi1.address}},
        variables={
            "ansible_ssh_private_key_file": "/root/key",
            "ansible_ssh_common_args": "-o UserKnownHostsFile=/root/known_hosts",
        },
    )
    yield "/root/inventory.yml"
    key.unlink()


@pytest.mark.skipif(
    sys.base_prefix == "/usr" and sys.version_info[:2] != BOOKWORMS_PYTHON,
    reason="the host has another Python than the one that onionrig is installed with here",
)
def test_a_host_may_be_the_controller_and_faults_are_done_to_real_services_and_hosts(
    shelf, inventory
):
    pi1, pi2 = shelf.bed["pi1"], shelf.bed["pi2"]

    def onionrig(*words):
        return pi1.run(
            "env", "--chdir=/root", *ONIONRIG, *map(str, words), timeout=RUN_SECONDS,
            env={**os.environ, "HOME": "/root", "COLUMNS": "200"},
        ).stdout  # fmt: skip

    assert " s ahead of this machine's" in onionrig("cluster", "check", "-i", inventory)
    (pi1.root / "root/faults.toml").write_text(FAULTS)
    booted = pi2.run("cat", "/proc/1/stat").stdout
    result = json.loads(
        onionrig("run", "faults.toml", "-i", inventory, *QUICK, "--hold", "12", "--json")
    )

    assert result["status"] == "complete"
    assert result["lost_hosts"] == []
    assert {share["name"] for share in result["backends"]} == {"backend-1", "backend-2"}
    assert [aftermath["subject"] for aftermath in result["aftermaths"]] == [
        "backend-1", "pi2", "pi2", "pi2",
    ]  # fmt: skip
    assert pi2.run("nft", "list", "ruleset").stdout == ""
    shelf.bed.await_ssh("pi2")
    assert pi2.run("cat", "/proc/1/stat").stdout != booted
    assert shelf.volatile() == {}
