"""Make the report of a run: the verdict, the evidence, then what is needed to repeat it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.load.rig_rates import rig_rates
from onionrig.analysis.load.windows import NOTHING_HELD
from onionrig.analysis.result import load_number
from onionrig.views.report.document import Document, Section
from onionrig.views.report.drawings.rig import rig_drawing
from onionrig.views.report.files import Report, report
from onionrig.views.report.run.core_speed import core_speed
from onionrig.views.report.run.dials import dials
from onionrig.views.report.run.findings import bottleneck, costs, failures, thresholds, trust
from onionrig.views.report.run.header import about, facts, trusted, verdict, warnings
from onionrig.views.report.run.hosts import hosts
from onionrig.views.report.run.measurements import measurements, measurements_over_time
from onionrig.views.report.run.reproduction import gaps, method, reproduction
from onionrig.views.report.value_text import moment, percent, rate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.load.rig_rates import RigRates
    from onionrig.analysis.over_time.series import Series
    from onionrig.records.recording import Recording
    from onionrig.records.result import Result


def run_report(
    result: Result,
    recording: Recording | None,
    series: Series | None,
    *,
    ceiling: Result | None = None,
    notes: Sequence[str] = (),
) -> Report:
    """Make the report of a run; of one that was cut short, as far as it went.

    Without a recording, it shows the result alone. ``ceiling`` is the result of a baseline on the
    same host, if there is one; ``notes`` are about the run's files.
    """
    sentence, mood = verdict(result)
    over_time, rig = measurements(result), None
    if recording is not None and series is not None:
        number = load_number(result, recording)
        load = None if number is None else series.loads[number - 1]
        over_time = measurements_over_time(result, series, load, recording.manifest)
        hold = NOTHING_HELD if load is None else load.held
        rig = _rig(result, rig_rates(result, recording, hold))
    sections = (
        thresholds(result),
        *over_time,
        dials(result),
        costs(result),
        core_speed(result),
        bottleneck(result),
        trust(result),
        failures(result),
        rig,
        None if recording is None else hosts(result, recording.manifest),
        _ceiling(result, ceiling),
        gaps(result, recording, notes),
        method(),
        None if recording is None else reproduction(result, recording.manifest),
    )
    return report(
        Document(
            title=f"onionrig: {result.run}",
            about=about(result),
            verdict=sentence,
            mood=mood,
            warnings=warnings(result),
            trusted=trusted(result),
            facts=facts(result, ceiling),
            sections=tuple(section for section in sections if section is not None),
        )
    )


def _rig(result: Result, rates: RigRates) -> Section | None:
    if not result.backends and result.mode != "without tor":
        return None
    return Section(
        name="rig",
        title="The rig",
        finding="The mean rate over the hold."
        if result.mode == "without tor"
        else _rig_explanation(rates),
        blocks=(rig_drawing(result, rates),),
    )


def _rig_explanation(rates: RigRates) -> str:
    sentence = (
        "Mean rates of payload over the hold, on its way from the sources through backends and "
        "relays to the clients. Each backend has two: what it got from its source, and what the "
        "sinks received from it. How much went through each client is known for the whole run "
        "only, and the goodput is split in that proportion."
    )
    if not rates.relays:
        return sentence
    return (
        f"{sentence} Relays forward unequal amounts, and use CPU accordingly, because each "
        "stream's circuit draws its relays at random."
    )


def _ceiling(result: Result, ceiling: Result | None) -> Section | None:
    """Return the section on what the same source and sink did without tor."""
    ceiling_rate = None if ceiling is None else ceiling.goodput.sustained_bits_per_second
    if ceiling is None or not ceiling_rate:
        return None
    sustained = result.goodput.sustained_bits_per_second
    part = (
        "" if sustained is None else f" This run reached {percent(sustained / ceiling_rate)} of it."
    )
    return Section(
        name="ceiling",
        title="The ceiling",
        finding=f"Without tor, the same source and sink sustained {rate(ceiling_rate)} on this "
        f"host, in the baseline of {moment(ceiling.started)}.{part}",
        blocks=(),
    )
