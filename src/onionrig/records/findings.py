"""What a result says beyond its rates: their bottleneck, and whether they can be trusted."""

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
"""Kinds of bottleneck: the names of what may have limited the rate.

machine CPU: all usable cores of a host are busy. CPU withheld: threads waited for a CPU although
cores were free. main thread: the main thread of one tor uses a whole core. interface: one is at its
rate. memory: threads waited for memory, or TCP reached its own memory limit. connection table: that
of a host was full, so new connections were dropped. window: nothing is saturated, and the rate is
the number of streams times the window over the circuits' round-trip time. stalled backend: one
served, then delivered nothing. planned fault: a fault of the experiment itself took the goodput or
silenced a backend. lost host: a host could no longer be reached, and the run went on without it.
load: nothing is saturated, and the windows would allow more: the knee is not reached. unknown: too
little was recorded to tell."""


class Evidence(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One quantity that was compared with its limit."""

    what: str
    measured: float
    limit: float | None
    """Upper bound of the quantity; null if unknown."""
    unit: str
    """``cores``, ``bits per second``, ``seconds``, ``threads``, ``connections``."""
    at_limit: bool
    kind: BottleneckKind | None = None
    """Kind of bottleneck that this quantity would be; null in results from before it was kept."""


class Bottleneck(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The resource that limited the rate, with every quantity that was examined."""

    kind: BottleneckKind
    subject: str | None
    """Name of the host, service, interface or backend; null if it is none of these."""
    sentence: str
    evidence: tuple[Evidence, ...]


class Agreement(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The sinks' byte count compared with another count of the same bytes."""

    what: str
    """Name of the other count: ``sources``, ``tor`` or ``interfaces``."""
    sink_bytes: int | None
    other_bytes: int | None
    difference: float | None
    """Other count over the sinks' count, minus 1; null if it is not judged."""
    expected: tuple[float, float] | None
    """Lowest and highest difference to be expected."""
    cause: str
    """Why the counts may differ, or why they are not compared."""
    explained: bool | None
    """Whether the difference lies within the expected range, give or take one percent."""


class CpuAgreement(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """CPU time of a role's processes compared with that of their control groups, over the hold."""

    role: str
    process_cpu_seconds: float
    """CPU time of the sampled processes."""
    group_cpu_seconds: float
    """CPU time counted by their control groups, whatever ran in them; costs are computed from
    this."""
    agrees: bool
    """Whether the two differ by no more than the time between their readings explains."""


class Noise(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What else the machine did during the hold; null if it could not be read."""

    others_cores: float | None
    """Mean number of cores used by processes outside the rig, on the busiest host."""
    steal_cores: float | None
    """Mean number of cores that the hypervisor gave to other guests, on the worst host."""
    machine_busy_cores: float | None
    """Mean number of busy cores by the machine-wide counters; it should be at least the sum over
    all processes."""
    processes_busy_cores: float | None
    """Mean number of cores used by all processes together, the rig's and the others."""


class Trend(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the hold was a steady state."""

    change: float | None
    """Relative change over the hold: the rise of a straight line fitted to its seconds, over the
    mean."""
    significance: float | None
    """The change in standard errors; below 3 it cannot be told from the noise of the seconds."""
    steady: bool | None


class HoldsKnown(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How precisely the holds give the rate of this one network; networks may differ by more."""

    asked_within: float
    """Requested precision: largest relative error of the rate, at 95 % confidence."""
    known: bool
    needed: int | None
    """Number of holds needed, by the spread of the first ones; null until these are over."""
    within: float | None
    """Distance from the rate to the interval's upper end, as a fraction of the rate; null for a
    single hold."""
    interval_bits_per_second: tuple[float, float] | None
    sentence: str


class Repetitions(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The holds of a run; the other figures are those of the median hold."""

    count: int
    sustained_bits_per_second: tuple[float | None, ...]
    """Sustained rate of each hold, in order."""
    lowest_bits_per_second: float | None
    highest_bits_per_second: float | None
    spread: float | None
    """Highest minus lowest rate, over the median; null for a single hold."""
    known: HoldsKnown | None = None
    """Agreement of the holds; null unless they were repeated until the rate was known."""


class Trust(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the figures can be trusted, and why not."""

    trusted: bool | None
    """True if the figures can be trusted; null if there was no hold."""
    doubts: tuple[str, ...]
    """Reasons not to trust the figures, one sentence each."""
    agreement: tuple[Agreement, ...]
    noise: Noise
    trend: Trend
    missing: tuple[str, ...]
    """Records that are missing or could not be read, in words."""
    cpu: tuple[CpuAgreement, ...] = ()
    """Comparison for each role; empty if services had no control groups of their own."""


class RoundTrip(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Round-trip time of a byte to the backend on otherwise idle circuits; null if unmeasured."""

    lowest_seconds: float | None
    median_in_hold_seconds: float | None
    highest_in_hold_seconds: float | None


class TorCircuits(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The backend instances' own counters over the hold; null if they did not answer."""

    rendezvous_begun: int | None
    rendezvous_failed: dict[str, int]
    rendezvous_open: int | None
    """Open rendezvous circuits at the end of the hold."""
    introduction_circuits: int | None
    """Introduction circuits at the end of the hold."""
