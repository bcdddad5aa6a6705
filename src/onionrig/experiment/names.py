"""The names of services."""

from __future__ import annotations

BALANCER = "balancer"
BALANCER_TOR = "balancer-tor"
SOURCE, SINK, PINGER, SAMPLER = "source", "sink", "pinger", "sampler"
DIALLER = "dialler"
"""Name of the process that makes a given number of dials before the load."""
LOAD_DIALLER = "load-dialler"
"""Name of the process that dials under load, at an interval."""
YARDSTICK = "yardstick"
TORS = "tors"
"""Name of the sampler's record of the tors' own counters, which it reads during the hold."""


def tors_record(sampler: str) -> str:
    """Return the name of a sampler's record of the tors' own counters."""
    return f"{TORS}{sampler.removeprefix('sampler')}"


def on(name: str, host: str) -> str:
    """Return the name of one of the rig's own processes on a host."""
    return f"{name}-{host}"


def is_one(own: str, name: str) -> bool:
    """Return whether a service is the rig's own process of this name, on whichever host."""
    return name == own or name.startswith(on(own, ""))


def numbered(role: str, count: int) -> list[str]:
    """Return the names of the services of a role: ``relay-1``, ``relay-2``, …"""
    return [f"{role}-{number}" for number in range(1, count + 1)]
