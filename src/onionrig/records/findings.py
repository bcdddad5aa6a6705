"""What a result says beyond its rates: what bound them, and whether they can be trusted."""

from __future__ import annotations

from typing import Literal

from onionrig.records import Part

BottleneckKind = Literal[
    "machine CPU",
    "CPU withheld",
    "main thread",
    "interface",
    "memory",
    "connection table",
    "window",
    "stalled backend",
    "planned fault",
    "lost host",
    "load",
    "unknown",
]
"""What bound the rate.

machine CPU: all cores of a host that may be used are full. CPU withheld: threads waited although
they were not. main thread: one tor's main thread is at a full core.
interface: one is at its rate. memory: threads waited for it, or TCP was at the limit of its own.
connection table: a host's was full, so that new connections were dropped. window: nothing is full,
and the rate is what streams times window over the circuits' round trip allows. stalled backend: one
served, then delivered nothing. planned fault: what the experiment itself did to the rig took the
goodput, or silenced a backend. lost host: one could no longer be reached, and the run went on
without it. load: nothing is full, and the windows would allow more: the knee is not reached.
unknown: too little was recorded to say.
"""


class Evidence(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that was held against its limit."""

    what: str
    measured: float
    limit: float | None
    """What it can be at most; null where that is not known."""
    unit: str
    """``cores``, ``bits per second``, ``seconds``, ``threads``, ``connections``."""
    at_limit: bool


class Bottleneck(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The resource that bound the rate, named, with everything that was looked at."""

    kind: BottleneckKind
    subject: str | None
    """Which host, service, interface or backend; null where it is nothing of that sort."""
    sentence: str
    evidence: tuple[Evidence, ...]


class Agreement(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The sinks' bytes against another count of the same bytes."""

    what: str
    """``sources``, ``tor``, ``interfaces``."""
    sink_bytes: int | None
    other_bytes: int | None
    difference: float | None
    """Other over sinks, minus 1; null where it is not judged."""
    expected: tuple[float, float] | None
    """What the difference may be, lowest and highest."""
    cause: str
    """Why they may differ, or why they are not held against each other."""
    explained: bool | None
    """Whether the difference lies within the expected, give or take one percent."""


class CpuAgreement(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """CPU time of a role's processes against that of their control groups, over the hold."""

    role: str
    process_cpu_seconds: float
    """What the processes used that were sampled."""
    group_cpu_seconds: float
    """What their control groups counted, whatever ran in them; costs are made from it."""
    agrees: bool
    """Whether the two differ by no more than they are read apart."""


class Noise(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What else the machine did during the hold; null where it could not be read."""

    others_cores: float | None
    """Mean number of cores that processes outside the rig used, the busiest host's."""
    steal_cores: float | None
    """Mean number of cores that the hypervisor gave to others, the worst host's."""
    machine_busy_cores: float | None
    """As the machine-wide counters have it; it should be no less than what processes add up to."""
    processes_busy_cores: float | None
    """What all processes add up to, the rig's and the others."""


class Trend(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the hold was a steady state."""

    change: float | None
    """Change over the hold as a straight line through its seconds has it, over the mean."""
    significance: float | None
    """How many standard errors that is; below 3 it cannot be told from the seconds' own noise."""
    steady: bool | None


class HoldsKnown(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How well the rate of one network is known by its holds; nothing of how networks differ."""

    asked_within: float
    """Part of the rate by which it may be off, with a chance of 95 %."""
    known: bool
    needed: int | None
    """Number of holds that it takes by the spread of the first ones; null until they are over."""
    within: float | None
    """Part of the rate that the interval's upper end is above it; null for a single hold."""
    interval_bits_per_second: tuple[float, float] | None
    sentence: str


class Repetitions(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The holds of a run; the other figures are those of the median one."""

    count: int
    sustained_bits_per_second: tuple[float | None, ...]
    """Of each, in order."""
    lowest_bits_per_second: float | None
    highest_bits_per_second: float | None
    spread: float | None
    """Highest minus lowest, over the median; null for a single one."""
    known: HoldsKnown | None = None
    """How well the holds agree; null unless they went on until the rate was known."""


class Trust(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the figures can be trusted, and why not."""

    trusted: bool | None
    """Null where nothing was held."""
    doubts: tuple[str, ...]
    """Each reason not to, in a sentence."""
    agreement: tuple[Agreement, ...]
    noise: Noise
    trend: Trend
    missing: tuple[str, ...]
    """What was not recorded or could not be read, in words."""
    cpu: tuple[CpuAgreement, ...] = ()
    """By role; empty where services had no control groups of their own."""


class RoundTrip(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of a byte to the backend and back on circuits that carry nothing else; null if unmeasured."""

    lowest_seconds: float | None
    median_in_hold_seconds: float | None
    highest_in_hold_seconds: float | None


class TorCircuits(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the backend instances' own counters say of the hold; null where they did not answer."""

    rendezvous_begun: int | None
    rendezvous_failed: dict[str, int]
    rendezvous_open: int | None
    """At the hold's end."""
    introduction_circuits: int | None
    """At the hold's end."""
