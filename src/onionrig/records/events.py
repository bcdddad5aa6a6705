"""What happened in a run, and when: phases, waits, milestones, findings and failures."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from onionrig.records.streams.schedule import Reach


class Phase(StrEnum):
    """The phases of a run, in order."""

    BRING_UP = "bring up"
    READY = "ready"
    DIALS = "dials"
    """Present only if the experiment asks for dials."""
    RAMP = "ramp"
    HOLD = "hold"
    DRAIN = "drain"
    TEAR_DOWN = "tear down"


class Reached(StrEnum):
    """What bring-up reaches, in order; each is timed from the start of the run."""

    NETWORK = "network"
    """A consensus lists every relay, every relay has it, and every other tor has bootstrapped."""
    FRONTEND = "frontend"
    """A client tor has fetched the frontend's descriptor with the expected points."""
    FIRST_BYTE = "first byte"
    """The first verified byte came through the balanced address."""


class Event(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"
):
    """Something that happened."""

    wall_seconds: float
    since_start_seconds: float


class PhaseBegan(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="phase"):
    """A phase of the run began."""

    phase: Phase


class Waiting(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="waiting"):
    """What the run waits for from now on, in words."""

    subject: str


class Milestone(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="milestone"):
    """Bring-up has reached something."""

    reached: Reached


class Noted(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="noted"):
    """Something that a reader of the run should know, in words."""

    text: str


class Covered(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="covered"):
    """Which introduction points of the frontend's descriptor a client tor can use."""

    client: str
    usable_points: dict[str, int]
    """Number of usable points of each backend instance."""
    drawn_points: dict[str, int] = msgspec.field(default_factory=dict)
    """Number of points that lead to each backend instance when a client picks one: a point that
    shares a relay leads to the first point on that relay. Empty if this was not examined."""
    variant: int = 1
    """Number of the descriptor, among the address's distinct ones, that the client tor holds,
    counted from 1."""


class Starved(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="starved"):
    """A backend instance that the load will not reach, and why."""

    backend: str
    reason: str


class Scheduled(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="scheduled"):
    """The times of a load (wall-clock seconds); a run may have several loads in succession."""

    ramp_second: int
    hold_second: int
    end_second: int
    streams: int
    """Total number of streams."""
    reach: Reach = "address"
    settings: dict[str, str] = msgspec.field(default_factory=dict)
    """Settings of this load that override the run's experiment, by ``table.key``."""


class Held(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="held"):
    """The hold of the last scheduled load was completed."""


class Happened(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="happened"):
    """A planned fault of the experiment was carried out."""

    verb: str
    subject: str
    """Name of the service or emulated host."""
    of_host: bool = False
    """True if the subject is a host. Events about a link always are about hosts; older recordings,
    which had no other faults of hosts, omit this."""
    bits_per_second: float | None = None
    """Rate of the host's link from then on, each way; null if the fault did not change it."""
    followed_up: bool = False
    """Whether answers and publications were watched from then on; older recordings omit this."""


class Listed(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="listed"):
    """From now on the address's descriptors, on any HSDir, list these instances.

    This is watched only if the experiment plans faults.
    """

    instances: tuple[str, ...]


class Published(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="published"):
    """HSDirs have just acknowledged a descriptor of the address; recorded at most once per second.

    This is watched only if the experiment plans faults.
    """


class Answered(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="answered"):
    """A tor that was restarted or resumed reports at its control port that it is up."""

    service: str


class HostGone(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="host gone"):
    """A host was lost under load without a planned fault; the run went on."""

    host: str
    reason: str
    last_heard_wall_seconds: float
    """Time at which it last answered, or recorded something that arrived."""


class Failed(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="failed"):
    """What ended the run early."""

    error: str
    message: str
    exit_code: int


class Finished(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="finished"):
    """The run completed all its phases."""


AnyEvent = (
    PhaseBegan
    | Waiting
    | Milestone
    | Noted
    | Covered
    | Starved
    | Scheduled
    | Held
    | Happened
    | Listed
    | Published
    | Answered
    | HostGone
    | Failed
    | Finished
)
