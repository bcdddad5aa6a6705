"""Find the bottleneck: one judgement, and everything that was compared with its limit.

Findings closer to a single cause come first. A lost host takes its work with it, so nothing comes
before that, and a stalled backend takes its share with it whatever else is full. Faults in force in
the seconds of the sustained rate come next.

If every link that all goodput has to pass is full, no more can come, however much CPU there is. If
only some are, a full machine comes first: with more CPU the other links would carry more. A full
machine makes every thread wait, so it comes before threads; a full interface fills no CPU. An
emulated host that used all of its share of a machine is full even if the machine is not. Memory
that threads waited for, and a full connection table, count only if no CPU and no link was full.
Windows are the bottleneck only if nothing is full: a full machine also stretches round trips, so
that rate and windows agree there as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.hosts.facts import machine_cpu_text
from onionrig.analysis.limits.cpu_shares import check_cpu_shares
from onionrig.analysis.limits.findings import LimitCheck, LimitFinding
from onionrig.analysis.limits.full_cpu import check_cpu, host_uses
from onionrig.analysis.limits.full_links import LinksCheck, check_links
from onionrig.analysis.limits.full_tables import check_tables
from onionrig.analysis.limits.interfaces import check_interfaces
from onionrig.analysis.limits.lost_hosts import check_lost_hosts
from onionrig.analysis.limits.main_threads import check_main_threads
from onionrig.analysis.limits.planned_faults import check_planned_faults, unjudged_deeds_text
from onionrig.analysis.limits.short_memory import check_memory
from onionrig.analysis.limits.stalls import check_stalls
from onionrig.analysis.limits.stream_windows import (
    allowance,
    check_stream_windows,
    have_windows,
    reach_of,
)
from onionrig.analysis.limits.withheld_cpu import check_withheld_cpu
from onionrig.analysis.load.windows import mean_bits_per_second
from onionrig.records.findings import Bottleneck, BottleneckKind, Evidence
from onionrig.units import rate_text

if TYPE_CHECKING:
    from onionrig.analysis.load.loads import MeasuredLoad


def bottleneck(load: MeasuredLoad) -> Bottleneck:
    """Return the bottleneck and its evidence; never raises, whatever was not recorded."""
    if not load.hold.seconds:
        return _bottleneck(_unknown("no load was held"), ())
    lost_hosts = check_lost_hosts(load)
    stalls = check_stalls(load)
    faults = check_planned_faults(load)
    links = check_links(load)
    cpu = check_cpu(load)
    shares = check_cpu_shares(load)
    interfaces = check_interfaces(load)
    threads = check_main_threads(load)
    withheld_cpu = check_withheld_cpu(load)
    memory = check_memory(load)
    tables = check_tables(load)
    windows = check_stream_windows(load)
    findings_in_order = (
        lost_hosts.finding,
        stalls.finding,
        _with_other_limit(faults.finding, _cpu_text(load, cpu.finding)),
        _with_other_limit(links.all_of_a_kind, _cpu_text(load, cpu.finding)),
        _with_other_limit(cpu.finding, links.some_were if links.some else None),
        shares.finding,
        links.some,
        interfaces.finding,
        withheld_cpu.finding,
        threads.finding,
        memory.finding,
        tables.finding,
        _with_deeds(load, _finding_when_nothing_was_full(load, windows.finding)),
    )
    checks: tuple[tuple[BottleneckKind, LimitCheck | LinksCheck], ...] = (
        ("lost host", lost_hosts),
        ("stalled backend", stalls),
        ("planned fault", faults),
        ("machine CPU", cpu),
        ("machine CPU", shares),
        ("interface", links),
        ("interface", interfaces),
        ("CPU withheld", withheld_cpu),
        ("main thread", threads),
        ("memory", memory),
        ("connection table", tables),
        ("window", windows),
    )
    return _bottleneck(
        next(finding for finding in findings_in_order if finding is not None),
        tuple(
            msgspec.structs.replace(evidence, kind=kind)
            for kind, check in checks
            for evidence in check.evidence
        ),
    )


def _cpu_text(load: MeasuredLoad, finding: LimitFinding | None) -> str | None:
    """Return the beginning of a sentence that names the CPU that was full, or None."""
    if finding is None or finding.subject is None:
        return None
    return f"{machine_cpu_text(load.manifest, finding.subject)} was"


def _with_other_limit(finding: LimitFinding | None, other_text: str | None) -> LimitFinding | None:
    """Add what else was full although it was not the bottleneck."""
    if finding is None or not other_text:
        return finding
    return msgspec.structs.replace(
        finding, sentence=f"{finding.sentence}; {other_text} full as well"
    )


def _with_deeds(load: MeasuredLoad, finding: LimitFinding) -> LimitFinding:
    """Add what the experiment itself had done, if the cost of that is unknown."""
    deeds_text = unjudged_deeds_text(load)
    if deeds_text is None:
        return finding
    return msgspec.structs.replace(finding, sentence=f"{finding.sentence}; meanwhile {deeds_text}")


def _finding_when_nothing_was_full(
    load: MeasuredLoad, window_finding: LimitFinding | None
) -> LimitFinding:
    """Name the bottleneck if nothing was at its limit."""
    mean_rate = mean_bits_per_second(load.held_bytes)
    if not host_uses(load):
        return _unknown("no sampler covers the hold, so it is unknown what was full")
    if not mean_rate:
        return _unknown("nothing was delivered in the hold, and nothing was full")
    return window_finding or _finding_within_windows(load, mean_rate)


def _finding_within_windows(load: MeasuredLoad, mean_rate: float) -> LimitFinding:
    """Explain why no bottleneck is known, not even the windows of the streams."""
    beginning = f"nothing was full at {rate_text(mean_rate)}"
    windows = allowance(load)
    if not have_windows(load.manifest, reach_of(load)):
        return _too_little_load(f"{beginning}: more streams may bring more")
    if windows is None:
        return _unknown(
            "nothing was full, but no round trip was measured, so it is unknown whether the "
            "streams' windows were the bottleneck"
        )
    limit_text = rate_text(windows.bits_per_second)
    if mean_rate > windows.bits_per_second:
        return _unknown(
            f"{beginning}, but {windows.text} should carry no more than {limit_text}: the round "
            "trip that "
            "was measured is not the streams' own"
        )
    return _too_little_load(
        f"{beginning}, while {windows.text} would allow {limit_text}: more streams may bring more"
    )


def _unknown(sentence: str) -> LimitFinding:
    return LimitFinding(kind="unknown", subject=None, sentence=sentence)


def _too_little_load(sentence: str) -> LimitFinding:
    return LimitFinding(kind="load", subject=None, sentence=sentence)


def _bottleneck(finding: LimitFinding, evidence: tuple[Evidence, ...]) -> Bottleneck:
    return Bottleneck(
        kind=finding.kind,
        subject=finding.subject,
        sentence=finding.sentence,
        evidence=evidence,
    )
