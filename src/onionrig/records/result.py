"""result.json, schema 1: what a run means. Later versions add to it and never rename.

Rates are in bits per second of goodput (payload verified at the sinks), sizes in bytes.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from onionrig.records import Part
from onionrig.records.aftermath import Aftermath
from onionrig.records.findings import Bottleneck, Repetitions, RoundTrip, TorCircuits, Trust
from onionrig.records.hosts import HostFigures, LinkSum
from onionrig.records.manifest import Mode
from onionrig.records.streams.dials import Dials
from onionrig.records.thresholds import JudgedThreshold
from onionrig.records.yardstick.core_speed import Yardstick

Status = Literal["complete", "aborted"]
WINDOW_SECONDS = 10
"""The sustained rate is the lowest mean of this many seconds in a row; a shorter hold has none."""


class Verdict(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the target was met, and every threshold that the experiment set.

    The target is null if none was set, and ``met`` also if there was no hold.
    """

    target_bits_per_second: float | None
    met: bool | None
    """True if the sustained rate is at or above the target."""
    thresholds: tuple[JudgedThreshold, ...] = ()
    """Every threshold with its figure, the target first. Results from before there were several
    have none."""

    @property
    def missed(self) -> tuple[JudgedThreshold, ...]:
        """Thresholds that are missed, or whose figure is unknown."""
        return tuple(threshold for threshold in self.thresholds if threshold.outcome != "met")


class Goodput(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rates over the hold; null if fewer than ten seconds of it were recorded."""

    sustained_bits_per_second: float | None
    """Lowest mean of any 10 consecutive seconds, sliding by one; a missing second counts as 0."""
    median_second_bits_per_second: float | None
    mean_bits_per_second: float | None
    lowest_second_bits_per_second: float | None
    highest_second_bits_per_second: float | None
    variation: float | None
    """Standard deviation of the one-second rates over their mean."""
    steady_seconds: int
    """Seconds of the hold that the figures cover."""
    missing_seconds: int
    """Covered seconds for which a sink has no sample."""


class StreamCounts(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of the streams, from the first dial to the end of the hold."""

    asked: int
    connected: int
    """Streams that delivered a verified byte at least once."""
    failed: int
    """Attempts that ended before the run did."""
    reconnected: int
    """Attempts after a failure that delivered a verified byte."""
    failed_by_reason: dict[str, int]
    median_first_byte_seconds: float | None
    """Median time from the dial to the first byte, over the attempts that got one."""
    still_waiting: int = 0
    """Streams that had received no byte since their last dial when the load ended. Results from
    before this was counted have 0."""


class Bytes(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Payload bytes over the whole load, ramp and hold."""

    verified: int
    corrupt: int
    unverified: int = 0
    """Bytes of a foreign peer, which cannot be verified; they are the goodput of such a
    baseline."""


class BackendShare(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one backend instance served during the hold."""

    name: str
    host: str
    bytes: int
    share: float
    """Fraction of all bytes of the hold, 0 to 1."""
    streams: int
    """Mean number of streams that it served, rounded."""


class StarvedBackend(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A backend instance that served nothing in the hold, or no dial during bring-up, and why."""

    name: str
    reason: str


class Fairness(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How evenly the backend instances served; null where nothing was served."""

    jain: float | None
    """Jain's index of the bytes: 1 is even, 1/n is one instance doing everything."""
    smallest_over_mean: float | None
    starved: tuple[StarvedBackend, ...]


class BringUp(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Time from the start of the run to each milestone; null if it was not reached."""

    network: float | None
    frontend: float | None
    total: float | None
    """Time to the first verified byte through the balanced address."""


class Cost(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Resources that one role used over the hold."""

    processes: int
    cpu_seconds_per_gbit: float | None
    """CPU-seconds per 1e9 bits of goodput."""
    cores: float
    """Mean number of cores used by the role."""
    peak_rss_bytes: int
    """Peak resident set size of the largest process."""
    reference_core_seconds_per_gbit: float | None = None
    """CPU-seconds per 1e9 bits of goodput as on the reference core; null if the yardstick was not
    read on every host of the role, and in results from before it was."""


class LoadFigure(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One figure of a load, in addition to goodput or instead of it."""

    name: str
    value: float | None
    """Value of the figure; null if it was not measured."""
    unit: str
    """Unit such as ``connections/s``; empty for a plain number."""
    note: str = ""
    """Remark about the figure, in words."""


class LostHost(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A host that was lost under load without a planned fault; the run went on."""

    name: str
    second: float
    """Time at which it was last heard, in seconds of the hold; negative before the hold."""
    reason: str


class Failure(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a run was aborted, or failed although it was complete."""

    error: str
    message: str
    exit_code: int


class Result(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a run means."""

    schema: Literal[1] = 1
    run: str
    started: str
    profile: str
    address: str | None
    mode: Mode
    balancer: str
    status: Status
    failure: Failure | None
    verdict: Verdict
    goodput: Goodput
    streams: StreamCounts
    bytes: Bytes
    backends: tuple[BackendShare, ...]
    fairness: Fairness
    bring_up_seconds: BringUp
    costs: dict[str, Cost]
    """Resources used by each role."""
    bottleneck: Bottleneck | None = None
    """Resource that limited the rate; null in results from before 0.2."""
    links: LinkSum | None = None
    """Links of emulated and real hosts; null if there are none."""
    trust: Trust | None = None
    round_trip: RoundTrip | None = None
    tor_circuits: TorCircuits | None = None
    repetitions: Repetitions | None = None
    dials: Dials | None = None
    """Outcome of the short streams before the load; null if none were asked for."""
    aftermaths: tuple[Aftermath, ...] = ()
    """Aftermath of each fault of the experiment."""
    settings: dict[str, str] = msgspec.field(default_factory=dict)
    """Settings of this load that override the run's experiment, by ``table.key``."""
    figures: tuple[LoadFigure, ...] = ()
    """Figures of the load in addition to goodput or instead of it, if its shape has any."""
    load: int | None = None
    """Number of the run's load that the figures describe, counted from 1; for repetitions it is the
    median one. Null if no load was scheduled, and in results from before this was recorded."""
    hosts: tuple[HostFigures, ...] = ()
    """Figures of each host with a link of its own; empty if everything ran on one machine."""
    yardstick: Yardstick | None = None
    """Speed of the cores; null if it was not read, and in results from before it was."""
    lost_hosts: tuple[LostHost, ...] = ()
    """Hosts lost under load, in order; the run went on without them, and no verdict is given."""
