"""Write the sections of a run's report that judge it: costs, bottleneck, trust, failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.hosts.links import FULL as LINK_FULL
from onionrig.analysis.limits.full_cpu import FULL as CPU_FULL
from onionrig.analysis.limits.main_threads import FULL_CORES as THREAD_FULL
from onionrig.analysis.limits.stream_windows import LEAST, MOST
from onionrig.units import counted
from onionrig.views.report.document import UNKNOWN, Bar, Prose, ReportTable, Section, columns
from onionrig.views.report.value_text import cores, figure_of, number, percent, rate, size
from onionrig.views.summary.thresholds import OUTCOMES, asked_text, measured_text

if TYPE_CHECKING:
    from onionrig.records.findings import Agreement, Bottleneck, Evidence, Trust
    from onionrig.records.result import Result
    from onionrig.views.report.document import Block, Cell


def _whole(share: float) -> str:
    return f"{100 * share:.0f} %"


FULL_FROM = (
    "The first of these that is full is the bottleneck; the order is that of docs/method.md. "
    "A machine's CPU is counted in two ways, of which the larger count decides. "
    f"It counts as full from {_whole(CPU_FULL)} of its cores, a link from "
    f"{_whole(LINK_FULL)} of its rate, and a main thread from {_whole(THREAD_FULL)} of a core. If "
    f"nothing is full, the streams' windows are the bottleneck where goodput is "
    f"{_whole(LEAST)} to {_whole(MOST)} of what they allow."
)
CIRCUITS = """\
A client reaches a backend instance over a rendezvous circuit, one for each stream, dial and ping.
Tor keeps such a circuit for a while after its stream has ended, so more are open than there are
streams. The streams of a load get their circuits in the ramp. In the hold, circuits are built only
for streams that dial again and for new dials, which are short streams that show who serves them.
Each instance keeps introduction circuits for two descriptors, of the current and of the next time
period.
"""
YOURS = (
    "In your own deployment you run the backends, the balancer that publishes their address, and "
    "your application; the relays and clients are run by other people."
)


def thresholds(result: Result) -> Section | None:
    """Return every threshold with its figure, or None if none was set."""
    thresholds = result.verdict.thresholds
    if not thresholds:
        return None
    missed = result.verdict.missed
    return Section(
        name="thresholds",
        title="Thresholds",
        finding=f"{len(missed)} of {len(thresholds)} missed: "
        f"{'; '.join(threshold.name for threshold in missed)}."
        if missed
        else f"{'It is' if len(thresholds) == 1 else f'All {len(thresholds)} are'} met.",
        blocks=(
            ReportTable(
                caption="What was asked, and what was measured",
                columns=columns(
                    "threshold", "asked", "measured", "outcome", "note", "key",
                    numeric=("measured",), long=("note",),
                ),
                rows=tuple(
                    (
                        threshold.name,
                        asked_text(threshold),
                        measured_text(threshold),
                        OUTCOMES[threshold.outcome],
                        threshold.note,
                        threshold.key,
                    )
                    for threshold in thresholds
                ),
            ),
        ),
    )  # fmt: skip


def costs(result: Result) -> Section | None:
    """Return the costs of each role, or None if no role was sampled."""
    if not result.costs:
        return None
    dearest = sorted(
        result.costs.items(), key=lambda item: item[1].cpu_seconds_per_gbit or 0.0, reverse=True
    )
    highest_cost = dearest[0][1].cpu_seconds_per_gbit or 0.0
    costs = [cost.cpu_seconds_per_gbit for _, cost in dearest]
    total = sum(cost for cost in costs if cost is not None)
    has_reference_cost = any(cost.reference_core_seconds_per_gbit for _, cost in dearest)
    yours = f" {YOURS}" if "backend" in result.costs else ""
    rows: list[tuple[Cell, ...]] = [
        (
            role,
            str(cost.processes),
            UNKNOWN
            if cost.cpu_seconds_per_gbit is None
            else Bar(
                text=number(cost.cpu_seconds_per_gbit, decimals=3),
                share=cost.cpu_seconds_per_gbit / highest_cost if highest_cost else 0.0,
            ),
            *(
                [number(cost.reference_core_seconds_per_gbit, decimals=3)]
                if has_reference_cost
                else []
            ),
            number(cost.cores, decimals=3),
            size(cost.peak_rss_bytes),
        )
        for role, cost in dearest
    ]
    on_reference = ("on the reference core",) if has_reference_cost else ()
    numeric = ("processes", "CPU-s per Gbit", *on_reference, "cores", "peak memory")
    return Section(
        name="costs",
        title="What each role cost",
        finding=f"{number(total)} CPU-seconds per Gbit of goodput in total.{yours}",
        blocks=(
            ReportTable(
                caption="Cost by role over the hold; memory is that of the largest process",
                columns=columns("role", *numeric, numeric=numeric),
                rows=tuple(rows),
            ),
        ),
    )  # fmt: skip


def bottleneck(result: Result) -> Section | None:
    """Return the bottleneck, and everything that was compared with its limit."""
    verdict = result.bottleneck
    if verdict is None:
        return None
    table = ReportTable(
        caption="What was compared with its limit",
        columns=columns(
            "what", "measured", "limit", "share of the limit", numeric=("measured", "limit")
        ),
        rows=tuple(_evidence(evidence, verdict) for evidence in verdict.evidence),
    )
    return Section(
        name="bottleneck",
        title="The bottleneck",
        finding=_sentence(verdict.sentence),
        blocks=(Prose(paragraphs=(FULL_FROM,)), table) if verdict.evidence else (),
    )


def trust(result: Result) -> Section | None:
    """Return whether independent counts agree, and what else may be wrong with the figures."""
    trust = result.trust
    if trust is None:
        return None
    blocks: list[Block] = []
    if trust.doubts:
        blocks.append(Prose(paragraphs=trust.doubts, listed=True))
    if trust.agreement:
        blocks.append(_agreement(trust))
    if trust.cpu:
        blocks.append(_cpu_agreement(trust))
    blocks.append(_steadiness(result, trust))
    finding = (
        "No load was held, so there is nothing to judge."
        if trust.trusted is None
        else "Every check that could be made passed."
        if trust.trusted
        else f"{counted(len(trust.doubts), 'reason')} to doubt the figures."
    )
    return Section(name="trust", title="Agreement and trust", finding=finding, blocks=tuple(blocks))


def failures(result: Result) -> Section:
    """Return the reasons for failed streams."""
    reasons = result.streams.failed_by_reason
    failed = result.streams.failed
    table = ReportTable(
        caption="Failed attempts by reason",
        columns=columns("reason", "attempts", numeric=("attempts",), long=("reason",)),
        rows=tuple((reason, str(times)) for reason, times in reasons.items()),
    )
    return Section(
        name="failures",
        title="Failures and circuits",
        finding=(
            "No attempt of a stream failed."
            if not failed
            else f"{counted(failed, 'attempt')} failed; {result.streams.reconnected} delivered "
            "again after a failure."
        )
        + _waiting_sentence(result.streams.still_waiting),
        blocks=(*((table,) if reasons else ()), *_circuits(result)),
    )


def _waiting_sentence(streams: int) -> str:
    if not streams:
        return ""
    return f" {counted(streams, 'stream')} still waited for a first byte when the load ended."


def _circuits(result: Result) -> tuple[Block, ...]:
    """Return the circuit counters of the backend instances' tors, if they were read."""
    circuits = result.tor_circuits
    if circuits is None:
        return ()
    counts: list[tuple[str, int | None]] = [
        ("rendezvous circuits begun in the hold", circuits.rendezvous_begun),
        *(
            (f"rendezvous circuits failed: {reason}", times)
            for reason, times in circuits.rendezvous_failed.items()
        ),
        ("rendezvous circuits open at the end of the hold", circuits.rendezvous_open),
        ("introduction circuits open at the end of the hold", circuits.introduction_circuits),
    ]
    return (
        Prose(paragraphs=(" ".join(CIRCUITS.split()),)),
        ReportTable(
            caption="What the backend instances' own counters say",
            columns=columns("what", "count", numeric=("count",)),
            rows=tuple((name, UNKNOWN if count is None else str(count)) for name, count in counts),
        ),
    )


