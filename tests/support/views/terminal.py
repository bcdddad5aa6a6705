"""What a terminal without colours shows."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from onionrig.analysis.result import analyse
from onionrig.views.summary.run import summary


def printed(renderable, *, width=160):
    """Return what is printed."""
    console = Console(file=io.StringIO(), width=width)
    console.print(renderable, highlight=False)
    return console.file.getvalue()


def printed_lines(renderable, *, width=160):
    """Return the lines that are printed, with one space where there are several."""
    return [" ".join(line.split()) for line in printed(renderable, width=width).splitlines()]


def summary_of(recording, *, width=160):
    """Return what ``onionrig show`` prints of a recording."""
    return printed(summary(analyse(recording), Path("a-run")), width=width)
