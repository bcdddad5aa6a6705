"""Show the live view: a table that redraws itself on a terminal, plain lines elsewhere.

Both write to stderr, so that stdout holds the result alone.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol, Self

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from onionrig.records.events import Phase
from onionrig.units import cores_text, rate_text, rough_duration_text
from onionrig.views.live.host import host_line, interfaces_line, interfaces_table
from onionrig.views.live.hosts import host_row_line, hosts_table

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console, RenderableType

    from onionrig.views.live.progress import Progress

PLAIN_LINE_SECONDS = 5
"""Seconds between two lines about the load, without a terminal."""
HOST_LINES_SECONDS = 30
"""Seconds between two reports of each host, one line per host, without a terminal."""
NOTES_SHOWN = 6


class View(Protocol):
    """A view of progress; entered for the run, redrawn once per second."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def show(self, progress: Progress) -> None:
        """Show what is known now."""


def view_for(console: Console, *, cores: float) -> View:
    """Return the view that fits a console."""
    return (
        LiveTable(console, cores=cores) if console.is_terminal else PlainLines(console, cores=cores)
    )


class LiveTable:
    """A table that redraws itself in place."""

    def __init__(self, console: Console, *, cores: float) -> None:
        self._cores = cores
        self._started_seconds = time.monotonic()
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def show(self, progress: Progress) -> None:
        """Redraw the table."""
        elapsed = time.monotonic() - self._started_seconds
        self._live.update(
            progress_drawing(progress, elapsed_seconds=elapsed, cores=self._cores), refresh=True
        )


class PlainLines:
    """Plain lines: one when something changes, and one every few seconds under load."""

    def __init__(self, console: Console, *, cores: float) -> None:
        self._console = console
        self._cores = cores
        self._started_seconds = time.monotonic()
        self._stage = ""
        self._waiting = ""
        self._noted = 0
        self._second = 0
        self._hosts_second = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return

    def show(self, progress: Progress) -> None:
        """Print what is new."""
        stage = _stage(progress)
        if stage != self._stage:
            self._stage = stage
            title = f"{progress.title}: " if progress.title else ""
            self._line(f"{title}{stage}{_time_left(progress)}")
        for note in progress.notes[self._noted :]:
            self._line(note)
        self._noted = len(progress.notes)
        if _kind_of_wait(progress.waiting) != self._waiting:
            self._waiting = _kind_of_wait(progress.waiting)
            if self._waiting:
                self._line(f"waiting for {progress.waiting}")
        second = progress.second or 0
        if second >= self._second + PLAIN_LINE_SECONDS:
            self._second = second
            self._line(under_load(progress, cores=self._cores))
            if progress.host and progress.shows_host and not progress.hosts.several:
                self._line(f"  {host_line(progress.host)}")
                self._line(f"  {interfaces_line(progress.host) or 'no interface carried anything'}")
        if progress.hosts.several and second >= self._hosts_second + HOST_LINES_SECONDS:
            self._hosts_second = second
            for row in progress.hosts.rows(progress.bits_per_second):
                self._line(f"  {host_row_line(row)}")

    def _line(self, text: str) -> None:
        elapsed = time.monotonic() - self._started_seconds
        self._console.print(
            f"{elapsed:6.1f} s  {text}", highlight=False, markup=False, soft_wrap=True
        )


def progress_drawing(progress: Progress, *, elapsed_seconds: float, cores: float) -> RenderableType:
    """Draw the whole view."""
    head = Text.assemble(
        ("onionrig  ", "bold"),
        f"{progress.title}  " if progress.title else "",
        (_stage(progress), "bold cyan"),
        f"   {elapsed_seconds:.0f} s{_time_left(progress)}",
    )
    parts: list[RenderableType] = [head]
    if progress.waiting:
        parts.append(Text(f"waiting for {progress.waiting}", style="yellow"))
    if progress.second is not None:
        parts += [Text(under_load(progress, cores=cores)), _backends(progress)]
        if progress.hosts.several:
            parts.append(hosts_table(progress.hosts.rows(progress.bits_per_second)))
        elif progress.host is not None:
            parts += [Text(host_line(progress.host), style="dim")]
            parts += [interfaces_table(progress.host)] if progress.shows_host else []
    parts += [Text(f"· {note}", style="dim") for note in progress.notes[-NOTES_SHOWN:]]
    return Group(*parts)


def under_load(progress: Progress, *, cores: float) -> str:
    """Return the state of the load in one line; ``cores`` counts until the hosts are known."""
    texts = [f"{rate_text(progress.goodput_bits_per_second)} now"]
    if progress.hold_bits_per_second is not None and progress.schedule is not None:
        length = progress.schedule.end_second - progress.schedule.hold_second
        texts.append(
            f"{rate_text(progress.hold_bits_per_second)} over the hold "
            f"({progress.held_seconds} of {length} s)"
        )
    if progress.target_bits_per_second is not None:
        texts.append(f"target {rate_text(progress.target_bits_per_second)}")
    texts.append(
        f"streams {progress.streams_up} of {progress.streams_asked} up, {progress.failed} failed"
    )
    if progress.rig_cores is not None:
        texts.append(f"CPU {progress.rig_cores:.2f} of {cores_text(progress.hosts.cores or cores)}")
    return ", ".join(texts)


def _stage(progress: Progress) -> str:
    """Name the phase, and which of several loads it belongs to."""
    of_a_load = progress.phase in {Phase.RAMP, Phase.HOLD, Phase.DRAIN}
    if progress.loads == 1 or not of_a_load:
        return str(progress.phase)
    return f"{progress.phase} {progress.load_number} of {progress.loads}"


def _time_left(progress: Progress) -> str:
    """Return how long the whole still takes, if that is known."""
    if progress.whole_ends_seconds is None:
        return ""
    if progress.schedule is not None and progress.after_loads_seconds:
        load_seconds = progress.schedule.end_second - time.time()
        after_seconds = progress.after_loads_seconds[progress.loads_scheduled - 1]
        left_seconds = max(0.0, load_seconds) + after_seconds
    else:
        left_seconds = max(0.0, progress.whole_ends_seconds - time.monotonic())
    return f", about {rough_duration_text(left_seconds)} left"


def _backends(progress: Progress) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("backend", "goodput", "streams"):
        table.add_column(heading, justify="left" if heading == "backend" else "right")
    for name in sorted(progress.bits_per_second.keys() | progress.streams.keys()):
        table.add_row(
            name,
            rate_text(progress.bits_per_second.get(name, 0.0)),
            str(progress.streams.get(name, 0)),
        )
    return table


def _kind_of_wait(waiting: str) -> str:
    """Return a wait without its numbers, so that a plain log has one line for each kind."""
    return "".join(letter for letter in waiting.partition(";")[0] if not letter.isdigit())
