"""The hosts of an inventory as they are found before a run, and what makes them unfit for it."""

from __future__ import annotations

import shlex
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import msgspec

from onionrig.engine.ansible.access import Access, root_refused, shell_prints_text
from onionrig.engine.ansible.clocks import ClockReading, apart, clock_reading
from onionrig.errors import Unequipped
from onionrig.experiment.faults.planned import cut_off
from onionrig.experiment.placement import placement
from onionrig.node.facts import UNFINISHED, NodeFacts
from onionrig.programs import Ended, NotRun, run_program
from onionrig.records.manifest import HostRecord
from onionrig.rig.allocation import tors_of
from onionrig.rig.layout import Layout, Programs
from onionrig.rig.needs import lacking_disk, lacking_memory

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import PurePosixPath

    from onionrig.engine.ansible.inventory import ListedHost
    from onionrig.experiment.schema import Experiment
    from onionrig.rig.units import HostRun

PYTHON = "/opt/onionrig/venv/bin/python"
"""Path of Python in the node program of a provisioned host."""
FACTS_SECONDS = 60
CORES_SECONDS = 20
NO_IPV4 = (
    "tor refuses to be a relay without an IPv4 address: give it one, or name the one that it has "
    "(onionrig_address in the inventory)"
)
"""Advice for a host that is reached over IPv6 alone."""
MODULE_MISSING = ("No such file", "not found", "No module named")


class FoundHost(msgspec.Struct, frozen=True, kw_only=True):
    """A provisioned host that answers."""

    access: Access
    facts: NodeFacts
    clock: ClockReading

    def layout(self, run: HostRun) -> Layout:
        """Return where a run's files are on the host."""
        return Layout(
            workspace=run.workspace,
            records=run.records,
            programs=Programs(
                tor=self.facts.programs.get("tor", "tor"),
                onionbalance=self.facts.programs.get("onionbalance", "onionbalance"),
                python=self.facts.programs["python"],
            ),
            units=run.units,
            controls=run.workspace / "controls",
        )

    def record(self, records: PurePosixPath | None = None) -> HostRecord:
        """Return the host's record for the manifest."""
        facts = msgspec.structs.asdict(self.facts.facts)
        return HostRecord(
            **{**facts, "name": self.access.name},
            kind="remote",
            address=self.facts.address,
            clock_offset_seconds=self.clock.ahead_seconds,
            records=None if records is None else str(records),
            tor=self.facts.versions.tor,
        )


def found_hosts(
    accesses: Iterable[tuple[Access, str | None]], experiment: Experiment, *, version: str
) -> dict[str, FoundHost]:
    """Return the hosts by name; each comes with its address if the inventory gives one.

    ``version`` must be provisioned on all of them. Raises Unequipped that names every host that is
    not fit for the experiment's run.
    """
    reached = list(accesses)
    with ThreadPoolExecutor(max_workers=max(1, len(reached))) as pool:
        answers = list(
            pool.map(lambda access_and_address: _found_host(*access_and_address), reached)
        )
    wrong = [answer for answer in answers if isinstance(answer, str)]
    wrong += [
        f"{access.name} is this machine, and cannot tell where the others reach it: set its "
        "onionrig_address"
        for access, address in reached
        if access.is_here and address is None and len(reached) > 1
    ]
    found_by_name = {
        answer.access.name: answer for answer in answers if isinstance(answer, FoundHost)
    }
    wrong += [
        reason for host in found_by_name.values() if (reason := _unfit(host, experiment, version))
    ]
    if far := apart({name: host.clock for name, host in found_by_name.items()}):
        wrong.append(far)
    if wrong:
        raise Unequipped("\n".join(wrong))
    return found_by_name


def versions_side_by_side(found_by_name: Mapping[str, FoundHost]) -> dict[str, str | None]:
    """Return the versions of each program; different versions on hosts are listed side by side."""
    names = msgspec.structs.fields(next(iter(found_by_name.values())).facts.versions)
    return {
        field.name: ", ".join(
            sorted(
                {
                    value
                    for host in found_by_name.values()
                    if (value := getattr(host.facts.versions, field.name)) is not None
                }
            )
        )
        or None
        for field in names
    }


