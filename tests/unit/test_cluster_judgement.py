"""What is said of hosts, of facts that nobody has to have hardware for."""

import msgspec
import pytest

from onionrig.cluster.check import nothing_as_root
from onionrig.cluster.judgement import (
    ExaminedHost,
    Node,
    ProvisionRecord,
    Refusal,
    clock_findings,
    port_findings,
    sudo_findings,
)
from onionrig.cluster.judgement import host_findings as findings_of
from onionrig.cluster.playbooks import PlaybookFailure, reason_of
from onionrig.cluster.troubles import advice_for, explained, kind_of
from onionrig.engine.ansible.access import Access
from onionrig.engine.ansible.found import found_hosts
from onionrig.engine.ansible.inventory import ListedHost
from onionrig.errors import Unequipped
from onionrig.experiment.schema import Experiment
from support.files import write_program

FIT = ExaminedHost(
    machine="aarch64",
    distribution="Debian GNU/Linux 12 (bookworm)",
    python=(3, 11, 2),
    cores=4,
    memory_bytes=1 << 30,
    memory_accounted=False,
    disk_free_bytes={"/opt/onionrig": 1 << 30, "/var/lib/onionrig": 1 << 30},
    clock_synchronized=True,
    address="192.0.2.1",
    interface="eth0",
    link_mbit=1000,
    node=Node(packages={"tor": "0.4.9.11"}, record=ProvisionRecord(version="1")),
)

NOT_SENT = (
    'Task failed: Data could not be sent to remote host "pi1". Make sure this host can be reached '
    "over ssh: "
)


def troubles(**changes):
    """Return what is not as it should be on a host that is fit but for this."""
    facts = msgspec.structs.replace(FIT, **changes)
    return {
        finding.what: (finding.verdict, finding.found, finding.advice)
        for finding in findings_of("pi1", facts, version="1", is_backend=True)
        if finding.verdict != "ok"
    }


def test_a_host_that_is_fit_has_no_troubles():
    assert troubles() == {}


def test_memory_names_how_many_daemons_fit():
    verdict, text, advice = troubles(memory_bytes=512 << 20)["memory"]
    assert (verdict, text) == ("warning", "512 MiB: 2 daemons fit")
    assert "at most 2" in advice
    assert troubles(memory_bytes=300 << 20)["memory"][0] == "missing"


def test_a_refusal_of_provision_replaces_the_finding_on_the_same_subject():
    refusal = Refusal(what="tor", found="tor@default.service runs", advice="use another host")
    assert troubles(refusals=(refusal,)) == {
        "tor": ("missing", "tor@default.service runs", "use another host")
    }


def test_disk_link_time_and_version_are_judged():
    assert troubles(disk_free_bytes={"/var/lib/onionrig": 1 << 20})["disk"][0] == "missing"
    assert troubles(link_mbit=10)["link"][0] == "warning"
    assert troubles(address=None)["link"][0] == "missing"
    assert troubles(clock_synchronized=False)["time"][0] == "warning"
    assert troubles(node=Node())["provisioned"][1] == "not yet"
    old = Node(record=ProvisionRecord(version="0"))
    assert troubles(node=old)["provisioned"] == (
        "warning", "0, and this is 1", "onionrig cluster provision --limit pi1",
    )  # fmt: skip
    begun = Node(record=ProvisionRecord(version="unfinished"))
    assert troubles(node=begun)["provisioned"][1] == "provision was interrupted"


def test_clocks_that_are_more_than_a_second_apart_are_named():
    findings = clock_findings({"pi1": 0.01, "pi2": -3.5, "pi3": None})
    assert [(finding.host, finding.verdict) for finding in findings] == [
        ("pi1", "ok"),
        ("pi2", "missing"),
    ]
    assert findings[1].found == "3.500 s behind this machine's"
    apart = clock_findings({"pi1": 0.7, "pi2": -0.7})
    assert [finding.verdict for finding in apart] == ["missing", "missing"]


