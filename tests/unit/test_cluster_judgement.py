"""What is said of hosts, of facts that nobody has to have hardware for."""

import msgspec

from onionrig.cluster.judgement import (
    ExaminedHost,
    Node,
    ProvisionRecord,
    Refusal,
    clock_findings,
    port_findings,
)
from onionrig.cluster.judgement import host_findings as findings_of
from onionrig.cluster.playbooks import PlaybookFailure, reason_of
from onionrig.cluster.troubles import advice_for, explained, kind_of

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
    without = {
        "msg": "Task failed: Action failed: Module result deserialization failed: No start of json",
        "module_stderr": "/bin/sh: 1: sudo: not found\n",
    }
    no_sudo = PlaybookFailure(host="pi1", task="Look at the host", reason=reason_of(without))
    assert kind_of(no_sudo) == "sudo"
    assert "sudo: not found; install it there as root (apt install sudo)" in explained(no_sudo)
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
