"""Write the report of a sweep: the knees, every point, what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.units import counted
from onionrig.views.core_speed_text import speed_text
from onionrig.views.report.charts.sweep import cost_figure, rates_figure
from onionrig.views.report.charts.sweep_axis import chart_axis, settings_text
from onionrig.views.report.document import (
    UNKNOWN,
    Document,
    Fact,
    FoldedFigures,
    Prose,
    ReportTable,
    Section,
    columns,
)
from onionrig.views.report.files import Report, report
from onionrig.views.report.run.findings import YOURS
from onionrig.views.report.value_text import moment, number, rate, rates
from onionrig.views.summary.thresholds import outcome_text

if TYPE_CHECKING:
    from onionrig.records.result import Result
    from onionrig.records.series.sweep import SweepPoint, SweepResult
    from onionrig.views.report.document import Block, Cell

WORTH_A_COLUMN = 0.005
"""Share of the most expensive role's cost from which a role has a column; run reports have all."""
METHOD = """\
Each point is a hold of its own, and its rate is the sustained one: the lowest mean of any 10
consecutive seconds. Points that differ in the load alone ran on one network, the others on networks
of their own; with several repetitions, a point shows their median, with the range beside it.

The knee is the lowest value of the axis with at least nine tenths of the highest rate, the other
settings fixed. It is reached if a point beyond it was measured.
"""


def sweep_report(sweep: SweepResult) -> Report:
    """Make the report of a sweep, finished or not."""
    keys = ", ".join(axis.key for axis in sweep.axes)
    best = _best(sweep)
    sections = (
        _rates(sweep),
        _points(sweep),
        _costs(sweep),
        _doubts(sweep),
        Section(
            name="method",
            title="How this was measured",
            finding="",
            blocks=(Prose(paragraphs=tuple(METHOD.split("\n\n"))),),
        ),
    )
    return report(
        Document(
            title=f"onionrig: sweep {sweep.sweep}",
            about=(sweep.sweep, moment(sweep.started), f"over {keys}"),
            verdict=_verdict(sweep),
            mood="doubted" if best is not None and _is_doubted(best) else "plain",
            warnings=(*_missing_sentences(sweep), *_doubt_sentences(sweep)),
            warned="Before relying on it",
            trusted="",
            facts=_facts(sweep),
            sections=tuple(section for section in sections if section is not None),
        )
    )


def _verdict(sweep: SweepResult) -> str:
    if not sweep.points:
        return "Nothing has been measured yet."
    if len(sweep.knees) == 1:
        sentence = sweep.knees[0].sentence
        return f"{sentence[:1].upper()}{sentence[1:]}."
    best = _best(sweep)
    if best is None:
        return "No rate was measured at any point."
    return (
        f"{rate(best.result.goodput.sustained_bits_per_second)} sustained at best, with "
        f"{settings_text(best.settings)}."
    )


def _missing_sentences(sweep: SweepResult) -> tuple[str, ...]:
    if not sweep.missing:
        return ()
    are = "is" if sweep.missing == 1 else "are"
    return (f"{counted(sweep.missing, 'point')} {are} not measured.",)


def _facts(sweep: SweepResult) -> tuple[Fact, ...]:
    best = _best(sweep)
    whole = len(sweep.points) + sweep.missing
    facts = [Fact(name="Points", value=f"{len(sweep.points)} of {whole}", note="measured")]
    if best is not None:
        facts.append(
            Fact(
                name="Best",
                value=rate(best.result.goodput.sustained_bits_per_second),
                note=settings_text(best.settings),
            )
        )
    facts += [
        Fact(
            name=f"Knee of {knee.key}" if knee.reached else f"Knee of {knee.key}, not reached",
            value=knee.value or UNKNOWN,
            note=settings_text(knee.settings),
        )
        for knee in sweep.knees
    ]
    return tuple(facts)


def _rates(sweep: SweepResult) -> Section | None:
    chart = rates_figure(sweep)
    if chart is None:
        return None
    blocks: list[Block] = [chart]
    if len(sweep.knees) > 1:
        blocks.append(Prose(paragraphs=tuple(knee.sentence for knee in sweep.knees), listed=True))
    return Section(
        name="rates",
        title="Rate and knee",
        finding=f"The sustained rate by {chart_axis(sweep).key}.",
        blocks=tuple(blocks),
    )


