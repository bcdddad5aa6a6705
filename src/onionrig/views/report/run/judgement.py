"""The sections of a run's report that judge it: costs, bottleneck, trust, failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.units import counted
from onionrig.views.report.document import UNKNOWN, Bar, Prose, Section, Table, columns
from onionrig.views.report.missing import cores, figure_of, number, percent, rate, size

if TYPE_CHECKING:
    from onionrig.records.findings import Agreement, Evidence, Trust
    from onionrig.records.result import Result
    from onionrig.views.report.document import Block, Cell


YOURS = "In a deployment of your own, only the backend instances' are yours."


def costs(result: Result) -> Section | None:
    """Return what each role took; None where no role was sampled."""
    if not result.costs:
        return None
    dearest = sorted(
        result.costs.items(), key=lambda item: item[1].cpu_seconds_per_gbit or 0.0, reverse=True
    )
    most = dearest[0][1].cpu_seconds_per_gbit or 0.0
    known = [cost.cpu_seconds_per_gbit for _, cost in dearest]
    total = sum(each for each in known if each is not None)
    yours = f" {YOURS}" if "backend" in result.costs else ""
    rows: list[tuple[Cell, ...]] = [
        (
            role,
            str(cost.processes),
            UNKNOWN
            if cost.cpu_seconds_per_gbit is None
            else Bar(
                text=number(cost.cpu_seconds_per_gbit, decimals=3),
                share=cost.cpu_seconds_per_gbit / most if most else 0.0,
            ),
            number(cost.cores, decimals=3),
            size(cost.peak_rss_bytes),
        )
        for role, cost in dearest
    ]
    return Section(
        name="costs",
        title="What each role cost",
        finding=f"{number(total)} CPU-seconds for each Gbit of goodput in all.{yours}",
        blocks=(
            Table(
                caption="Cost by role over the hold; memory is that of the largest process",
                columns=columns(
                    "role", "processes", "CPU-s per Gbit", "cores", "peak memory",
                    numeric=("processes", "CPU-s per Gbit", "cores", "peak memory"),
                ),
                rows=tuple(rows),
            ),
        ),
    )  # fmt: skip


def bottleneck(result: Result) -> Section | None:
    """Return what bound the rate, and all that was looked at."""
    found = result.bottleneck
    if found is None:
        return None
    table = Table(
        caption="What was held against its limit",
        columns=columns("what", "measured", "limit", "of the limit", numeric=("measured", "limit")),
        rows=tuple(_evidence(each) for each in found.evidence),
    )
    return Section(
        name="bottleneck",
        title="What bound the rate",
        finding=found.sentence,
        blocks=(table,) if found.evidence else (),
    )


def trust(result: Result) -> Section | None:
    """Return whether independent counts agree, and what else may be wrong with the figures."""
    found = result.trust
    if found is None:
        return None
    blocks: list[Block] = []
    if found.doubts:
        blocks.append(Prose(paragraphs=found.doubts, listed=True))
    if found.agreement:
        blocks.append(_agreement(found))
    blocks.append(_steadiness(result, found))
    verdict = (
        "There is nothing to trust: nothing was held."
        if found.trusted is None
        else "Nothing was found that speaks against the figures."
        if found.trusted
        else f"{counted(len(found.doubts), 'reason')} not to trust the figures."
    )
    return Section(name="trust", title="Agreement and trust", finding=verdict, blocks=tuple(blocks))


def failures(result: Result) -> Section:
    """Return why streams failed."""
    reasons = result.streams.failed_by_reason
    failed = result.streams.failed
    table = Table(
        caption="Failed attempts by reason",
        columns=columns("reason", "attempts", numeric=("attempts",), long=("reason",)),
        rows=tuple((reason, str(times)) for reason, times in reasons.items()),
    )
    return Section(
        name="failures",
        title="Failures",
        finding="No attempt of a stream failed."
        if not failed
        else f"{counted(failed, 'attempt')} failed; {result.streams.reconnected} delivered again "
        "after a failure.",
        blocks=(*((table,) if reasons else ()), *_circuits(result)),
    )


def _circuits(result: Result) -> tuple[Table, ...]:
    """Return what the backend instances' tors say of their circuits, if they were asked."""
    found = result.tor_circuits
    if found is None:
        return ()
    counts: list[tuple[str, int | None]] = [
        ("rendezvous circuits begun in the hold", found.rendezvous_begun),
        *(
            (f"rendezvous circuits failed: {reason}", times)
            for reason, times in found.rendezvous_failed.items()
        ),
        ("rendezvous circuits open at its end", found.rendezvous_open),
        ("introduction circuits open at its end", found.introduction_circuits),
    ]
    return (
        Table(
            caption="What the backend instances' own counters say",
            columns=columns("what", "count", numeric=("count",)),
            rows=tuple((what, UNKNOWN if count is None else str(count)) for what, count in counts),
        ),
    )


def _evidence(each: Evidence) -> tuple[Cell, ...]:
    share: Cell = UNKNOWN
    if each.limit:
        part = each.measured / each.limit
        text = percent(part) + (", at its limit" if each.at_limit else "")
        share = Bar(text=text, share=min(max(part, 0.0), 1.0), full=each.at_limit)
    measured = figure_of(each.measured, each.unit)
    return (each.what, measured, figure_of(each.limit, each.unit), share)


def _agreement(found: Trust) -> Table:
    return Table(
        caption="The sinks' bytes against other counts of the same",
        columns=columns(
            "counted by", "bytes", "difference", "may be", "verdict", "because",
            numeric=("bytes", "difference"), long=("because",),
        ),
        rows=tuple(
            (
                each.what,
                size(each.other_bytes),
                percent(each.difference, signed=True),
                UNKNOWN
                if each.expected is None
                else f"{percent(each.expected[0], signed=True)} to "
                f"{percent(each.expected[1], signed=True)}",
                _explained(each),
                each.cause,
            )
            for each in found.agreement
        ),
    )  # fmt: skip


def _explained(each: Agreement) -> str:
    if each.explained is None:
        return "not judged"
    return "✓ agrees" if each.explained else "✗ unexplained"


def _steadiness(result: Result, found: Trust) -> Table:
    noise, trend, repeated = found.noise, found.trend, result.repetitions
    steady = {True: "steady", False: "NOT steady", None: "not judged"}[trend.steady]
    rows: list[tuple[Cell, ...]] = [
        ("change over the hold", percent(trend.change, signed=True),
         f"{number(trend.significance, decimals=1)} standard errors; {steady}"),
        ("other processes", cores(noise.others_cores), "outside the rig, busiest host"),
        ("steal", cores(noise.steal_cores), "taken by the hypervisor, worst host"),
        ("machine-wide counters", cores(noise.machine_busy_cores),
         f"all processes add up to {cores(noise.processes_busy_cores)}"),
    ]  # fmt: skip
    if repeated is not None:
        rates = ", ".join(rate(each) for each in repeated.sustained_bits_per_second)
        spread = "" if repeated.spread is None else f"spread {percent(repeated.spread)}: "
        rows.append(("repetitions", str(repeated.count), f"{spread}{rates}"))
    return Table(
        caption="The hold and the machine",
        columns=columns("what", "measured", "meaning", numeric=("measured",), long=("meaning",)),
        rows=tuple(rows),
    )
