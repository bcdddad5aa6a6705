"""How hosts are reached: what ssh is told, and what is made of what sudo, shells and ssh print."""

import re
import shlex
import subprocess
from types import SimpleNamespace

import pytest

from onionrig.cluster.playbooks import _environment
from onionrig.engine.ansible.access import Access, root_refused
from onionrig.engine.ansible.connection import SshConnection
from onionrig.engine.ansible.found import _unfit, found_hosts
from onionrig.engine.ansible.scripts import cut_script
from onionrig.errors import Unequipped
from onionrig.node.facts import relays_address
from onionrig.programs import Ended
from support.rigs import experiment_of

PERSONAL = """\
Host *
    ControlMaster auto
    ControlPersist 10m
    ControlPath /home/alice/.ssh/%C
    RequestTTY force
    RemoteCommand tmux attach
    PermitLocalCommand yes
    LocalCommand echo hello
    LocalForward 8080 localhost:80
"""
"""What people's own configurations have (vscode-remote-release #481, osxfuse/sshfs #63)."""


def in_effect(argv, configuration):
    """Return what ssh would do, by the names of its options, beside such a configuration."""
    program, *rest = argv[: argv.index("--")]
    printed = subprocess.run(
        [program, "-G", "-F", configuration, *rest, "pi1"],
        check=True, capture_output=True, encoding="utf-8",
    ).stdout  # fmt: skip
    return dict(line.partition(" ")[::2] for line in printed.splitlines())


@pytest.fixture
def configuration(tmp_path):
    path = tmp_path / "config"
    path.write_text(PERSONAL)
    return path


def test_a_configuration_for_people_at_a_terminal_does_not_reach_commands(configuration):
    options = in_effect(Access(name="pi1", destination="pi1").alone(("true",)), configuration)
    assert options["requesttty"] == "false"
    assert options["permitlocalcommand"] == "no"
    assert options["clearallforwardings"] == "yes"
    assert options.get("remotecommand", "none") == "none"
    assert options.get("controlpath", "none") == "none"


def test_a_master_keeps_to_its_socket_and_stays_whatever_the_inventory_adds(
    configuration, tmp_path
):
    added = ("-o", "ControlMaster=auto", "-o", "ControlPersist=30m", "-o", "ControlPath=/tmp/%C")
    access = Access(name="pi1", destination="pi1", ssh_options=added)
    argv = SshConnection(access, tmp_path, {}).master_argv()
    options = in_effect(argv, configuration)
    assert options["controlpath"].startswith(str(tmp_path))
    assert options["controlpersist"] == "no"
    assert options["controlmaster"] == "true"


@pytest.mark.parametrize(
    ("printed", "meaning", "advice"),
    [
        ("sudo: a password is required", "sudo asks for a password", "NOPASSWD"),
        ("sudo: interactive authentication is required", "sudo asks for a password", "NOPASSWD"),
        ("doas: Authentication required", "doas asks for a password", "NOPASSWD"),
        ("sudo: sorry, you must have a tty to run sudo", "only from a terminal", "requiretty"),
        ("alice is not in the sudoers file.", "does not let its user become root", "NOPASSWD"),
        (
            "Sorry, user alice may not run sudo on pi1.",
            "does not let its user become root",
            "NOPASSWD",
        ),
        ("sh: 1: exec: sudo: not found", "sudo is not installed", "ansible_user"),
        (
            "env: \u2018sudo\u2019: No such file or directory",
            "sudo is not installed",
            "ansible_user",
        ),
        ("bash: line 1: sudo: command not found", "sudo is not installed", "ansible_user"),
    ],
)
def test_a_user_who_cannot_become_root_is_told_why(printed, meaning, advice):
    said, what_to_do = root_refused(f"sudo: unable to resolve host pi1\n{printed}")
    assert meaning in said
    assert advice in what_to_do


@pytest.mark.parametrize(
    "printed",
    [
        "sudo: /opt/onionrig/venv/bin/python: command not found",
        "sudo: unable to resolve host pi1: Name or service not known",
        "Permission denied (publickey).",
        "curl: (56) CONNECT tunnel failed, response 407: proxy authentication required",
        "",
    ],
)
def test_other_failures_are_not_laid_to_sudo(printed):
    assert root_refused(printed) is None


