"""What a host must have for the services of a run: memory for its daemons, disk for its records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.units import size_text

if TYPE_CHECKING:
    from collections.abc import Sequence

DAEMON_BYTES = 100 << 20
"""Memory that a busy tor is given, a judgement: idle ones take 15 to 30 MB."""
QUIET_DAEMON_BYTES = 40 << 20
"""Memory that an authority, a relay of a private network or the balancer's tor is given."""
SYSTEM_BYTES = 256 << 20
"""Memory that the system and the programs beside the daemons take, a judgement."""
RECORDS_BYTES = 100 << 20
"""Disk that the records of a run may take."""
BUSY = ("backend-", "client-")
"""The tors through which all bytes of the load go to or from one program."""


def daemons_that_fit(memory_bytes: int) -> int:
    """Return how many busy daemons a host has memory for, its system aside."""
    return max(0, (memory_bytes - SYSTEM_BYTES) // DAEMON_BYTES)


def lacking_memory(tors: Sequence[str], available_bytes: int) -> str | None:
    """Explain why a host has too little memory for these tors, or return None.

    What the system takes is not counted: it is not available.
    """
    busy = [name for name in tors if name.startswith(BUSY)]
    quiet_bytes = QUIET_DAEMON_BYTES * (len(tors) - len(busy))
    if quiet_bytes + DAEMON_BYTES * len(busy) <= available_bytes:
        return None
    fits = max(0, (available_bytes - quiet_bytes) // DAEMON_BYTES)
    return (
        f"{size_text(available_bytes)} of memory are available, and {len(tors)} daemons are to run "
        f"on it, {len(busy)} of them busy; {fits} busy ones fit (backends.daemons, load.clients, "
        "or another host for the rest)"
    )


def lacking_disk(free_bytes: int) -> str | None:
    """Explain why a host has too little disk for the records of a run, or return None."""
    if free_bytes >= RECORDS_BYTES:
        return None
    return (
        f"{size_text(free_bytes)} of disk are free, and the records of a run may take "
        f"{size_text(RECORDS_BYTES)}: free that much in /var/lib"
    )
