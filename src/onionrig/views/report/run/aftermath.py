"""Write the section on faults and what followed, with the streams dialled under load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.over_time.series import FAILED, WAITING
from onionrig.units import counted
from onionrig.views.report.charts.dials_over_time import dial_wait_figure, dialled_figure
from onionrig.views.report.document import UNKNOWN, Prose, ReportTable, Section, columns
from onionrig.views.report.value_text import wait
from onionrig.views.summary.aftermath import HEADINGS, MEANT, aftermath_row, follow_up_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.over_time.series import Series
    from onionrig.analysis.over_time.timeline import Timeline
    from onionrig.records.aftermath import Aftermath
    from onionrig.records.result import Result
    from onionrig.records.streams.dials import Outage
    from onionrig.views.report.document import Block


def aftermath(result: Result, series: Series | None) -> Section | None:
    """Return the section, or None if there were neither faults nor dials under load."""
    aftermaths = result.aftermaths
    dialled = None if series is None or not series.dialled.lines else series.dialled
    if not aftermaths and dialled is None:
        return None
    blocks: list[Block] = []
    if aftermaths:
        meaning = f"{MEANT[0].upper()}{MEANT[1:]}."
        blocks += [_table(aftermaths), Prose(paragraphs=(meaning,))]
        if follow_up := follow_up_texts(aftermaths):
            blocks.append(Prose(paragraphs=tuple(follow_up), listed=True))
    if series is not None and dialled is not None:
        blocks += [dialled_figure(series), dial_wait_figure(series)]
    return Section(
        name="aftermath",
        title="Faults" if aftermaths else "New streams under load",
        finding=_finding(aftermaths, dialled),
        blocks=tuple(blocks),
    )


def _finding(aftermaths: Sequence[Aftermath], dialled: Timeline | None) -> str:
    """Describe how new streams fared: after the first fault, or in total."""
    if aftermaths:
        sentence = f"{counted(len(aftermaths), 'fault')} in the hold."
        return f"{sentence} {_outage_text([aftermath.dials for aftermath in aftermaths])}"
    if dialled is None:
        return ""
    counts = {name: round(dialled.total(name)) for name in dialled.lines}
    waiting = (
        f", {counts[WAITING]} still waited when they were cut off" if WAITING in counts else ""
    )
    begun = counted(sum(counts.values()), "new stream")
    return f"{begun} were dialled, {counts[FAILED]} failed{waiting}."


def _outage_text(outages: Sequence[Outage]) -> str:
    """Describe how many streams dialled since the first fault failed or were overdue."""
    begun = sum(outage.begun for outage in outages)
    failed = sum(outage.failed for outage in outages)
    in_vain = sum(outage.waited_in_vain for outage in outages)
    of_all = f"Of {counted(begun, 'new stream')} dialled since the first, {failed} failed"
    waits = [outage.longest_wait_in_vain_seconds for outage in outages]
    longest = max((seconds for seconds in waits if seconds is not None), default=None)
    if longest is None:
        return f"{of_all}."
    overdue = f"{in_vain} were overdue when the hold ended, after waiting for up to {wait(longest)}"
    return f"{of_all} and {overdue}."


def _table(aftermaths: Sequence[Aftermath]) -> ReportTable:
    return ReportTable(
        caption="What followed each fault, until the next one or the end of the hold",
        columns=columns(*HEADINGS, numeric=HEADINGS[2:]),
        rows=tuple(aftermath_row(aftermath, unknown=UNKNOWN) for aftermath in aftermaths),
    )
