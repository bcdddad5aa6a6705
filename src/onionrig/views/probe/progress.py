"""Show the progress of a probe: a bar on a terminal, one line per stage elsewhere."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console


@contextmanager
def probing(console: Console) -> Iterator[Callable[[str, float], None]]:
    """Yield a function to be called with each step and the share done."""
    if not console.is_terminal:
        yield _StageLines(console).show
        return
    columns = (BarColumn(bar_width=24), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=1.0)
        yield lambda doing, share: progress.update(task, description=doing, completed=share)


class _StageLines:
    """Plain lines: one per stage, which is the part of a step before the colon."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._stage = ""

    def show(self, doing: str, _share: float) -> None:
        stage = doing.partition(":")[0]
        if stage != self._stage:
            self._stage = stage
            self._console.print(f"probing: {stage}", highlight=False, markup=False, soft_wrap=True)
