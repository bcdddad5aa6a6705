"""A plan: what it would take to serve a rate from one onion address, and what a rig would serve.

Every figure is a range, from what it is computed from. Rates are in bits per second of goodput.
"""

from __future__ import annotations

from typing import Literal

from onionrig.records import Part
from onionrig.records.manifest import Mode

Origin = Literal["measured here", "measured elsewhere", "read", "estimated", "asked"]
"""Where a figure is from: this user's run or probe; one that is shipped; a named source, which
nobody here has measured again; a guess, with its reason; the command line."""

ConstraintKind = Literal["NIC", "CPU", "memory", "introduction points", "windows"]


class Range(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A figure: the likely value, and the lowest and highest that what it is made of allows."""

    lowest: float
    likely: float
    highest: float


class Input(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that a plan is computed from."""

    name: str
    value: Range
    unit: str
    origin: Origin
    source: str
    """Where it stands, or what was run."""
    replaced_by: str = ""
    """How to put a measurement in its place: a command, or what to write where."""


class Constraint(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one limit alone would let the planned rig serve."""

    kind: ConstraintKind
    goodput_bits_per_second: Range
    sentence: str


class Projection(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What so many hosts would serve."""

    hosts: int
    daemons_per_host: int
    goodput_bits_per_second: Range
    constraint: ConstraintKind
    """What binds at the likely value."""


class Cash(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the hosts cost together; boards alone: no switch, power supply, card or case."""

    amount: float
    currency: str
    per: Literal["piece", "month", "hour"]
    """``piece``: once."""
    date: str
    """When the price was so."""


class ClientSide(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What drives the rig: cores like those of the machine that was measured."""

    client_tors: int
    client_cores: Range
    relay_cores: Range
    """Of all relays of a private network together."""
    link_bits_per_second: Range
    """What the clients' side must take from the wire."""


class Bill(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must be there."""

    hosts: int
    daemons_per_host: int
    instances: int
    introduction_points: int
    """In all descriptors of the address together."""
    descriptors: int
    streams: int
    """That must be open at once, each on a circuit of its own."""
    memory_bytes_per_host: Range
    """Of the daemons and what the rig runs beside them."""
    client_side: ClientSide
    watts: Range | None
    """None where the catalogue has no figure."""
    price: Cash | None
    link_bits_per_second: Range | None = None
    """Of each host, frames counted, each way; None where no record says it."""


class HostsNeeded(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For the target and its headroom; the likely number is the planned one."""

    fewest: int
    """If everything is at the better end of its range."""
    likely: int
    most: int | None
    """If everything is at the worse end; None where no number is enough then."""


class HardwarePlan(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer for one kind of hardware."""

    hardware: str
    """Its id in the catalogue."""
    name: str
    possible: bool
    answer: str
    """In a sentence; where it is impossible, why, and the nearest thing that works."""
    hosts_needed: HostsNeeded | None = None
    """None where no target was asked for, or no number of hosts is likely to reach it."""
    bill: Bill | None = None
    """Of the planned rig; None where it is impossible."""
    projected_bits_per_second: Range | None = None
    """Of the planned rig."""
    binding: Constraint | None = None
    next_binding: Constraint | None = None
    constraints: tuple[Constraint, ...] = ()
    """All of the planned rig, the lowest first."""
    curve: tuple[Projection, ...] = ()
    """By hosts, from 1 to as many as are worth drawing."""
    inputs: tuple[Input, ...] = ()


class Plan(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer."""

    schema: Literal[1] = 1
    made: str
    """UTC, ISO 8601."""
    onionrig: str
    """The version that computed it."""
    target_bits_per_second: float | None
    """None where a number of hosts was asked for instead."""
    headroom: float
    """Of the target, to be had beyond it: 0.2 is a fifth."""
    mode: Mode
    balancer: Literal["stock", "extended"]
    round_trip_seconds: Range
    measurement: str
    """What the costs are from, in a sentence: which run, when, on which machine."""
    assumptions: tuple[str, ...]
    """What was taken for granted, each in a sentence."""
    hardware: tuple[HardwarePlan, ...]
    """In the order asked."""
    command: tuple[str, ...] = ()
    """How to make it again."""
    stock_answers: tuple[str, ...] = ()
    """What stock Onionbalance could do, in a sentence for each kind of hardware. It is empty unless
    nobody named a balancer and the plan is for the extended one."""
