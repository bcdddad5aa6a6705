"""Judge the findings on hosts: what is fit for a run, what is not, and what to do about it.

Everything here is data, which ``cluster.check`` collects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from onionrig.engine.ansible.access import SHELL_ADVICE, root_refused, shell_prints
from onionrig.engine.ansible.clocks import MOST_SECONDS
from onionrig.engine.ansible.found import NO_IPV4
from onionrig.node.facts import UNFINISHED
from onionrig.rig.needs import DAEMON_BYTES, RECORDS_BYTES, SYSTEM_BYTES, daemons_that_fit
from onionrig.units import counted, size_text

if TYPE_CHECKING:
    from collections.abc import Mapping

HostVerdict = Literal["ok", "warning", "missing"]

SLOW_LINK_MBIT = 100


class ProvisionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The record that provisioning leaves on a host."""

    version: str = ""


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """How far a host has been provisioned."""

    packages: dict[str, str] = {}
    record: ProvisionRecord | None = None
    runs: tuple[str, ...] = ()
    """The runs that are under way on it, each as it claimed the host."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """The reason why a host cannot, or should not, be provisioned."""

    what: str
    found: str
    advice: str


class ExaminedHost(msgspec.Struct, frozen=True, kw_only=True):
    """What a host is and has, as the collection's ``examine.py`` prints it."""

    machine: str
    distribution: str
    python: tuple[int, ...]
    cores: int | None
    memory_bytes: int | None
    memory_accounted: bool
    disk_free_bytes: dict[str, int | None]
    clock_synchronized: bool | None
    address: str | None
    interface: str | None
    link_mbit: int | None
    node: Node
    refusals: tuple[Refusal, ...] = ()
    share: bool = False
    """Whether somebody else's tor is left alone."""


