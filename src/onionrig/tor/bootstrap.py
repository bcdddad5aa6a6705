"""How far a tor has bootstrapped, as its log says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_BOOTSTRAPPED = re.compile(r"Bootstrapped (\d+)% \(\w+\): (.*)")
KNOWS_THE_NETWORK = 75
"""Enough directory information to build circuits, and as a cache to let others have it."""
DONE = 100


class BootstrapLog:
    """Follow the bootstrap of one tor in the log it writes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self.percent = 0
        self.doing = "nothing logged yet"

    @property
    def done(self) -> bool:
        """Whether bootstrap has reached 100 %."""
        return self.percent == DONE

    def read_on(self) -> None:
        """Take in what was logged since the last call."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                content = file.read()
        except FileNotFoundError:
            return
        complete = content.rfind(b"\n") + 1
        self._offset += complete
        for line in content[:complete].decode(errors="replace").splitlines():
            found = _BOOTSTRAPPED.search(line)
            if found:
                self.percent, self.doing = int(found[1]), found[2]


def last_line(path: Path) -> str:
    """Return the last line of a log that is not empty, or say that there is none."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return "(no log)"
    return next((line for line in reversed(lines) if line.strip()), "(empty log)")
