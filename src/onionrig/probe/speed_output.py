"""Parse what ``openssl speed -mr`` and ``openssl version`` print.

The format has been machine-readable since long before 1.1.1, and is documented only in its source
(apps/speed.c): ``+F:NUMBER:NAME:BYTES_PER_SECOND``, one figure per block size. With ``-multi`` the
line of every child is repeated after ``Got:``, and the last one is their sum.
"""

from __future__ import annotations

import math
import re

_RESULT = re.compile(r"\+F:\d+:[^:]*:(?P<figure>\d+(?:\.\d+)?)", re.ASCII)
_PROGRESS = ("+", "Forked ", "Got: ")


def speed_from(printed: str) -> float | None:
    """Return the bytes per second of one algorithm at one size, or None if none is printed."""
    results = [line for line in printed.splitlines() if line.startswith("+F:")]
    match = _RESULT.fullmatch(results[0].strip()) if len(results) == 1 else None
    if match is None:
        return None
    speed = float(match["figure"])
    # a count of nothing, in too short a time, is not a speed
    return speed if speed > 0 and math.isfinite(speed) else None


def complaint_from(printed: str) -> str:
    """Return the first line in which openssl complains: those after it are about its internals."""
    lines = (line.strip() for line in printed.splitlines())
    return next((line for line in lines if line and not line.startswith(_PROGRESS)), "nothing")


def version_from(printed: str) -> str:
    """Return ``OpenSSL 3.0.19`` from what ``openssl version`` printed."""
    return " ".join(printed.split()[:2]) or "of a version that it does not say"
