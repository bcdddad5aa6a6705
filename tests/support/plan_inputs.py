"""Boards, measurements and questions of round numbers, for tests of plans."""

from __future__ import annotations

from onionrig.hardware.boards import Board, BoardFigure, Price, Rate
from onionrig.plan.cores.slowdown import Shares
from onionrig.plan.cores.speeds import AES_CBC, CLOCK, SEVEN_ZIP, UNITS, Speeds
from onionrig.plan.question import Candidate, PlanQuestion
from onionrig.plan.ranges import exactly
from onionrig.plan.reference import Reference
from onionrig.records.plan import Input, Range

MIB = float(1 << 20)


def spread(lowest, likely, highest):
    return Range(lowest=lowest, likely=likely, highest=highest)


def figure(name, value, unit="", origin="measured elsewhere"):
    return Input(
        name=name,
        value=exactly(value) if isinstance(value, (int, float)) else value,
        unit=unit,
        origin=origin,
        source="a test",
    )


def speeds(*, aes=1000e6, seven_zip=4000.0, clock=2500.0, instructions=True, cpu_model="EPYC"):
    """What a core does; None leaves a figure out."""
    known = {AES_CBC: aes, SEVEN_ZIP: seven_zip, CLOCK: clock}
    return Speeds(
        figures={
            name: figure(name, value, UNITS[name])
            for name, value in known.items()
            if value is not None
        },
        aes_instructions=instructions,
        cpu_model=cpu_model,
    )


def shares():
    return Shares(
        sha3=figure("sha3", 0.50),
        aes=figure("aes", spread(0.065, 0.08, 0.14)),
        kernel=figure("kernel", 0.15),
        rest=figure("rest", 0.27),
    )


def reference(**changed):
    """A backend instance takes a CPU-second a Gbit, and nothing else anything, unless changed."""
    figures = {
        "backend_cost": 1.0,
        "wire_cost": 1.0,
        "source_cost": 0.0,
        "client_cost": 1.0,
        "relay_cost": 5.0,
        "sampler_cores": 0.0,
        "backend_rss_bytes": 16 * MIB,
        "source_rss_bytes": 16 * MIB,
        "sampler_rss_bytes": 32 * MIB,
        "steadiness": 1.0,
        "link_steadiness": 1.0,
        "payload_share": 0.9,
        "stream_bits_per_second": 20e6,
        "round_trip_seconds": 0.1,
    }
    others = {"sentence": "a test", "mode": "anonymous"}
    own = {name: changed.pop(name, value) for name, value in figures.items()}
    return Reference(
        **{name: figure(name, value) for name, value in own.items()},
        **others,
        shares=shares(),
        machine=changed.pop("machine", speeds()),
        **changed,
    )


def board(**changed):
    """As fast as the machine that was measured, with 4 cores and 100 Mbit/s."""
    figures = {
        "name": "Some Board",
        "cores": BoardFigure[int](value=4, mark="read", source="a test"),
        "clock_mhz": read(2500.0),
        "memory_gb": BoardFigure[tuple[float, ...]](value=(1.0, 4.0), mark="read", source="a test"),
        "aes_instructions": BoardFigure[bool](value=True, mark="read", source="a test"),
        "aes_mb_per_second": read(1000.0),
        "seven_zip_mips": read(4000.0),
        "ethernet_mbit": Rate(value=100.0, counts="frames", mark="measured", source="a test"),
        "idle_watts": read(2.0),
        "stress_watts": read(6.0),
        "price": Price(value=35.0, mark="read", source="a test", date="2026-11", memory_gb=1.0),
    }
    return Board(**{**figures, **changed})


def read(value):
    return BoardFigure[float](value=value, mark="read", source="a test")


def candidate(**changed):
    return Candidate(id="some-board", board=board(**changed), probe=None)


def question(**changed):
    asked = {
        "target_bits_per_second": 500e6,
        "hosts": None,
        "headroom": 0.0,
        "mode": "anonymous",
        "balancer": "stock",
        "round_trip_seconds": None,
        "streams": None,
        "scale": 1.0,
        "link_bits_per_second": None,
    }
    return PlanQuestion(**{**asked, **changed})
