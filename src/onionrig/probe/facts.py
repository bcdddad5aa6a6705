"""Facts about this machine, for the manifest and for ``doctor``. What cannot be read is None."""

from __future__ import annotations

import platform
import re
from pathlib import Path

import psutil

from onionrig.movers.sampler.allowed_cpu import read_allowed_cpu
from onionrig.processes.limits import MemoryRoom, memory_room
from onionrig.records.manifest import HostFacts

AES_FLAGS = {"aes"}
"""Flags of AES in /proc/cpuinfo: x86's ``flags`` and ARM's ``Features``."""


def host_facts(name: str) -> HostFacts:
    """Return the facts of this machine."""
    cpu = first_of("/proc/cpuinfo", ("model name", "Model", "Hardware"))
    flags = first_of("/proc/cpuinfo", ("flags", "Features"))
    allowed = read_allowed_cpu()
    restricted = allowed.restriction is not None
    return HostFacts(
        name=name,
        cpu_model=cpu,
        cores=allowed.whole_cores,
        aes_instructions=bool(AES_FLAGS & set(flags.split())) if flags is not None else None,
        memory_bytes=usable_memory().limit_bytes,
        architecture=platform.machine(),
        operating_system=_operating_system(),
        machine_cores=psutil.cpu_count() if restricted else None,
        allowed_cores=allowed.cores if restricted else None,
        cpu_restriction=allowed.restriction,
    )


def usable_memory() -> MemoryRoom:
    """Return the memory of this machine that may be used, and what is free of it."""
    memory = psutil.virtual_memory()
    return memory_room(total_bytes=memory.total, available_bytes=memory.available)


def host_name() -> str:
    """Return this machine's name.

    A kernel takes any bytes for one. In what a source sends and in records it is visible ASCII, so
    each other character becomes a dash.
    """
    return re.sub(r"[^!-~]", "-", platform.node()) or "localhost"


def first_of(path: str | Path, names: tuple[str, ...]) -> str | None:
    """Return the value of the first of these names in a file of "name: value" lines, or None."""
    try:
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    values: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            values.setdefault(name.strip(), value.strip())
    return next((values[name] for name in names if name in values), None)


def _operating_system() -> str | None:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, UnicodeDecodeError):
        return None