def _points(sweep: SweepResult) -> Section | None:
    if not sweep.points:
        return None
    keys = tuple(axis.key for axis in sweep.axes)
    roles = _roles(sweep)
    has_speed = any(point.result.yardstick for point in sweep.points)
    speed = ("core speed",) if has_speed else ()
    has_thresholds = any(point.result.verdict.thresholds for point in sweep.points)
    thresholds = ("thresholds",) if has_thresholds else ()
    table = ReportTable(
        caption="Every point; the roles' columns are CPU-seconds per Gbit",
        columns=columns(
            *keys, "sustained", "range", "median second", "bottleneck", "trust", *thresholds,
            *speed, *roles,
            numeric=("sustained", "range", "median second", *speed, *roles),
        ),
        rows=tuple(
            _row(point, keys, roles, has_speed=has_speed, has_thresholds=has_thresholds)
            for point in sweep.points
        ),
    )  # fmt: skip
    return Section(
        name="points",
        title="Points",
        finding=" ".join(_missing_sentences(sweep)) or f"All {len(sweep.points)} are measured.",
        blocks=(*([Prose(paragraphs=sweep.remarks, listed=True)] if sweep.remarks else []), table),
    )


def _row(
    point: SweepPoint,
    keys: tuple[str, ...],
    roles: tuple[str, ...],
    *,
    has_speed: bool,
    has_thresholds: bool,
) -> tuple[Cell, ...]:
    result, repetitions = point.result, point.result.repetitions
    trust = result.trust.trusted if result.trust else None
    costs = [result.costs.get(role) for role in roles]
    return (
        *(point.settings.get(key, UNKNOWN) for key in keys),
        rate(result.goodput.sustained_bits_per_second),
        UNKNOWN
        if repetitions is None or repetitions.count < 2  # noqa: PLR2004 - one has no range
        else rates(repetitions.lowest_bits_per_second, repetitions.highest_bits_per_second),
        rate(result.goodput.median_second_bits_per_second),
        result.bottleneck.kind if result.bottleneck else UNKNOWN,
        {True: "✓", False: "✗ doubted", None: UNKNOWN}[trust],
        *([outcome_text(result.verdict)] if has_thresholds else []),
        *([_speed(result)] if has_speed else []),
        *(number(cost.cpu_seconds_per_gbit if cost else None, decimals=3) for cost in costs),
    )


def _speed(result: Result) -> str:
    speed = result.yardstick.speed if result.yardstick else None
    return UNKNOWN if speed is None else speed_text(speed)


def _costs(sweep: SweepResult) -> Section | None:
    chart = [figure for role in _roles(sweep) if (figure := cost_figure(sweep, role)) is not None]
    if not chart:
        return None
    first_figure = next((figure for figure in chart if figure.name == "cost-backend"), chart[0])
    other_figures = tuple(figure for figure in chart if figure is not first_figure)
    folded = (
        (FoldedFigures(title="The other roles", figures=other_figures),) if other_figures else ()
    )
    return Section(
        name="costs",
        title="Cost",
        finding="CPU-seconds per Gbit of goodput."
        + (f" {YOURS}" if first_figure.name == "cost-backend" else ""),
        blocks=(first_figure, *folded),
    )


def _doubts(sweep: SweepResult) -> Section | None:
    doubts = tuple(
        f"{settings_text(point.settings)}: {doubt}"
        for point in sweep.points
        for doubt in (point.result.trust.doubts if point.result.trust else ())
    )
    if not doubts:
        return None
    return Section(
        name="doubts",
        title="Doubts",
        finding=" ".join(_doubt_sentences(sweep)),
        blocks=(Prose(paragraphs=doubts, listed=True),),
    )


def _doubt_sentences(sweep: SweepResult) -> tuple[str, ...]:
    doubted = sum(map(_is_doubted, sweep.points))
    if not doubted:
        return ()
    return (f"{doubted} of {counted(len(sweep.points), 'point')} not to be trusted as measured.",)


def _is_doubted(point: SweepPoint) -> bool:
    return point.result.trust is not None and point.result.trust.trusted is False


def _best(sweep: SweepResult) -> SweepPoint | None:
    known = [
        (rate_of, -index, point)
        for index, point in enumerate(sweep.points)
        if (rate_of := point.result.goodput.sustained_bits_per_second) is not None
    ]
    return max(known)[2] if known else None


def _roles(sweep: SweepResult) -> tuple[str, ...]:
    """Return the roles with a noticeable cost, the most expensive first."""
    highest_costs: dict[str, float] = {}
    for point in sweep.points:
        for role, cost in point.result.costs.items():
            if cost.cpu_seconds_per_gbit is not None:
                highest_costs[role] = max(highest_costs.get(role, 0.0), cost.cpu_seconds_per_gbit)
    worth = WORTH_A_COLUMN * max(highest_costs.values(), default=0.0)
    return tuple(
        role
        for role in sorted(highest_costs, key=highest_costs.__getitem__, reverse=True)
        if highest_costs[role] > worth
    )