def test_ports_name_the_firewall_s_rule_that_is_missing():
    answers = {
        "pi1": {"pi2": "timeout", "pi3": "reached"},
        "pi2": {"pi1": "reached", "pi3": "reached"},
        "pi3": {"pi1": "reached", "pi2": "timeout"},
    }
    addresses = {"pi1": "192.0.2.1", "pi2": "192.0.2.2", "pi3": "2001:db8::3"}
    findings = {finding.host: finding for finding in port_findings(answers, addresses, 10_000)}
    assert [findings[host].verdict for host in addresses] == ["ok", "missing", "ok"]
    assert "pi1 (timeout), pi3 (timeout)" in findings["pi2"].found
    # put first, so that it counts where the chain's last rule drops everything
    rule = "nft insert rule inet filter input ip saddr 192.0.2.1 tcp dport 10000-65535 accept"
    assert rule in findings["pi2"].advice
    assert "ip6 saddr 2001:db8::3" in findings["pi2"].advice


def test_nothing_is_said_of_the_ports_of_a_host_that_a_run_is_using():
    answers = {"pi1": {"pi2": "reached"}, "pi2": {}, "pi3": {"pi2": "reached"}}
    addresses = {"pi1": "192.0.2.1", "pi2": "192.0.2.2", "pi3": "192.0.2.3"}
    assert [finding.host for finding in port_findings(answers, addresses, 10_000)] == ["pi2"]


def test_failures_are_one_line_with_what_to_do():
    unknown = PlaybookFailure(
        host="pi1", task="Look at the host", unreachable=True,
        reason=reason_of({"msg": "Failed to connect to the host via ssh: Host key verification failed."}),
    )  # fmt: skip
    assert explained(unknown).startswith("Host key verification failed.; its SSH host key is not")
    assert "ssh pi1" in advice_for(unknown)
    assert reason_of({"msg": NOT_SENT + "Host key verification failed."}) == (
        "Host key verification failed."
    )
    sudo = PlaybookFailure(
        host="pi1", task="Look at the host", reason="sudo: a password is required"
    )
    assert kind_of(sudo) == "sudo"
    assert "NOPASSWD" in explained(sudo)
    for complaint, advice in (
        ("sudo: Ein Passwort ist notwendig", "NOPASSWD"),
        ("/bin/sh: 1: sudo: not found", "ansible_user"),
    ):
        result = {
            "msg": "Module result deserialization failed: No start of json char found",
            "module_stderr": f"* AUTHORIZED USE ONLY *\n{complaint}\n",
        }
        refused = PlaybookFailure(host="pi1", task="Look at the host", reason=reason_of(result))
        assert (refused.reason, kind_of(refused)) == (complaint, "sudo")
        assert advice in advice_for(refused)
    ssh = PlaybookFailure(
        host="pi1", task="Look", unreachable=True, reason="Permission denied (password)"
    )
    assert kind_of(ssh) == "reachable"
    failed = {
        "msg": "Task failed: Module failed: non-zero return code",
        "stderr": "one\nno space left",
    }
    assert reason_of(failed) == "no space left"
    assert reason_of({}) == "no reason was given"


def test_a_sudo_that_asks_for_a_password_is_found_even_if_ansible_has_one(tmp_path, monkeypatch):
    asks = 'case "$*" in *pi1*) echo "sudo: a password is required" >&2; exit 1; esac'
    write_program(tmp_path, "ssh", asks)
    monkeypatch.setenv("PATH", str(tmp_path))
    hosts = [ListedHost(name=name, address=name) for name in ("pi1", "pi2")]
    ended = {host.name: nothing_as_root(host.access()) for host in hosts}
    assert ended["pi2"].code == 0
    (finding,) = sudo_findings({name: one.err for name, one in ended.items()})
    assert (finding.host, finding.what, finding.verdict) == ("pi1", "sudo", "missing")
    assert "NOPASSWD" in finding.advice


def test_a_controller_that_is_a_host_is_refused_without_an_address(tmp_path, monkeypatch):
    write_program(tmp_path, "sh", "exit 127")
    write_program(tmp_path, "ssh", "exit 255")
    monkeypatch.setenv("PATH", str(tmp_path))
    here, there = (
        Access(name="laptop", destination=None, become=()),
        Access(name="pi1", destination="pi1"),
    )
    with pytest.raises(Unequipped) as refused:
        found_hosts([(here, None), (there, None)], Experiment(), version="1")
    assert "laptop is this machine, and cannot tell where the others reach it" in str(refused.value)
    with pytest.raises(Unequipped) as refused:
        found_hosts([(here, "192.0.2.7"), (there, None)], Experiment(), version="1")
    assert "where the others reach it" not in str(refused.value)
