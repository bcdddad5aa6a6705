"""Write values into a torrc so that tor reads what was meant, whatever characters paths have.

tor treats everything from ``#`` on as a comment, and reads a value in double quotes as C does (tor:
src/lib/encoding/confline.c, parse_config_line_from_str_verbose; src/lib/encoding/cstring.c,
unescape_string). The path of a socket ends at a blank unless it has quotes of its own (tor:
src/app/config/config.c, port_cfg_line_extract_addrport).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import PurePosixPath

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=~$-]+")
"""Characters that need no quotes in a torrc."""
_SPECIAL = re.compile(r'["\\\x00-\x1f\x7f]')


def torrc_path(option: str, path: PurePosixPath) -> str:
    """Return the torrc line that sets an option to a path."""
    text = str(path)
    return f"{option} {text if _PLAIN.fullmatch(text) else _quoted(text)}"


def torrc_socket(option: str, path: PurePosixPath, *, port: int | None = None) -> str:
    """Return the torrc line that sets an option to a unix socket.

    ``port`` is written before it, as HiddenServicePort requires.
    """
    text, number = str(path), "" if port is None else f"{port} "
    if _PLAIN.fullmatch(text):
        return f"{option} {number}{'' if port is None else 'unix:'}{text}"
    return f"{option} {_quoted(f'{number}unix:{_quoted(text)}')}"


def _quoted(text: str) -> str:
    return f'"{_SPECIAL.sub(_escaped, text)}"'


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    return f"\\{character}" if character in '"\\' else f"\\x{ord(character):02x}"
