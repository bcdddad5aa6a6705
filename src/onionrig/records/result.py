"""result.json, schema 1: what a run means. Later versions add to it and never rename.

Rates are in bits per second of goodput (payload verified at the sinks), sizes in bytes.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from onionrig.records import Part
from onionrig.records.aftermath import Aftermath
from onionrig.records.dials import Dials
from onionrig.records.findings import Bottleneck, Repetitions, RoundTrip, TorCircuits, Trust
from onionrig.records.hosts import HostFigures, Links
from onionrig.records.manifest import Mode

Status = Literal["complete", "aborted"]
WINDOW_SECONDS = 10
"""The sustained rate is the lowest mean of this many seconds in a row; a shorter hold has none."""


class Verdict(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the target was met; null where none was set or nothing was held."""

    target_bits_per_second: float | None
    met: bool | None
    """Sustained rate at or above the target."""


class Goodput(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rates over the hold; null where fewer than ten seconds of it were recorded."""

    sustained_bits_per_second: float | None
    """Lowest mean of any 10 consecutive seconds, sliding by one; a missing second counts as 0."""
    median_second_bits_per_second: float | None
    mean_bits_per_second: float | None
    lowest_second_bits_per_second: float | None
    highest_second_bits_per_second: float | None
    variation: float | None
    """Standard deviation of the one-second rates over their mean."""
    steady_seconds: int
    """Seconds of hold that the figures cover."""
    missing_seconds: int
    """Of those, seconds for which a sink has no sample."""


class Streams(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
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
    """From the dial to the first byte, of attempts that got one."""
    still_waiting: int = 0
    """Streams that the end of the load found without a byte since their last dial. Results from
    before this was counted have 0."""


class Bytes(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Payload over the whole load, ramp and hold."""

    verified: int
    corrupt: int
    unverified: int = 0
    """Of a foreign peer, which nobody can check; its bytes are the baseline's goodput."""


class BackendShare(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one backend instance served during the hold."""

    name: str
    host: str
    bytes: int
    share: float
    """Of all bytes of the hold, 0 to 1."""
    streams: int
    """Mean number of streams it served, rounded."""


class StarvedBackend(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A backend instance that served nothing in the hold, or never a probe, and why."""

    name: str
    reason: str


class Fairness(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How evenly the backend instances served; null where nothing was served."""

    jain: float | None
    """Jain's index of the bytes: 1 is even, 1/n is one instance doing everything."""
    smallest_over_mean: float | None
    starved: tuple[StarvedBackend, ...]


class BringUp(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Seconds from the start of the run; null where it was not reached."""

    network: float | None
    frontend: float | None
    total: float | None
    """To the first verified byte through the balanced address."""


class Cost(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one role took over the hold."""

    processes: int
    cpu_seconds_per_gbit: float | None
    """CPU-seconds per 1e9 bits of goodput."""
    cores: float
    """Mean number of cores in use by the role."""
    peak_rss_bytes: int
    """Of the largest process."""


class Figure(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that a load came to, beside or instead of goodput."""

    name: str
    value: float | None
    """Null where it was not measured."""
    unit: str
    """As in ``connections/s``; empty of a plain number."""
    note: str = ""
    """What else to know of it, in words."""


class LostHost(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A host that was lost under load, although nothing had been done to it; the run went on."""

    name: str
    second: float
    """When it was last heard, in seconds of the hold; negative before the hold."""
    reason: str


class Failure(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a run was aborted, or why it came to nothing although it was complete."""

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
    streams: Streams
    bytes: Bytes
    backends: tuple[BackendShare, ...]
    fairness: Fairness
    bring_up_seconds: BringUp
    costs: dict[str, Cost]
    """By role."""
    bottleneck: Bottleneck | None = None
    """What bound the rate; null in results of before 0.2."""
    links: Links | None = None
    """Of emulated hosts; null where there are none."""
    trust: Trust | None = None
    round_trip: RoundTrip | None = None
    tor_circuits: TorCircuits | None = None
    repetitions: Repetitions | None = None
    dials: Dials | None = None
    """What short streams showed before the load; null where none were asked for."""
    aftermaths: tuple[Aftermath, ...] = ()
    """What followed each thing that the experiment had done to the rig."""
    settings: dict[str, str] = msgspec.field(default_factory=dict)
    """What this load had otherwise than the run's experiment: by ``table.key``."""
    figures: tuple[Figure, ...] = ()
    """What the load came to beside or instead of goodput, where its shape has such figures."""
    load: int | None = None
    """The number of the run's load that the figures are of, from 1; of repetitions it is the median
    one. Null where no load was scheduled, and in results that were written before this was."""
    hosts: tuple[HostFigures, ...] = ()
    """What each host with a link of its own ran and did; empty where all ran on one machine."""
    lost_hosts: tuple[LostHost, ...] = ()
    """Hosts that were lost under load, in order; the run went on without them, and no verdict is
    given."""
