"""A run whose controller is one of its hosts: Ansible's connection to it is "local"."""

import os
import sys

import pytest

from support.bed.shelf import GROUPS, QUICK
from support.processes.command_line import ONIONRIG
from support.waiting import RUN_SECONDS

BOOKWORMS_PYTHON = (3, 11)


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
def test_the_controller_may_be_a_host(shelf, inventory):
    def onionrig(*words):
        return shelf.bed["pi1"].run(
            "env", "--chdir=/root", *ONIONRIG, *map(str, words), timeout=RUN_SECONDS,
            env={**os.environ, "HOME": "/root", "COLUMNS": "200"},
        )  # fmt: skip

    checked = onionrig("cluster", "check", "-i", inventory).stdout
    assert "0.000 s ahead of this machine's" in checked
    run = shelf.new_run()
    done = onionrig(
        "run", "-i", inventory, *QUICK, "--hold", "10", "--json", "--out", f"/root/{run.name}"
    )
    assert '"status": "complete"' in done.stdout
    assert '"backend-2"' in done.stdout
    assert shelf.volatile() == {}
