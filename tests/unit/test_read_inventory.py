"""Inventories as Ansible reads them, and what becomes of each host."""

import shlex
import subprocess
import sys

import pytest

from onionrig.cluster.playbooks import ssh_arguments
from onionrig.engine.ansible.inventory import for_experiment, read_inventory
from onionrig.errors import UsageError
from onionrig.programs import run_program

SHELF = """
all:
  vars: {ansible_user: pi, domain: example}
  children:
    balancer: {hosts: {pi10: {ansible_port: 2222}}}
    shelf:
      children:
        backends:
          hosts:
            pi2: {ansible_host: "{{ inventory_hostname }}.{{ domain }}"}
            pi1: {ansible_user: root, onionrig_facts: {cores: 4}}
    clients:
      hosts:
        laptop: {ansible_connection: local, onionrig_address: 192.0.2.7}
      vars: {ansible_ssh_common_args: "-J gate -o 'ProxyUseFdpass no'"}
"""


@pytest.fixture
def written(tmp_path):
    """Return what writes an inventory and names it."""

    def write(text):
        path = tmp_path / "inventory.yml"
        path.write_text(text)
        return str(path)

    return write


def refused(path):
    with pytest.raises(UsageError) as caught:
        read_inventory(path)
    return str(caught.value)


NOISY = ("ANSIBLE_FORCE_COLOR", "ANSIBLE_VERBOSITY", "ANSIBLE_DEBUG")
"""Settings with which Ansible's answers have more in them (ansible #59973)."""


def test_hosts_groups_and_connections_are_read(written, monkeypatch):
    for name in NOISY:
        monkeypatch.setenv(name, "1")
    path = written(SHELF)
    hosts = {host.name: host for host in read_inventory(path)}
    assert list(hosts) == ["laptop", "pi1", "pi2", "pi10"]
    assert hosts["pi2"].groups == ("backends", "shelf")
    assert hosts["pi2"].access().destination == "pi2.example"  # a template, resolved by Ansible
    assert hosts["pi2"].access().ssh_options == ("-l", "pi")
    assert hosts["pi10"].access().ssh_options == ("-p", "2222", "-l", "pi")
    assert hosts["pi1"].access().become == ()
    assert hosts["pi2"].access().become == ("sudo", "-n")
    assert hosts["laptop"].access().is_here
    assert hosts["laptop"].onionrig_address == "192.0.2.7"
    assert hosts["laptop"].ssh_arguments == ("-J", "gate", "-o", "ProxyUseFdpass no")
    known_inventory = for_experiment(path, tuple(hosts.values()))
    assert [(host.name, host.cores) for host in known_inventory.hosts] == [
        ("laptop", None), ("pi1", 4), ("pi2", None), ("pi10", None),
    ]  # fmt: skip


def test_what_cannot_be_read_or_used_is_refused_by_name(written, tmp_path):
    missing = str(tmp_path / "none.yml")
    assert refused(missing).startswith(f"there is no inventory at {missing}; `onionrig cluster")
    assert "cannot read the inventory" in refused(written("all: {hosts: ["))
    assert "has no hosts" in refused(written("all: {hosts: {}}"))
    password = written("all: {hosts: {pi1: {ansible_password: secret-word}, pi2: }}")
    assert "pi1: logging in takes a password" in refused(password)
    assert "secret-word" not in refused(password)
    assert "pi1 has onionrig_address = 10.0.0.1; reboot: daemons listen on an IP" in refused(
        written("all: {hosts: {pi1: {onionrig_address: 10.0.0.1; reboot}}}")
    )
    assert "pi1 has ansible_connection = docker" in refused(
        written("all: {hosts: {pi1: {ansible_connection: docker}}}")
    )
    assert "pi1: ansible_host cannot be resolved" in refused(
        written("all: {hosts: {pi1: {ansible_host: '{{ nowhere }}'}}}")
    )
    assert "pi1 has ansible_port = 70000" in refused(
        written("all: {hosts: {pi1: {ansible_port: 70000}}}")
    )


def test_vaults_and_ansibles_own_configuration_count(written, tmp_path, monkeypatch):
    password = tmp_path / "password"
    password.write_text("word")
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", str(password))
    sealed = subprocess.run(
        [sys.executable, "-m", "ansible", "vault", "encrypt_string", "pi1.example"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    sealed = sealed.replace("\n", "\n    ")
    path = written(f"all:\n  hosts:\n    pi1:\n      ansible_host: {sealed}\n    pi2:\n")
    settings = tmp_path / "ansible.cfg"
    settings.write_text(
        "[defaults]\nremote_user = pi\n[ssh_connection]\nssh_common_args = -J gate\nssh_args = -4\n"
    )
    monkeypatch.setenv("ANSIBLE_CONFIG", str(settings))
    first, second = read_inventory(path)
    assert first.access().destination == "pi1.example"
    assert second.access().ssh_options == ("-l", "pi", "-4", "-J", "gate")
    assert ssh_arguments().endswith(" -4")
    monkeypatch.delenv("ANSIBLE_VAULT_PASSWORD_FILE")
    read_inventory.cache_clear()  # another command would ask again
    complaint = refused(path)
    assert "pi1: ansible_host cannot be resolved: Attempting to decrypt" in complaint
    assert complaint.endswith("ANSIBLE_VAULT_PASSWORD_FILE=FILE")


def understood(*arguments):
    """Return what ssh would do with these words, without connecting."""
    ended = run_program(("ssh", "-F", "none", *arguments, "-G", "pi1"), seconds=60)
    return dict(line.split(" ", 1) for line in ended.out.splitlines() if " " in line)


def test_host_keys_are_strict_and_connections_our_own_whatever_an_inventory_says(written):
    options = (
        "-o StrictHostKeyChecking=no -o BatchMode=no -o ControlMaster=auto "
        "-o ControlPersist=60s -o ControlPath=/theirs"
    )
    path = written(f"all: {{hosts: {{pi1: {{ansible_ssh_common_args: {options}}}}}}}")
    (host,) = read_inventory(path)
    assert options.split() == list(host.ssh_arguments)
    ours = ("-o", "ControlPath=/ours", "-o", "ControlMaster=no", "-o", "ControlPersist=no")
    by_a_run = understood(*host.access().ssh(*ours)[1:])
    by_ansible = understood(*shlex.split(ssh_arguments()), *shlex.split(options))
    for used in (by_a_run, by_ansible):
        assert used["stricthostkeychecking"] == "true"
        assert used["batchmode"] == "yes"
    assert by_a_run["controlpath"] == "/ours"
    assert by_a_run["controlmaster"] == "false"
    assert by_a_run["controlpersist"] == "no"
