"""What services are called."""

from __future__ import annotations

BALANCER = "balancer"
BALANCER_TOR = "balancer-tor"
SOURCE, SINK, PINGER, SAMPLER = "source", "sink", "pinger", "sampler"
DIALLER = "dialler"
"""What dials before the load, a given number of times."""
LOAD_DIALLER = "load-dialler"
"""What dials under load, at an interval."""
TORS = "tors"
"""What the sampler calls its record of the tors' own counters, which it asks for in the hold."""


def tors_record(sampler: str) -> str:
    """Name a sampler's record of the tors' own counters."""
    return f"{TORS}{sampler.removeprefix('sampler')}"


def on(name: str, host: str) -> str:
    """Name one of the rig's own processes on an emulated host."""
    return f"{name}-{host}"


def is_one(own: str, name: str) -> bool:
    """Return whether a service is the rig's own process of a name, on whichever host."""
    return name == own or name.startswith(on(own, ""))


def numbered(role: str, count: int) -> list[str]:
    """Name the services of a role: ``relay-1``, ``relay-2``, …"""
    return [f"{role}-{number}" for number in range(1, count + 1)]
