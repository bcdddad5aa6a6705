"""What a host must have for the services of a run: memory, disk, processes, open files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.units import size_text

if TYPE_CHECKING:
    from collections.abc import Sequence

DAEMON_BYTES = 100 << 20
"""Memory planned for a busy tor (a judgement: idle ones take 15 to 30 MB)."""
QUIET_DAEMON_BYTES = 40 << 20
"""Memory planned for an authority, a relay of a private network or the balancer's tor."""
SYSTEM_BYTES = 256 << 20
"""Memory planned for the system and the programs beside the daemons (a judgement)."""
RECORDS_BYTES = 100 << 20
"""Disk space that the records of a run may take."""
TOR_FILES = 1000
"""Number of open files that tor insists on being allowed (tor manual: ConnLimit)."""
SPARE_FILES = 64
"""Number of files that a mover opens besides its streams."""
STATE_BYTES = 1 << 20
"""Disk space planned for a daemon in the workspace (a judgement: about 175 KiB in a smoke run)."""
FEWEST_WORKERS, MOST_WORKERS = 2, 16
"""Lower and upper bound of the worker threads that tor starts, however many cores there are."""
OWN_TASKS = 24
"""Threads of the controller and its keeper, and the programs that they start briefly."""
MOVER_TASKS = 2
"""Number of threads of a mover."""
ONE_CORE = ("authority-", "relay-")
"""Prefixes of the tors that are configured for one core (``rig.torrc``)."""
BUSY = ("backend-", "client-")
"""Prefixes of the tors that carry all bytes of the load, each to or from one program."""


def daemons_that_fit(memory_bytes: int) -> int:
    """Return the number of busy daemons that fit into a host's memory, besides its system."""
    return max(0, (memory_bytes - SYSTEM_BYTES) // DAEMON_BYTES)


def lacking_memory(tors: Sequence[str], available_bytes: int) -> str | None:
    """Explain why a host has too little memory for these tors, or return None.

    Memory that the system uses is not counted, since it is not available.
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
    """Explain why a host has too little disk space for the records of a run, or return None."""
    if free_bytes >= RECORDS_BYTES:
        return None
    return (
        f"{size_text(free_bytes)} of disk are free, and the records of a run may take "
        f"{size_text(RECORDS_BYTES)}: free that much in /var/lib"
    )


def tasks_of(tors: Sequence[str], *, movers: int, cores: int) -> int:
    """Return the number of processes and threads that a rig takes, including this program's.

    A tor has its main thread and a worker for each core, at least two (tor 0.4.9.11 on two cores:
    three threads, even when configured for one core, as the rig's relays and authorities are). A
    smoke run on two cores had 63 at most.
    """
    workers = max(FEWEST_WORKERS, min(cores, MOST_WORKERS))
    tors_tasks = sum(
        1 + (FEWEST_WORKERS if name.startswith(ONE_CORE) else workers) for name in tors
    )
    return OWN_TASKS + MOVER_TASKS * movers + tors_tasks


def lacking_files(allowed: int, *, tors: int, streams: int) -> str | None:
    """Explain why the limit on open files is too low for a rig, or return None.

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
