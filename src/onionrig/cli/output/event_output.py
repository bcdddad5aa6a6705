"""Write the lines of ``--events json`` to standard output while a run goes on.

A thread of its own writes them: a reader that stops reading must not stop a run, whose services
and hosts are watched meanwhile.
"""

from __future__ import annotations

import queue
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from onionrig.cli.output.refused_output import write_line_now
from onionrig.errors import UsageError
from onionrig.views.live.event_lines import EventLines

if TYPE_CHECKING:
    from collections.abc import Iterator

JSON_LINES = "json"


def _format(word: str) -> str:
    if word != JSON_LINES:
        raise UsageError(f"--events {word}: there is only --events {JSON_LINES}")
    return word


Events = Annotated[
    str | None,
    typer.Option(
        parser=_format,
        metavar=JSON_LINES,
        help="Print a line of JSON for each event, and one per second, as they happen, in place of "
        "the live view and the summary (default: none).",
    ),
]


@contextmanager
def event_lines(events: str | None, *, json: bool) -> Iterator[EventLines | None]:
    """Have event lines for a block if they were asked for; all are written when it is left.

    With ``json`` the last line has the whole result.
    """
    if events is None:
        yield None
        return
    lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    # a daemon, so that Ctrl-C ends the command although its reader still does not read
    writing = threading.Thread(target=_write_all, args=(lines,), daemon=True)
    writing.start()
    try:
        yield EventLines(lines.put, with_results=json)
    finally:
        lines.put(None)
        writing.join()


def _write_all(lines: queue.SimpleQueue[bytes | None]) -> None:
    while (line := lines.get()) is not None:
        write_line_now(line)