def with_cores(hosts: Iterable[ListedHost]) -> tuple[ListedHost, ...]:
    """Return the hosts with their number of cores, from the inventory or from themselves."""
    listed = tuple(hosts)
    with ThreadPoolExecutor(max_workers=max(1, len(listed))) as pool:
        return tuple(pool.map(_with_cores, listed))


def _with_cores(host: ListedHost) -> ListedHost:
    if host.cores is not None:
        return host
    try:
        printed = run_program(host.access().alone(("nproc",)), seconds=CORES_SECONDS).out
        return msgspec.structs.replace(host, cores=int(printed))
    except (NotRun, ValueError):
        return host  # the run itself will report why it cannot be reached


def _found_host(access: Access, address: str | None) -> FoundHost | str:
    """Return a host's facts, or an explanation of why they cannot be known."""
    # the controller, and so other hosts, reach it at the address where ssh came in
    facts_argv = access.as_root((PYTHON, "-m", "onionrig.node.facts"))
    command = f'exec {shlex.join(facts_argv)} "$@"'
    set_address = (
        f"set -- {shlex.quote(address)}"
        if address
        else 'set -- $SSH_CONNECTION; set -- "${3:-}" ssh'
    )
    try:
        completed = run_program(
            access.alone(("sh", "-c", f"{set_address}; {command}")), seconds=FACTS_SECONDS
        )
    except NotRun as error:
        return f"{access.name}: {error}"
    if completed.code:
        return _unreachable_reason(access, completed)
    try:
        facts = msgspec.json.decode(completed.out, type=NodeFacts)
    except msgspec.MsgspecError:
        if noise := completed.out.partition("{")[0].strip():
            return shell_prints_text(access.name, noise)
        return (
            f"{access.name} was provisioned by another version: onionrig cluster provision "
            f"--limit {access.name}"
        )
    clock = clock_reading(access)
    if clock is None:
        return f"{access.name}: its clock could not be read over ssh"
    return FoundHost(access=access, facts=facts, clock=clock)


def _unreachable_reason(access: Access, ended: Ended) -> str:
    if refused := root_refused(ended.err):
        return f"{access.name}: {'; '.join(refused)}"
    if any(words in ended.err for words in MODULE_MISSING):
        return f"{access.name} is not provisioned: onionrig cluster provision"
    # a shell that refuses its user may say so on either, and sshd's banner is among the errors
    last_lines = [text.strip().splitlines()[-1] for text in (ended.err, ended.out) if text.strip()]
    reason = " / ".join(last_lines) or "ssh ended without a word"
    return f"{access.name} cannot be reached: {reason} (try: {access.by_hand()}true)"


def _unfit(host: FoundHost, experiment: Experiment, version: str) -> str | None:
    name, facts = host.access.name, host.facts
    if facts.version == UNFINISHED:
        return f"{name}: provision was interrupted: onionrig cluster provision"
    if facts.version != version:
        return (
            f"{name} was provisioned by another version ({facts.version or 'unknown'}, this is "
            f"{version}): onionrig cluster provision"
        )
    if experiment.network.kind != "none" and "tor" not in facts.programs:
        return f"{name} has no tor: onionrig cluster provision"
    if experiment.network.kind != "none" and ":" in facts.address:
        return f"{name} would be reached at {facts.address}, and {NO_IPV4}"
    fault = cut_off(experiment, name)
    if fault is not None and "nft" not in facts.programs:
        return (
            f'{name}: {fault.verb} = "{fault.subject}" needs nft, which is missing there or has no '
            "effect: sudo apt install nftables, or leave this event out"
        )
    places = placement(experiment)
    tors = [tor for tor in tors_of(experiment) if places.get(tor) == name]
    lacking = lacking_memory(tors, facts.available_memory_bytes) or lacking_disk(
        facts.free_disk_bytes
    )
    return None if lacking is None else f"{name}: {lacking}"
