"""Watch an address: redrawn in a terminal, elsewhere one line per change."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from rich.live import Live

from onionrig.analysis.address.changes import changes
from onionrig.views.descriptor import address_view, clock, headline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from onionrig.records.descriptor import AddressSeen

CHANGES_SHOWN = 6


class LookView(Protocol):
    """A view that shows one look after another."""

    def show(self, address: AddressSeen) -> None:
        """Show the latest look."""


@contextmanager
def watching(console: Console) -> Iterator[LookView]:
    """Yield the view that fits a console, for as long as it is watched."""
    if not console.is_terminal:
        yield ChangeLines(console)
        return
    with Live(console=console, auto_refresh=False, vertical_overflow="ellipsis") as live:
        yield LiveAddress(live)


class LiveAddress:
    """The whole look, redrawn; the latest changes stand below the verdict."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._last: AddressSeen | None = None
        self._changes: list[str] = []

    def show(self, address: AddressSeen) -> None:
        """Redraw the look."""
        if self._last is not None:
            self._changes += [
                f"{clock(address.time)}  {change}" for change in changes(self._last, address)
            ]
        self._last = address
        latest = self._changes[-CHANGES_SHOWN:]
        # without the points: they fill a screen
        self._live.update(address_view(address, points=False, latest=latest), refresh=True)


class ChangeLines:
    """The first look, then one line per change."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last: AddressSeen | None = None

    def show(self, address: AddressSeen) -> None:
        """Print what is new."""
        if self._last is None:
            texts = [line.plain for line in headline(address)]
        else:
            texts = list(changes(self._last, address))
        self._last = address
        for line in texts:
            self._console.print(
                f"{clock(address.time)}  {line}", highlight=False, markup=False, soft_wrap=True
            )