def _sentence(text: str) -> str:
    """Return a sentence with its capital and its full stop."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _evidence(evidence: Evidence, verdict: Bottleneck) -> tuple[Cell, ...]:
    share: Cell = UNKNOWN
    if evidence.limit:
        part = evidence.measured / evidence.limit
        text = f"{percent(part)}{_standing(evidence, verdict)}"
        share = Bar(text=text, share=min(max(part, 0.0), 1.0), full=evidence.at_limit)
    measured_text = figure_of(evidence.measured, evidence.unit)
    return (evidence.what, measured_text, figure_of(evidence.limit, evidence.unit), share)


def _standing(evidence: Evidence, verdict: Bottleneck) -> str:
    """Return whether a quantity reached its limit, and whether it is the bottleneck."""
    if not evidence.at_limit:
        return ""
    if evidence.kind is None:
        return ", counts as full"
    if evidence.kind == verdict.kind:
        return ": the bottleneck"
    if evidence.kind == "window":
        return ": would be the bottleneck if nothing were full"
    return ": full, not the bottleneck"


def _agreement(trust: Trust) -> ReportTable:
    return ReportTable(
        caption="The sinks' bytes compared with other counts of the same bytes",
        columns=columns(
            "counted by", "bytes", "difference", "expected", "verdict", "reason",
            numeric=("bytes", "difference"), long=("reason",),
        ),
        rows=tuple(
            (
                count.what,
                size(count.other_bytes),
                percent(count.difference, signed=True),
                UNKNOWN
                if count.expected is None
                else f"{percent(count.expected[0], signed=True)} to "
                f"{percent(count.expected[1], signed=True)}",
                _agreement_verdict(count),
                count.cause,
            )
            for count in trust.agreement
        ),
    )  # fmt: skip


def _cpu_agreement(trust: Trust) -> ReportTable:
    return ReportTable(
        caption="CPU time by control groups and by sampled processes, over the hold",
        columns=columns(
            "role", "control groups", "processes", "verdict",
            numeric=("control groups", "processes"),
        ),
        rows=tuple(
            (
                agreement.role,
                f"{number(agreement.group_cpu_seconds)} CPU-s",
                f"{number(agreement.process_cpu_seconds)} CPU-s",
                "✓ agrees" if agreement.agrees else "✗ differs",
            )
            for agreement in trust.cpu
        ),
    )  # fmt: skip


def _agreement_verdict(agreement: Agreement) -> str:
    if agreement.explained is None:
        return "not judged"
    return "✓ agrees" if agreement.explained else "✗ unexplained"


def _steadiness(result: Result, trust: Trust) -> ReportTable:
    noise, trend, repeated = trust.noise, trust.trend, result.repetitions
    steady = {True: "steady", False: "not steady", None: "not judged"}[trend.steady]
    rows: list[tuple[Cell, ...]] = [
        ("change over the hold", percent(trend.change, signed=True),
         f"{number(trend.significance, decimals=1)} standard errors; {steady}"),
        ("other processes", cores(noise.others_cores), "outside the rig, busiest host"),
        ("steal", cores(noise.steal_cores), "taken by the hypervisor, worst host"),
        ("machine-wide counters", cores(noise.machine_busy_cores),
         f"all processes add up to {cores(noise.processes_busy_cores)}"),
    ]  # fmt: skip
    if repeated is not None:
        rates = ", ".join(rate(sustained) for sustained in repeated.sustained_bits_per_second)
        spread = "" if repeated.spread is None else f"spread {percent(repeated.spread)}: "
        rows.append(("repetitions", str(repeated.count), f"{spread}{rates}"))
        if repeated.known is not None:
            rows.append(("known", "yes" if repeated.known.known else "no", repeated.known.sentence))
    return ReportTable(
        caption="The hold and the machine",
        columns=columns("what", "measured", "note", numeric=("measured",), long=("note",)),
        rows=tuple(rows),
    )
