"""Show the board catalogue: one line per board, each figure with its mark and source number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from onionrig.hardware.boards import figures_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.console import RenderableType

    from onionrig.hardware.boards import AnyFigure, Board, BoardFigure, Catalogue, Price, Rate

MARKS = {"measured": "!", "read": "", "estimate": "~"}
"""Mark before a figure, by its origin."""
LEGEND = (
    "! measured for this project, or in the notes it began with; ~ an estimate, or from memory; "
    "the others are from source [n]. A blank means that no source was found. Ethernet "
    "and Wi-Fi are in Mbit/s, of TCP payload or of whole frames; MB/s are of AES-256-CBC by one "
    "core."
)


def catalogue_view(catalogue: Catalogue, own_path: str) -> RenderableType:
    """Draw every board; ``own_path`` is the file that overrides them."""
    sources = _source_numbers(catalogue.values())
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for heading, _ in COLUMNS:
        table.add_column(heading, overflow="fold")
    for id_, board in catalogue.items():
        table.add_row(id_, *(cell(board, sources) for _, cell in COLUMNS[1:]))
    source_lines = [Text(f"[{number}] {source}", style="dim") for source, number in sources.items()]
    return Group(
        table,
        Text(),
        Text(LEGEND),
        Text(f"Your own figures override these, or add to them: {own_path} (docs/hardware.md)"),
        Text(),
        *source_lines,
    )


def board_view(id_: str, board: Board) -> RenderableType:
    """Draw one board: one line per figure, with its notes."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), show_header=False)
    for _ in range(3):
        table.add_column(overflow="fold")
    for key, figure in figures_of(board).items():
        note = f"; {figure.note}" if figure.note else ""
        table.add_row(key, _figure_text(key, board), Text(f"{figure.mark}: {figure.source}{note}"))
    date_text = f", looked up {board.dated}" if board.dated else ""
    return Group(Text(f"{id_}: {board.name}{date_text}", style="bold"), table)


def _source_numbers(boards: Iterable[Board]) -> dict[str, int]:
    """Return a number for each source, in the order in which a reader meets them."""
    sources = dict.fromkeys(
        figure.source for board in boards for figure in figures_of(board).values()
    )
    return {source: number for number, source in enumerate(sources, start=1)}


def _figures_cell(*keys: str, between: str = " ") -> Callable[[Board, dict[str, int]], Text]:
    """Return the function that draws a cell of these figures."""

    def cell(board: Board, sources: dict[str, int]) -> Text:
        known = figures_of(board)
        texts = [_with_mark(known[key], _figure_text(key, board)) for key in keys if key in known]
        text = Text(between.join(texts))
        numbers = dict.fromkeys(sources[known[key].source] for key in keys if key in known)
        if numbers:
            text.append(f" [{','.join(map(str, numbers))}]", style="dim")
        return text

    return cell


def _with_mark(figure: AnyFigure, text: str) -> str:
    return f"{MARKS[figure.mark]}{text}"


def _figure_text(key: str, board: Board) -> str:
    return _WRITTEN.get(key, _watts)(getattr(board, key))


def _watts(figure: BoardFigure[float]) -> str:
    return f"{figure.value:g} W"


def _rate(rate: Rate) -> str:
    if not rate.value:
        return "none"
    return f"{rate.value:g}" + (" (frames)" if rate.counts == "frames" else "")


def _price(price: Price) -> str:
    size = f", {price.memory_gb:g} GB" if price.memory_gb else ""
    per = "" if price.per == "piece" else f" per {price.per}"
    return f"{price.value:g} {price.currency}{per} ({price.date}{size})"


_WRITTEN: dict[str, Callable[[Any], str]] = {
    "cores": lambda figure: f"{figure.value} x",
    "clock_mhz": lambda figure: f"{figure.value / 1000:g} GHz",
    "memory_gb": lambda figure: f"{'/'.join(f'{size:g}' for size in figure.value)} GB",
    "aes_instructions": lambda figure: "yes" if figure.value else "no",
    "aes_mb_per_second": lambda figure: f"{figure.value:g}",
    "seven_zip_mips": lambda figure: f"{figure.value:g} MIPS",
    "ethernet_mbit": _rate,
    "wifi_mbit": _rate,
    "price": _price,
}
"""Formatting function of a figure, by its key; all others are watts."""
COLUMNS: tuple[tuple[str, Callable[[Board, dict[str, int]], Text]], ...] = (
    ("board", lambda board, _: Text(board.name)),
    ("cores", _figures_cell("cores", "clock_mhz")),
    ("memory", _figures_cell("memory_gb")),
    ("AES instr.", _figures_cell("aes_instructions")),
    ("MB/s", _figures_cell("aes_mb_per_second")),
    ("Ethernet", _figures_cell("ethernet_mbit")),
    ("Wi-Fi", _figures_cell("wifi_mbit")),
    ("idle, stress", _figures_cell("idle_watts", "stress_watts", between=", ")),
    ("price", _figures_cell("price")),
)