class HostFinding(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one check on a host."""

    host: str
    what: str
    verdict: HostVerdict
    found: str
    advice: str = ""


def host_findings(
    host: str, facts: ExaminedHost, *, version: str, is_backend: bool
) -> tuple[HostFinding, ...]:
    """Return the findings on one host; ``version`` is what should be provisioned."""
    refused = tuple(
        HostFinding(
            host=host,
            what=refusal.what,
            verdict="missing",
            found=refusal.found,
            advice=refusal.advice,
        )
        for refusal in facts.refusals
    )
    judged = {finding.what for finding in refused}
    rest = (
        _system(host, facts),
        _tor(host, facts),
        _memory(host, facts, is_backend=is_backend),
        _disk(host, facts),
        _link(host, facts),
        _time(host, facts),
        _provisioned(host, facts, version),
    )
    return (*refused, *(finding for finding in rest if finding.what not in judged))


def clock_findings(
    ahead_seconds: Mapping[str, float | None],
) -> tuple[HostFinding, ...]:
    """Return how hosts' clocks compare with the controller's and with one another."""
    known_ahead = {host: ahead for host, ahead in ahead_seconds.items() if ahead is not None}
    findings = []
    for host, ahead in known_ahead.items():
        others = [0.0, *known_ahead.values()]
        apart = max(abs(ahead - other) for other in others)
        text = f"{abs(ahead):.3f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
        is_far = apart > MOST_SECONDS and abs(ahead) > MOST_SECONDS / 2
        findings.append(
            HostFinding(
                host=host,
                what="clock",
                verdict="missing" if is_far else "ok",
                found=text,
                advice="have its time set from the network (package systemd-timesyncd or chrony): "
                "a load starts on all hosts in the same second"
                if is_far
                else "",
            )
        )
    return tuple(findings)


def shell_findings(printed_by_host: Mapping[str, str]) -> tuple[HostFinding, ...]:
    """Return which hosts' login shells print something of their own before a command's output.

    ``printed_by_host`` is what each host printed for a command that prints nothing.
    """
    return tuple(
        HostFinding(
            host=host,
            what="shell",
            verdict="missing",
            found=shell_prints(noise),
            advice=SHELL_ADVICE,
        )
        for host, printed in printed_by_host.items()
        if (noise := printed.strip())
    )


def sudo_findings(complaints_by_host: Mapping[str, str]) -> tuple[HostFinding, ...]:
    """Return on which hosts sudo refuses a run, from what failed commands complained of there."""
    return tuple(
        HostFinding(host=host, what="sudo", verdict="missing", found=refused[0], advice=refused[1])
        for host, complaints in complaints_by_host.items()
        if (refused := root_refused(complaints)) is not None
    )


def port_findings(
    answers: Mapping[str, Mapping[str, str]], addresses: Mapping[str, str | None], port: int
) -> tuple[HostFinding, ...]:
    """Return which hosts cannot be reached by which others, from the answers each of them got.

    The likeliest cause is a firewall, which answers none of the others, so one finding per host
    names all those that do not reach it. Hosts that nobody tried to reach have none.
    """
    findings = []
    for host in addresses:
        failing = {
            other: answered[host]
            for other, answered in answers.items()
            if answered.get(host, "reached") != "reached"
        }
        is_tried = any(host in answered for answered in answers.values())
        if is_tried and not failing:
            findings.append(
                HostFinding(host=host, what="ports", verdict="ok", found=f"{port} reached by all")
            )
        if not failing:
            continue
        sources = ", ".join(sorted(addresses[other] or other for other in failing))
        findings.append(
            HostFinding(
                host=host,
                what="ports",
                verdict="missing",
                found=f"port {port} of {addresses[host]} not reached from "
                + ", ".join(f"{other} ({why})" for other, why in sorted(failing.items())),
                advice=f"let its firewall accept TCP to ports {port} and up from {sources}: "
                + "; ".join(_rule(addresses[other] or other, port) for other in sorted(failing)),
            )
        )
    return tuple(findings)


def _rule(source: str, port: int) -> str:
    family = "ip6" if ":" in source else "ip"
    # put first: a last rule of the chain may drop everything
    matches = f"{family} saddr {source} tcp dport {port}-65535"
    return f"nft insert rule inet filter input {matches} accept"


def _system(host: str, facts: ExaminedHost) -> HostFinding:
    python = ".".join(map(str, facts.python))
    text = f"{facts.distribution}, {facts.machine}, Python {python}, {facts.cores or '?'} cores"
    return HostFinding(host=host, what="system", verdict="ok", found=text)


def _tor(host: str, facts: ExaminedHost) -> HostFinding:
    installed = facts.node.packages.get("tor")
    text = installed or "not installed: provision does that"
    if facts.share:
        text = f"{installed}, beside a tor of somebody else's, which is left untouched"
    return HostFinding(host=host, what="tor", verdict="ok", found=text)


def _memory(host: str, facts: ExaminedHost, *, is_backend: bool) -> HostFinding:
    if facts.memory_bytes is None:
        return HostFinding(host=host, what="memory", verdict="warning", found="unknown")
    fits = daemons_that_fit(facts.memory_bytes)
    fit = "fits" if fits == 1 else "fit"
    text = f"{size_text(facts.memory_bytes)}: {counted(fits, 'daemon')} {fit}"
    if fits == 0:
        return HostFinding(
            host=host, what="memory", verdict="missing", found=text,
            advice=f"a daemon takes {size_text(DAEMON_BYTES)} beside {size_text(SYSTEM_BYTES)} for "
            "the system",
        )  # fmt: skip
    if is_backend and facts.cores is not None and fits < facts.cores:
        return HostFinding(
            host=host, what="memory", verdict="warning", found=text,
            advice=f"it has {facts.cores} cores and would get a daemon for each; ask for at most "
            f"{fits} on it (onionrig_facts: {{cores: {fits}}})",
        )  # fmt: skip
    return HostFinding(host=host, what="memory", verdict="ok", found=text)


def _disk(host: str, facts: ExaminedHost) -> HostFinding:
    known_free = [free for free in facts.disk_free_bytes.values() if free is not None]
    if not known_free:
        return HostFinding(host=host, what="disk", verdict="warning", found="unknown")
    text = f"{size_text(min(known_free))} free"
    if min(known_free) < RECORDS_BYTES:
        return HostFinding(
            host=host, what="disk", verdict="missing", found=text,
            advice=f"a run's records may take {size_text(RECORDS_BYTES)}: free that much in "
            + " and ".join(sorted(facts.disk_free_bytes)),
        )  # fmt: skip
    return HostFinding(host=host, what="disk", verdict="ok", found=text)


def _link(host: str, facts: ExaminedHost) -> HostFinding:
    if facts.address is None:
        return HostFinding(
            host=host, what="link", verdict="missing", found="no address that others reach",
            advice="set onionrig_address in the inventory",
        )  # fmt: skip
    if ":" in facts.address:
        return HostFinding(
            host=host, what="link", verdict="missing",
            found=f"only an IPv6 address, {facts.address}",
            advice=NO_IPV4,
        )  # fmt: skip
    rate = f"{facts.link_mbit} Mbit/s" if facts.link_mbit else "rate unknown"
    text = f"{facts.address} on {facts.interface or 'an unknown interface'}, {rate}"
    if facts.link_mbit and facts.link_mbit < SLOW_LINK_MBIT:
        return HostFinding(
            host=host, what="link", verdict="warning", found=text,
            advice=f"slower than {SLOW_LINK_MBIT} Mbit/s: look at its cable and its switch",
        )  # fmt: skip
    return HostFinding(host=host, what="link", verdict="ok", found=text)


def _time(host: str, facts: ExaminedHost) -> HostFinding:
    match facts.clock_synchronized:
        case True:
            return HostFinding(host=host, what="time", verdict="ok", found="set from the network")
        case False:
            return HostFinding(
                host=host, what="time", verdict="warning", found="not set from the network",
                advice="sudo apt install systemd-timesyncd (or chrony)",
            )  # fmt: skip
        case None:
            return HostFinding(host=host, what="time", verdict="ok", found="unknown how it is set")


def _provisioned(host: str, facts: ExaminedHost, version: str) -> HostFinding:
    record = facts.node.record
    advice = f"onionrig cluster provision --limit {host}"
    if record is None:
        return HostFinding(
            host=host, what="provisioned", verdict="warning", found="not yet", advice=advice
        )
    if record.version == UNFINISHED:
        text = "provision was interrupted"
        return HostFinding(
            host=host, what="provisioned", verdict="warning", found=text, advice=advice
        )
    if record.version != version:
        text = f"{record.version}, and this is {version}"
        return HostFinding(
            host=host, what="provisioned", verdict="warning", found=text, advice=advice
        )
    return HostFinding(host=host, what="provisioned", verdict="ok", found=version)
