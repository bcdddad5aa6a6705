"""Write the report of repetitions: how well the rate is known, each repetition, the doubts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.units import counted, percent_text, rough_duration_text
from onionrig.views.core_speed_text import speed_text
from onionrig.views.report.charts.repetition import known_rate_figure
from onionrig.views.report.document import (
    UNKNOWN,
    Document,
    Fact,
    PageLink,
    Prose,
    ReportTable,
    Section,
    columns,
)
from onionrig.views.report.files import Report, report
from onionrig.views.report.value_text import figure_of, moment, number, percent, rate, rates
from onionrig.views.summary.thresholds import OUTCOMES, asked_text, measured_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onionrig.records.series.repetition import KnownFigure, RepeatResult, Repetition
    from onionrig.views.report.document import Block, Cell, Mood

RATE, CARRIED_OVER_RATE = "sustained rate", "sustained rate, on the reference core"
_WITHOUT_SECONDS = len("2026-01-01 00:00")
METHOD = """\
Each repetition ran on a {thing} of its own, so the figures include how much {thing}s differ. A \
figure's mean is the geometric one, and its interval contains the true mean with 95 % confidence. \
"Known within" is how far the upper end of the interval is from the mean.

How many repetitions it takes follows from Stein's two-stage procedure (1945): the spread of the \
first ones determines how many there must be in all, and the interval keeps using that first \
spread. Therefore its 95 % hold although the number depended on what was measured. They would not \
if one stopped as soon as an interval happens to be narrow.

Figures as on the reference core are estimates: the speed that the yardstick read in each hold \
carries them over. They leave out how fast the cores were at the time, and nothing else.
"""


def repetition_report(result: RepeatResult, *, reports: Mapping[str, str]) -> Report:
    """Make the report of repetitions; ``reports`` has the address of each run's own, by run."""
    thing = result.repeated.removesuffix("s")
    sections = (
        _rates(result, thing),
        _repetitions(result, thing, reports),
        _figures(result),
        _thresholds(result),
        Section(
            name="method",
            title="How this was measured",
            finding="",
            blocks=(Prose(paragraphs=tuple(METHOD.format(thing=thing).split("\n\n"))),),
        ),
    )
    return report(
        Document(
            title=f"onionrig: {result.name} until its rate is known",
            about=(
                result.name,
                moment(result.started),
                f"repeated on fresh {result.repeated}",
            ),
            verdict=result.sentence,
            mood=_mood(result),
            warnings=result.doubts,
            trusted="Every check that could be made passed in each repetition.",
            facts=_facts(result, thing),
            sections=tuple(section for section in sections if section is not None),
        )
    )


def _mood(result: RepeatResult) -> Mood:
    if result.doubts:
        return "doubted"
    if any(threshold.outcome != "met" for threshold in result.thresholds):
        return "bad"
    return "good" if result.known else "plain"


def _facts(result: RepeatResult, thing: str) -> tuple[Fact, ...]:
    count = len(result.runs)
    needed = (
        f"how many it takes follows from the first {result.first_stage or 'ones'}"
        if result.needed is None
        else f"{counted(result.needed, thing)} needed in all"
    )
    facts = [Fact(name="Repetitions", value=counted(count, thing), note=needed)]
    asked = f"{percent_text(result.asked_within)} was asked for"
    for figure in result.figures:
        if figure.what == RATE:
            facts += [
                Fact(name="Sustained", value=rate(figure.mean), note=_interval(figure)),
                Fact(name="Known within", value=percent(figure.within), note=asked),
            ]
        if figure.what == CARRIED_OVER_RATE:
            note = f"within {percent(figure.within)}, an estimate"
            facts.append(Fact(name="On the reference core", value=rate(figure.mean), note=note))
    budget = rough_duration_text(result.budget_seconds)
    return (*facts, Fact(name="Budget", value=budget, note="for each start of the series"))


