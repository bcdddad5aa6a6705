"""Print the progress of a series, as lines on stderr."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from onionrig.series.base import Begins, Repeated, RunFailed, RunUnreadable, Stopped
from onionrig.units import counted, rate_text, rough_duration_text
from onionrig.views.summary.repetition import known_so_far

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from onionrig.series.base import SeriesNews


class SeriesPrinter:
    """Prints the progress of a series."""

    def __init__(self, console: Console, directory: Path, *, resume: str) -> None:
        """Print to a console; ``resume`` is the command that resumes, without the directory."""
        self._console = console
        self._directory = directory
        self._resume = resume

    def tell(self, news: SeriesNews) -> None:
        """Print a line."""
        match news:
            case Begins():
                self._print(
                    f"sweep: {news.holds_left} of {counted(news.holds, 'hold')} to measure on "
                    f"{counted(news.rigs, 'rig')}, about "
                    f"{rough_duration_text(news.seconds)}; {self._directory}"
                )
            case RunFailed():
                self._print(f"error: {news.error}; going on with the next rig", style="red")
            case RunUnreadable():
                self._print(
                    f"{news.run}: {news.error}; its points are measured again", style="yellow"
                )
            case Repeated():
                rate = news.sustained_bits_per_second
                measured = "no sustained rate" if rate is None else f"{rate_text(rate)} sustained"
                self._print(f"{news.run}: {measured}; {known_so_far(news.result)}")
            case Stopped():
                self._print(
                    f"what was measured is kept; go on with: {self._resume} {self._directory}"
                )
            case _:
                assert_never(news)

    def _print(self, text: str, *, style: str | None = None) -> None:
        self._console.print(text, style=style, highlight=False, markup=False, soft_wrap=True)
