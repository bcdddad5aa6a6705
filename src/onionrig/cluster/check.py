"""Examine every host of an inventory at once, and judge whether it is fit for a run."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import msgspec

from onionrig.cluster.judgement import (
    ExaminedHost,
    HostFinding,
    clock_findings,
    host_findings,
    port_findings,
    shell_findings,
    sudo_findings,
)
from onionrig.cluster.playbooks import play
from onionrig.cluster.troubles import advice_for, kind_of
from onionrig.engine.ansible.clocks import clock_reading
from onionrig.engine.ansible.inventory import for_experiment, read_inventory
from onionrig.engine.ansible.program import provisioned_version
from onionrig.engine.local.ports import FIRST_PORT
from onionrig.experiment.hosts import GROUPS
from onionrig.experiment.inventory import with_inventory
from onionrig.experiment.schema import Cluster, Experiment
from onionrig.programs import Ended, NotRun, run_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from onionrig.cluster.playbooks import PlaybookFailure, Played
    from onionrig.engine.ansible.access import Access
    from onionrig.engine.ansible.inventory import ListedHost

Answer = TypeVar("Answer")

SUDO_SECONDS = 20
EXAMINE, CONNECT = "Look at the host", "Connect to the other hosts"
REFUSE = "Refuse a host that cannot or should not be provisioned"


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """The findings on the hosts of an inventory."""

    inventory: str
    hosts: tuple[str, ...]
    findings: tuple[HostFinding, ...]
    roles: dict[str, tuple[str, ...]]
    """Roles of each host that takes part in a run."""
    remarks: tuple[str, ...] = ()
    """Shortcomings of the inventory itself, and choices made because of them."""

    @property
    def is_fit(self) -> bool:
        """Whether no host lacks anything that a run needs."""
        return all(finding.verdict != "missing" for finding in self.findings)


def check(inventory: str, *, limit: str | None, tell: Callable[[str], None]) -> Checked:
    """Examine the hosts without changing anything, and return the findings.

    Raises UsageError for an inventory that cannot be used, Unequipped if Ansible cannot run, and
    Interrupted.
    """
    listed = read_inventory(inventory)
    known_inventory = for_experiment(inventory, listed)
    experiment = Experiment(cluster=Cluster(inventory=inventory))
    placed = with_inventory(experiment, known_inventory)
    roles: dict[str, tuple[str, ...]] = {host.name: host.roles for host in placed.experiment.hosts}
    played = play(
        "check", inventory, variables={"onionrig_first_port": FIRST_PORT}, limit=limit, tell=tell
    )
    tell("Compare the clocks")
    return Checked(
        inventory=inventory,
        hosts=tuple(sorted({*played.changed, *(failure.host for failure in played.failures)})),
        findings=_findings(listed, played, roles),
        roles=roles,
        remarks=(
            *(
                f"no host is in the group {group}: a run needs one"
                for role, group in GROUPS.items()
                if not any(role in host_roles for host_roles in roles.values())
            ),
            *(text for key, text in placed.explanations.items() if key == "hosts"),
        ),
    )


def _findings(
    listed: tuple[ListedHost, ...], played: Played, roles: dict[str, tuple[str, ...]]
) -> tuple[HostFinding, ...]:
    facts = {
        host: msgspec.json.decode(text, type=ExaminedHost)
        for host, text in played.printed.get(EXAMINE, {}).items()
    }
    answers = {host: json.loads(text) for host, text in played.printed.get(CONNECT, {}).items()}
    reached = [host for host in listed if host.name in facts]
    unaddressed = {
        host.name
        for host in listed
        if host.is_local and host.onionrig_address is None and len(listed) > 1
    }
    addresses = {host.name: host.onionrig_address or facts[host.name].address for host in reached}
    findings = [_failed(failure) for failure in played.failures if failure.task != REFUSE]
    as_root = _on_each(reached, nothing_as_root)
    findings += shell_findings({host: ended.out for host, ended in as_root.items() if ended})
    findings += sudo_findings(
        {host: ended.err for host, ended in as_root.items() if ended and ended.code}
    )
    findings += clock_findings(_on_each(reached, _ahead))
    for name, its_facts in facts.items():
        findings += host_findings(
            name,
            # it was found on the way to one of the others, and a run would not find it
            msgspec.structs.replace(its_facts, address=None) if name in unaddressed else its_facts,
            version=provisioned_version(),
            is_backend="backend" in roles.get(name, ()),
        )
    if len(answers) > 1:
        findings += port_findings(answers, addresses, FIRST_PORT)
    return tuple(findings)


def _failed(failure: PlaybookFailure) -> HostFinding:
    kind = kind_of(failure)
    return HostFinding(
        host=failure.host,
        what=kind if kind != "other" else failure.task,
        verdict="missing",
        found=failure.reason,
        advice=advice_for(failure),
    )


def _on_each(
    reached: list[ListedHost], ask: Callable[[Access], Answer | None]
) -> dict[str, Answer | None]:
    """Return the answer of each host, all asked at once."""
    with ThreadPoolExecutor(max_workers=max(1, len(reached))) as pool:
        answers = pool.map(lambda host: ask(host.access()), reached)
        return dict(zip((host.name for host in reached), answers, strict=True))


def _ahead(access: Access) -> float | None:
    """Return how far a host's clock is ahead of this machine's, or None if it cannot be read."""
    reading = clock_reading(access)
    return None if reading is None else reading.ahead_seconds


def nothing_as_root(access: Access) -> Ended | None:
    """Have root do nothing on a host and return what came of it, or None without an answer.

    Like a run, it types no password; Ansible may have typed one.
    """
    try:
        return run_program(access.alone(access.as_root(("true",))), seconds=SUDO_SECONDS)
    except NotRun:
        return None
