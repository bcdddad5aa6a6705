"""Decode the text of catalogue files; later files override or extend earlier ones."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from onionrig.errors import UsageError
from onionrig.hardware.boards import Board

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onionrig.hardware.boards import Catalogue

_ID = re.compile(r"[a-z0-9]([a-z0-9.+-]*[a-z0-9+])?")
_TABLES = ("dated", "sources", "boards")
_WORDS = ("name", "dated")
"""Keys of a board that are not figures."""
_FORM = '; a figure is written { value = 94, mark = "measured", source = "iperf3, 2026-11-25" }'


class CatalogueFile(msgspec.Struct, frozen=True, kw_only=True):
    """The text of one file, and its name in errors."""

    origin: str
    text: str


def catalogue_from(files: Iterable[CatalogueFile]) -> Catalogue:
    """Return the catalogue of several files, later ones overriding earlier ones figure by figure.

    Boards are matched by their id. Raises UsageError that names the file, the board and the key.
    """
    boards: dict[str, dict[str, Any]] = {}
    origins: dict[str, str] = {}
    for file in files:
        for board, figures in _boards_in(file):
            boards[board] = {**boards.get(board, {}), **figures}
            origins[board] = file.origin
    return {board: _board(boards[board], f"{origins[board]}: {board}") for board in boards}


def _boards_in(file: CatalogueFile) -> Iterable[tuple[str, dict[str, Any]]]:
    """Return a file's boards, with the names of its sources replaced by the sources themselves."""
    try:
        content = tomllib.loads(file.text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file.origin} is not TOML: {error}") from error
    unknown = next((key for key in content if key not in _TABLES), None)
    if unknown is not None:
        raise UsageError(f"{file.origin}: unknown key {unknown}; it has {', '.join(_TABLES)}")
    sources, boards = content.get("sources", {}), content.get("boards", {})
    if not isinstance(sources, Mapping) or not isinstance(boards, Mapping):
        raise UsageError(f"{file.origin}: [sources] and [boards.ID] are tables")
    dated = {"dated": str(content["dated"])} if "dated" in content else {}
    for board, figures in boards.items():
        if not _ID.fullmatch(board) or not isinstance(figures, Mapping):
            raise UsageError(
                f'{file.origin}: boards."{board}": a table whose name is lower case letters, '
                'digits, ".", "+" and "-", as in [boards.pi3b]'
            )
        yield board, {**dated, **{key: _sourced(value, sources) for key, value in figures.items()}}


def _sourced(figure: object, sources: Mapping[str, object]) -> object:
    if isinstance(figure, Mapping) and isinstance(figure.get("source"), str):
        return {**figure, "source": sources.get(figure["source"], figure["source"])}
    return figure


def _board(figures: Mapping[str, Any], where: str) -> Board:
    try:
        return msgspec.convert(figures, Board)
    except msgspec.ValidationError as error:
        message, _, path = str(error).rpartition(" - at `$.")
        path = path.rstrip("`")
        if not message:
            raise UsageError(f"{where}: {error}") from error
        bare = path in figures and not isinstance(figures[path], Mapping) and path not in _WORDS
        raise UsageError(f"{where}: {path}: {message}{_FORM if bare else ''}") from error
