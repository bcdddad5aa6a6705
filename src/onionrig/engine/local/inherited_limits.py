"""Limits that every process of a rig inherits, and that would end it midway.

The size of a file, the address space and the CPU time of a process (getrlimit(2)). Limits on open
files and on processes are elsewhere, since a rig counts against those as a whole.
"""

from __future__ import annotations

import resource
from collections.abc import Callable

import msgspec

from onionrig.rig.needs import RECORDS_BYTES
from onionrig.units import duration_text, size_text

SPACE_BYTES = 1 << 30
"""Address space that a process may reserve, most of it never used: every thread's stack and heap
(a judgement: the controller of a smoke run reserves 720 MiB)."""
BRING_UP_SECONDS = 60
"""CPU time that a process may use before the load is on."""


class _Limit(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    """The limit, as the module resource numbers it."""
    what: str
    option: str
    """The option of ``ulimit`` that raises it."""
    text: Callable[[float], str]


_FILE = _Limit(number=resource.RLIMIT_FSIZE, what="a file may have", option="-f", text=size_text)
_SPACE = _Limit(
    number=resource.RLIMIT_AS,
    what="a process may have an address space of",
    option="-v",
    text=size_text,
)
_CPU = _Limit(
    number=resource.RLIMIT_CPU, what="a process may use CPU for", option="-t", text=duration_text
)


def lacking_limits(load_seconds: float) -> str | None:
    """Explain which inherited limits are too low for a rig under load, or return None."""
    cpu_seconds = BRING_UP_SECONDS + load_seconds
    reasons = [
        f"{limit.what} at most {limit.text(soft)}, and one of a run may take {limit.text(needed)}: "
        f"raise the limit (ulimit {limit.option})"
        for limit, needed in ((_FILE, RECORDS_BYTES), (_SPACE, SPACE_BYTES), (_CPU, cpu_seconds))
        if (soft := resource.getrlimit(limit.number)[0]) != resource.RLIM_INFINITY and soft < needed
    ]
    return "; ".join(reasons) or None
