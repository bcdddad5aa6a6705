"""How commands print: results on stdout, and only JSON if that is requested."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from json import dumps

import msgspec
from rich.console import Console

from onionrig.rig.model import json_text

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


UNFOLDED_COLUMNS = 10_000
"""Width of a line that goes to a file or a pipe, where lines are not folded."""


def ignore_unusable_width() -> None:
    """Ignore a width of 0 or of no number in COLUMNS, in which nothing could be printed.

    Serial consoles and containers without a size set such.
    """
    columns = os.environ.get("COLUMNS", "")
    if not (columns.isdecimal() and int(columns)):
        os.environ.pop("COLUMNS", None)


def results() -> Console:
    """Return the console for results: as wide as the terminal, and unfolded without one."""
    return _console(stderr=False)


def remarks() -> Console:
    """Return the console for what is printed beside results, on stderr; it folds as theirs does."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    console = Console(highlight=False, stderr=stderr)
    if console.is_terminal or os.environ.get("COLUMNS"):
        return console
    return Console(highlight=False, stderr=stderr, width=UNFOLDED_COLUMNS)


def print_json(value: object) -> None:
    """Print a value as JSON; what stdout cannot print is escaped, as JSON allows for any letter."""
    try:
        text = json_text(value)
    except UnicodeEncodeError:  # a directory whose name is not UTF-8
        text = json_text(_with_readable_names(value))
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        text = _NOT_ASCII.sub(lambda match: dumps(match[0])[1:-1], text)
    print(text)


def readable(word: str) -> str:
    """Return a word of the command line, or a file's name, as records and reports can have it."""
    return os.fsencode(word).decode("utf-8", errors="replace")


def _with_readable_names(value: object) -> object:
    """Return a value as plain data in which every text can be read."""
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, Mapping):
        return {
            _with_readable_names(key): _with_readable_names(item) for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_with_readable_names(item) for item in value]
    if isinstance(value, msgspec.Struct):
        return _with_readable_names(msgspec.to_builtins(value, enc_hook=str))
    return value
