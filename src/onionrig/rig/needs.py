"""What a host must have for the services of a run: memory, disk, processes, open files."""

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
TOR_FILES = 1000
"""Files that tor insists on being allowed to open (tor manual: ConnLimit)."""
SPARE_FILES = 64
"""Files that a mover has open beside its streams."""
STATE_BYTES = 1 << 20
"""Disk that a daemon takes in the workspace, a judgement: it is about 175 KiB in a smoke run."""
FEWEST_WORKERS, MOST_WORKERS = 2, 16
"""Threads that tor starts for its own work, however many cores there are."""
OWN_TASKS = 24
"""Threads of the controller and its keeper, and programs that they start for a moment."""
MOVER_TASKS = 2
"""Threads of a mover."""
ONE_CORE = ("authority-", "relay-")
"""The tors that are told of one core (``rig.torrc``)."""
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


def tasks_of(tors: Sequence[str], *, movers: int, cores: int) -> int:
    """Return how many processes and threads a rig takes, this program's among them.

    A tor has its main thread and a worker for each core, at least two (tor 0.4.9.11 on two cores:
    three threads, also where it is told of one core, as the rig's relays and authorities are). A
    smoke run on two cores had 63 at most.
    """
    workers = max(FEWEST_WORKERS, min(cores, MOST_WORKERS))
    tors_tasks = sum(
        1 + (FEWEST_WORKERS if name.startswith(ONE_CORE) else workers) for name in tors
    )
    return OWN_TASKS + MOVER_TASKS * movers + tors_tasks


def lacking_files(allowed: int, *, tors: int, streams: int) -> str | None:
    """Explain why fewer files may be open than a rig needs, or return None.

    A source and a sink each have a socket for every stream.
    """
    needed = max(streams + SPARE_FILES, TOR_FILES if tors else 0)
    if allowed >= needed:
        return None
    who = "every tor wants" if tors and needed == TOR_FILES else f"{streams} streams take"
    return (
        f"at most {allowed} files may be open at once, and {who} {needed}: raise the hard limit "
        "(ulimit -Hn, LimitNOFILE of a unit of systemd, --ulimit nofile of a container)"
    )
