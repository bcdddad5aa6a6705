"""How far a tor has bootstrapped, as its log says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from onionrig.store.lines import GrowingFile

if TYPE_CHECKING:
    from pathlib import Path

_BOOTSTRAPPED = re.compile(r"Bootstrapped (\d+)% \(\w+\): (.*)")
DONE = 100


class BootstrapLog:
    """Follow the bootstrap of one tor in the log it writes."""

    def __init__(self, path: Path, *, after: int = 0) -> None:
        """Follow what is logged behind so many bytes."""
        self._lines = GrowingFile(path, after=after)
        self.percent = 0
        self.doing = "nothing logged yet"

    @property
    def done(self) -> bool:
        """Whether bootstrap has reached 100 %."""
        return self.percent == DONE

    def read_on(self) -> None:
        """Take in what was logged since the last call."""
        for line in self._lines.new():
            found = _BOOTSTRAPPED.search(line.decode(errors="replace"))
            if found:
                self.percent, self.doing = int(found[1]), found[2]


def last_line(path: Path) -> str:
    """Return the last line of a log that is not empty, or say that there is none."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "(no log)"
    return next((line for line in reversed(lines) if line.strip()), "(empty log)")
