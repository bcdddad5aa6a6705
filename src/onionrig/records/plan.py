"""A plan: what it would take to serve a rate from one onion address, and what a rig would serve.

Every figure is a range, derived from its inputs. Rates are in bits per second of goodput.
"""

from __future__ import annotations

from typing import Literal

from onionrig.records import Part
from onionrig.records.manifest import Mode

Origin = Literal["measured here", "measured elsewhere", "read", "estimated", "asked"]
"""Origin of a figure: this user's run or probe; a shipped measurement; a named source that nobody
here has verified by measuring; a guess, with its reason; the command line."""

ConstraintKind = Literal["NIC", "CPU", "memory", "introduction points", "windows"]


class Range(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A figure: its likely value, and the lowest and highest that its inputs allow."""

    lowest: float
    likely: float
    highest: float


class Input(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One input of the computation of a plan."""

    name: str
    value: Range
    unit: str
    origin: Origin
    source: str
    """Document that has the value, or the measurement that gave it."""
    replaced_by: str = ""
    """Instructions for replacing it with a measurement: a command to run, or what to write and in
    which file."""


class Constraint(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the planned rig would serve if only this limit applied."""

    kind: ConstraintKind
    goodput_bits_per_second: Range
    sentence: str


class Projection(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a number of hosts would serve."""

    hosts: int
    daemons_per_host: int
    goodput_bits_per_second: Range
    constraint: ConstraintKind
    """Constraint that is the bottleneck at the likely value."""


class Cash(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Price of all hosts together: boards only, without switch, power supply, card or case."""

    amount: float
    currency: str
    per: Literal["piece", "month", "hour"]
    """Unit of the price; ``piece`` is paid once."""
    date: str
    """Date of the price."""


class ClientSide(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What drives the rig, in cores like those of the measured machine."""

    client_tors: int
    client_cores: Range
    """Cores for all client tors together."""
    relay_cores: Range
    """Cores for all relays of a private network together."""
    link_bits_per_second: Range
    """Rate that the clients' side must receive."""


class Bill(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the planned rig needs."""

    hosts: int
    daemons_per_host: int
    instances: int
    introduction_points: int
    """Introduction points in all descriptors of the address together."""
    descriptors: int
    streams: int
    """Streams that must be open at once, each on a circuit of its own."""
    memory_bytes_per_host: Range
    """Memory for the daemons and for what the rig runs beside them."""
    client_side: ClientSide
    watts: Range | None
    """Power draw; null if the catalogue has no figure."""
    price: Cash | None
    link_bits_per_second: Range | None = None
    """Link rate of each host, each way, frames included; null if no record has it."""


class HostsNeeded(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hosts needed for the target and its headroom; the plan uses the likely number."""

    fewest: int
    """Hosts needed if everything is at the better end of its range."""
    likely: int
    most: int | None
    """Hosts needed if everything is at the worse end; null if no number is enough then."""


class HardwarePlan(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer for one kind of hardware."""

    hardware: str
    """Id of the hardware in the catalogue."""
    name: str
    possible: bool
    answer: str
    """The answer in a sentence; if the target is impossible, why, and the nearest thing that
    works."""
    hosts_needed: HostsNeeded | None = None
    """Hosts needed; null if no target was asked for, or no number of hosts is likely to reach
    it."""
    bill: Bill | None = None
    """Bill of the planned rig; null if the target is impossible."""
    projected_bits_per_second: Range | None = None
    """Goodput that the planned rig would serve."""
    binding: Constraint | None = None
    next_binding: Constraint | None = None
    constraints: tuple[Constraint, ...] = ()
    """All constraints of the planned rig, the lowest first."""
    curve: tuple[Projection, ...] = ()
    """Projections from 1 host to as many as are worth drawing."""
    inputs: tuple[Input, ...] = ()


class Plan(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The plan: the question, what it assumes, and the answer for each kind of hardware."""

    schema: Literal[1] = 1
    made: str
    """Time of the computation, UTC, ISO 8601."""
    onionrig: str
    """Version of onionrig that computed it."""
    target_bits_per_second: float | None
    """Rate to be served; null if a number of hosts was asked for instead."""
    headroom: float
    """Spare capacity as a share of the target: 0.2 is a fifth."""
    mode: Mode
    balancer: Literal["stock", "extended"]
    round_trip_seconds: Range
    measurement: str
    """Measurement that the costs are from, in a sentence: which run, when, on which machine."""
    assumptions: tuple[str, ...]
    """Assumptions, one sentence each."""
    hardware: tuple[HardwarePlan, ...]
    """Plan for each kind of hardware, in the order asked."""
    command: tuple[str, ...] = ()
    """Command that makes the plan again."""
    run_doubts: tuple[str, ...] = ()
    """Reasons not to trust the figures of the run that the costs are from, as its result has them.
    """
    stock_answers: tuple[str, ...] = ()
    """Answers for stock Onionbalance, one sentence for each kind of hardware. Empty unless nobody
    named a balancer and the plan is for the extended one."""
