"""What was done to the rig and what followed, with the streams that were dialled under load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.over_time.series import FAILED, SERVED
from onionrig.units import counted
from onionrig.views.report.charts.dials_over_time import dial_wait_figure, dialled_figure
from onionrig.views.report.document import UNKNOWN, Prose, Section, Table, columns
from onionrig.views.summary.aftermath import HEADINGS, MEANT, aftermath_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.over_time.series import Series
    from onionrig.analysis.over_time.timeline import Timeline
    from onionrig.records.aftermath import Aftermath
    from onionrig.records.result import Result
    from onionrig.views.report.document import Block


def aftermath(result: Result, series: Series | None) -> Section | None:
    """Return the section; None where nothing was done to the rig and nothing dialled under load."""
    aftermaths = result.aftermaths
    dialled = None if series is None or not series.dialled.lines else series.dialled
    if not aftermaths and dialled is None:
        return None
    blocks: list[Block] = []
    if aftermaths:
        meant = f"{MEANT[0].upper()}{MEANT[1:]}."
        blocks += [_table(aftermaths), Prose(paragraphs=(meant,))]
    if series is not None and dialled is not None:
        blocks += [dialled_figure(series), dial_wait_figure(series)]
    return Section(
        name="aftermath",
        title="What was done to the rig" if aftermaths else "New streams under load",
        finding=_finding(aftermaths, dialled),
        blocks=tuple(blocks),
    )


def _finding(aftermaths: Sequence[Aftermath], dialled: Timeline | None) -> str:
    """Say how new streams fared: after the first thing that was done, or in all."""
    if aftermaths:
        begun = sum(aftermath.dials.begun for aftermath in aftermaths)
        failed = sum(aftermath.dials.failed for aftermath in aftermaths)
        done = f"{counted(len(aftermaths), 'thing')} in the hold."
        return f"{done} Of {counted(begun, 'new stream')} dialled since the first, {failed} failed."
    if dialled is None:
        return ""
    served, failed = (round(dialled.total(name)) for name in (SERVED, FAILED))
    return f"{counted(served + failed, 'new stream')} were dialled, {failed} failed."


def _table(aftermaths: Sequence[Aftermath]) -> Table:
    return Table(
        caption="What followed, until the next thing was done or the hold ended",
        columns=columns(*HEADINGS, numeric=HEADINGS[2:]),
        rows=tuple(aftermath_row(aftermath, unknown=UNKNOWN) for aftermath in aftermaths),
    )
