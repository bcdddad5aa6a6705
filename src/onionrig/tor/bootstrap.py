"""Read in a tor's log how far it has bootstrapped, and why it ended."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from onionrig.store.lines import GrowingFile

if TYPE_CHECKING:
    from pathlib import Path

_BOOTSTRAPPED = re.compile(r"Bootstrapped (\d+)% \(\w+\): (.*)")
DONE = 100
_COMPLAINT = re.compile(r"\[(?:warn|err)\] (.*)")
_REFERS = re.compile(
    r"see warnings above|see logs? for details|failed to bind one of the listener ports"
    r"|couldn't access private data directory|left us in a broken state",
    re.IGNORECASE,
)
"""Phrases in which a tor refers to an earlier message (tor: src/app/config/config.c)."""


class BootstrapLog:
    """Follow the bootstrap of one tor in the log it writes."""

    def __init__(self, path: Path, *, after: int = 0) -> None:
        """Follow what is logged after the first ``after`` bytes."""
        self._lines = GrowingFile(path, after=after)
        self.percent = 0
        self.doing = "nothing logged yet"
        self.warning = ""
        """The last warning since bootstrap began; earlier ones are about the rig being a test
        network."""
        self._began = False

    @property
    def done(self) -> bool:
        """Whether bootstrap has reached 100 %."""
        return self.percent == DONE

    def read_on(self) -> None:
        """Take in what was logged since the last call."""
        for line in self._lines.new():
            text = line.decode(errors="replace")
            if progress := _BOOTSTRAPPED.search(text):
                self.percent, self.doing, self._began = int(progress[1]), progress[2], True
            elif self._began and (warned := _COMPLAINT.search(text)):
                self.warning = warned[1]


def last_line(path: Path) -> str:
    """Return the line of a log that says how its program ended, or a text that there is none.

    That is its last line, unless a tor refers in it to an earlier message.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "(no log)"
    return complaint(text) or next(
        (line for line in reversed(text.splitlines()) if line.strip()), "(empty log)"
    )


def complaint(printed: str) -> str | None:
    """Return why a tor ended, from what it printed, or None if its last line says it itself.

    Its last words may be "see warnings above": then the warnings before them count, back to the
    first that does not refer to another.
    """
    lines = [line for line in printed.splitlines() if line.strip()]
    if not lines or not (last := _COMPLAINT.search(lines[-1])) or not _REFERS.search(last[1]):
        return None
    reasons: list[str] = []
    for line in reversed(lines[:-1]):
        complaint_match = _COMPLAINT.search(line)
        if complaint_match:
            reasons.insert(0, complaint_match[1])
        if complaint_match and not _REFERS.search(complaint_match[1]):
            break
    return "; ".join(reasons) or None
