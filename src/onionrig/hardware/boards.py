"""What the catalogue knows about boards: each figure with its source and how it was obtained.

A figure without a source is left out: None.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta

from onionrig.errors import UsageError
from onionrig.units import BitsPerSecond

Mark = Literal["measured", "read", "estimate"]
"""Measured for this project; read in the named source; or estimated, from memory or a sibling
board."""
Value = TypeVar("Value")
Positive = Annotated[float, Meta(gt=0)]

FRAME_BYTES, PAYLOAD_BYTES = 1514, 1448
"""Size of a full Ethernet frame as the kernel counts it, and its TCP payload (with timestamps)."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry of the catalogue."""


class BoardFigure(Entry, Generic[Value], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One figure."""

    value: Value
    mark: Mark
    source: Annotated[str, Meta(min_length=1)]
    """Source of the figure, with an address if there is one."""
    note: str = ""


class Rate(
    BoardFigure[Annotated[float, Meta(ge=0)]], frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Rate of an interface, in Mbit/s; 0 if the board has none."""

    counts: Literal["payload", "frames"] = "payload"
    """Unit that the rate counts: the ``payload`` of TCP, as iperf3 does, or whole ``frames``, as
    interfaces and ifstat do."""

    @property
    def link(self) -> BitsPerSecond:
        """Rate of a link that carries as much, counting frames, to 0.1 Mbit/s."""
        mbit = self.value
        if self.counts == "payload":
            mbit *= FRAME_BYTES / PAYLOAD_BYTES
        return BitsPerSecond(round(mbit, 1) * 1e6)


class Price(BoardFigure[Positive], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Price of one board, or of one hour."""

    currency: Literal["USD", "EUR", "GBP"] = "USD"
    per: Literal["piece", "month", "hour"] = "piece"
    date: Annotated[str, Meta(pattern=r"^\d{4}(-\d\d){0,2}$")]
    """Date of the price: a year, a month or a day."""
    memory_gb: Positive | None = None
    """Memory size of the model that the price is for."""


class Board(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A board, or a machine that is rented by the hour."""

    name: str
    dated: Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\d$")] | None = None
    """Date on which the board's figures were last looked up."""
    cores: BoardFigure[Annotated[int, Meta(ge=1)]] | None = None
    clock_mhz: BoardFigure[Positive] | None = None
    memory_gb: BoardFigure[Annotated[tuple[Positive, ...], Meta(min_length=1)]] | None = None
    """All available memory sizes."""
    aes_instructions: BoardFigure[bool] | None = None
    aes_mb_per_second: BoardFigure[Positive] | None = None
    """AES-256-CBC speed of one core, by OpenSSL in blocks of 16 KiB; 1 MB = 1,000,000 bytes."""
    seven_zip_mips: BoardFigure[Positive] | None = None
    """Total rating of one core in 7-zip's own benchmark, ``7z b -mmt1``."""
    ethernet_mbit: Rate | None = None
    wifi_mbit: Rate | None = None
    idle_watts: BoardFigure[Positive] | None = None
    stress_watts: BoardFigure[Positive] | None = None
    """Power with every core busy."""
    price: Price | None = None


Catalogue = Mapping[str, Board]
"""Boards by id, as ``board = "pi3b"`` names them."""
AnyFigure = (
    BoardFigure[int] | BoardFigure[float] | BoardFigure[bool] | BoardFigure[tuple[float, ...]]
)


def board_named(catalogue: Catalogue, board: str, *, where: str) -> Board:
    """Return a board by its id. Raises UsageError with the nearest id and where it was named."""
    if board in catalogue:
        return catalogue[board]
    close = difflib.get_close_matches(board.casefold(), catalogue, n=1)
    suggestion = f"did you mean {close[0]}?" if close else f"there are {', '.join(catalogue)}"
    raise UsageError(f"{where}no such board; {suggestion} (onionrig hardware lists them)")


def figures_of(board: Board) -> dict[str, AnyFigure]:
    """Return the known figures of a board, by key."""
    values = {field: getattr(board, field) for field in Board.__struct_fields__}
    return {field: value for field, value in values.items() if isinstance(value, BoardFigure)}