def _rates(result: RepeatResult, thing: str) -> Section | None:
    drawings = [
        known_rate_figure(figure, within=result.asked_within, thing=thing, name=name, title=title)
        for figure in result.figures
        for what, name, title in (
            (RATE, "rates", "Sustained rate"),
            (CARRIED_OVER_RATE, "rates-on-the-reference-core", "As on the reference core"),
        )
        if figure.what == what and figure.running
    ]
    if not drawings:
        return None
    blocks: list[Block] = [*drawings]
    if result.not_carried_over:
        remark = f"No rate as on the reference core: {result.not_carried_over}."
        blocks.append(Prose(paragraphs=(remark,)))
    return Section(
        name="rates",
        title="How well the rate is known",
        finding=_known(result, thing),
        blocks=tuple(blocks),
    )


def _known(result: RepeatResult, thing: str) -> str:
    within = result.figures[0].within
    if within is None:
        return f"One {thing} says nothing about how much {thing}s differ."
    asked = percent_text(result.asked_within)
    return (
        f"Within {percent_text(within)} after {counted(len(result.runs), thing)}; {asked} was "
        "asked for."
    )


def _repetitions(result: RepeatResult, thing: str, reports: Mapping[str, str]) -> Section | None:
    if not result.repetitions:
        return None
    table = ReportTable(
        caption=f"Every {thing} with a sustained rate, in the order in which they ran",
        columns=columns(
            "run", "began (UTC)", "sustained", "on the reference core", "core speed",
            "CPU-s per Gbit", "bottleneck", "trust",
            numeric=("sustained", "on the reference core", "core speed", "CPU-s per Gbit"),
        ),
        rows=tuple(_row(repetition, reports) for repetition in result.repetitions),
    )  # fmt: skip
    values = [repetition.sustained_bits_per_second for repetition in result.repetitions]
    return Section(
        name="repetitions",
        title="Repetitions",
        finding=f"{counted(len(values), thing)}, {rates(min(values), max(values))}.",
        blocks=(table,),
    )


def _row(repetition: Repetition, reports: Mapping[str, str]) -> tuple[Cell, ...]:
    address = reports.get(repetition.run)
    return (
        repetition.run if address is None else PageLink(text=repetition.run, address=address),
        moment(repetition.started)[:_WITHOUT_SECONDS],
        rate(repetition.sustained_bits_per_second),
        rate(repetition.sustained_on_reference_core_bits_per_second),
        UNKNOWN if repetition.core_speed is None else speed_text(repetition.core_speed),
        number(repetition.cpu_seconds_per_gbit, decimals=3),
        repetition.bottleneck or UNKNOWN,
        {True: "✓", False: "✗ doubted", None: UNKNOWN}[repetition.trusted],
    )


def _figures(result: RepeatResult) -> Section | None:
    if not result.figures:
        return None
    table = ReportTable(
        caption="Each figure over all repetitions",
        columns=columns(
            "figure", "mean", "95 % interval", "known within",
            numeric=("mean", "95 % interval", "known within"),
        ),
        rows=tuple(
            (figure.what, figure_of(figure.mean, figure.unit), _interval(figure),
             percent(figure.within))
            for figure in result.figures
        ),
    )  # fmt: skip
    return Section(name="figures", title="What is known", finding="", blocks=(table,))


def _interval(figure: KnownFigure) -> str:
    if figure.interval is None:
        return "no interval"
    low, high = figure.interval
    if figure.unit == "bits per second":
        return rates(low, high)
    return f"{figure_of(low, figure.unit)} to {figure_of(high, figure.unit)}"


def _thresholds(result: RepeatResult) -> Section | None:
    if not result.thresholds:
        return None
    missed = sum(threshold.outcome != "met" for threshold in result.thresholds)
    table = ReportTable(
        caption="Thresholds: the target compared with the mean, others with the worst repetition",
        columns=columns("threshold", "asked", "measured", "outcome", "remark", long=("remark",)),
        rows=tuple(
            (
                threshold.name,
                asked_text(threshold),
                measured_text(threshold),
                OUTCOMES[threshold.outcome],
                threshold.note,
            )
            for threshold in result.thresholds
        ),
    )
    return Section(
        name="thresholds",
        title="Thresholds",
        finding=f"{missed} of {counted(len(result.thresholds), 'threshold')} missed."
        if missed
        else "All are met.",
        blocks=(table,),
    )