def test_programs_print_english_whatever_the_hosts_locale():
    assert Access(name="pi1", destination="pi1").as_root(("true",)) == (
        "env", "-u", "LANGUAGE", "LC_ALL=C.UTF-8", "sudo", "-n", "true",
    )  # fmt: skip


def answering(monkeypatch, **ended):
    answer = Ended(**{"code": 0, "out": "", "err": ""} | ended)
    monkeypatch.setattr("onionrig.engine.ansible.found.run_program", lambda *_, **__: answer)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            {"out": 'Welcome to pi1!\nuptime 3 days\n{"version": "1"}'},
            r'pi1: its login shell prints "Welcome to pi1!" before the output of commands .*bashrc',
        ),
        ({"out": '{"version": "1"}'}, r"pi1 was provisioned by another version: .* --limit pi1"),
        (
            {"code": 1, "out": "This account is currently not available.\n"},
            r"pi1 cannot be reached: This account is currently not available\.",
        ),
        (
            {"code": 127, "err": "sudo: /opt/onionrig/venv/bin/python: command not found"},
            r"pi1 is not provisioned: onionrig cluster provision",
        ),
        (
            {"code": 1, "err": "Sorry, user alice may not run sudo on pi1."},
            r"pi1: sudo does not let its user become root; .*NOPASSWD",
        ),
        ({"code": 127, "err": "env: 'sudo': No such file or directory"}, r"pi1: sudo is not inst"),
    ],
)
def test_a_host_that_gives_no_facts_is_answered_by_what_it_said(monkeypatch, answer, reason):
    answering(monkeypatch, **answer)
    with pytest.raises(Unequipped) as refused:
        found_hosts([(Access(name="pi1", destination="pi1"), None)], experiment_of({}), version="1")
    assert re.match(reason, str(refused.value))


def test_ansible_is_protected_from_such_a_configuration_too(configuration, tmp_path):
    argv = ("ssh", *shlex.split(_environment(tmp_path)["ANSIBLE_SSH_ARGS"]), "--")
    options = in_effect(argv, configuration)
    assert options["requesttty"] == "false"
    assert options.get("remotecommand", "none") == "none"


# addresses


@pytest.mark.parametrize(
    ("ssh_connection", "passes"),
    [
        ("192.0.2.7 50000 192.0.2.1 22", ["ip saddr 192.0.2.7 tcp dport 22 accept"]),
        ("192.0.2.7 50000 192.0.2.1 2222", ["ip daddr 192.0.2.7 tcp sport 2222 accept"]),
        (
            "fe80::7%eth0 50000 fe80::1%eth0 22",
            ["ip6 saddr fe80::7 tcp dport 22 accept", "nd-neighbor-solicit"],
        ),
    ],
)
def test_a_host_that_is_cut_off_still_answers_the_controllers_ssh(ssh_connection, passes):
    script = cut_script(f"{ssh_connection}\n", up=False)
    assert [words for words in passes if words not in script] == []
    assert "%" not in script


def test_a_host_that_is_the_controller_is_cut_off_from_all_others():
    script = cut_script("\n", up=False)
    assert script.count("accept") == script.count(" lo accept") == 2


def test_relays_get_an_ipv4_address_of_the_interface_where_ssh_arrived():
    assert relays_address("fe80::1%eth0", ["192.0.2.1", "192.0.2.2"]) == "192.0.2.1"
    assert relays_address("192.0.2.9", ["192.0.2.1"]) == "192.0.2.9"
    assert relays_address("fe80::1%eth0", []) == "fe80::1"


def test_a_host_without_an_ipv4_address_can_have_no_tors():
    facts = SimpleNamespace(version="1", programs={"tor": "/usr/sbin/tor"}, address="2001:db8::1")
    host = SimpleNamespace(access=Access(name="pi1", destination="pi1"), facts=facts)
    assert "without an IPv4 address" in (_unfit(host, experiment_of({}), "1") or "")
