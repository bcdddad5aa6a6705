"""What happened in a run, and when: phases, what was waited for, milestones, findings, failures."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from onionrig.records.schedule import Reach


class Phase(StrEnum):
    """The phases of a run, in order."""

    BRING_UP = "bring up"
    READY = "ready"
    DIALS = "dials"
    """Only where dials are asked for."""
    RAMP = "ramp"
    HOLD = "hold"
    DRAIN = "drain"
    TEAR_DOWN = "tear down"


class Reached(StrEnum):
    """What bring-up reaches, in order; each is timed from the start of the run."""

    NETWORK = "network"
    """A consensus lists every relay, every relay knows it, every other tor has bootstrapped."""
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
    """Something a reader of the run should know, in words."""

    text: str


class Covered(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="covered"):
    """Which introduction points of the frontend's descriptor a client tor can use."""

    client: str
    usable_points: dict[str, int]
    """By backend instance."""
    drawn_points: dict[str, int] = msgspec.field(default_factory=dict)
    """By backend instance, the points that lead to it when a client draws one: a point that shares
    a relay leads to the first on that relay. Empty where it was not looked at."""
    variant: int = 1
    """Which of the address's distinct descriptors the client tor holds, from 1."""


class Starved(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="starved"):
    """A backend instance that the load will not reach, and why."""

    backend: str
    reason: str


class Scheduled(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="scheduled"):
    """A load's times are fixed (wall-clock seconds); a run may have several loads in turn."""

    ramp_second: int
    hold_second: int
    end_second: int
    streams: int
    """Streams asked in all."""
    reach: Reach = "address"
    settings: dict[str, str] = msgspec.field(default_factory=dict)
    """What this load has otherwise than the run's experiment: by ``table.key``."""


class Held(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="held"):
    """The last scheduled load went through its hold to the end."""


class Happened(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="happened"):
    """Something that the experiment planned was done to the rig."""

    verb: str
    subject: str
    """The service, or the emulated host."""
    of_host: bool = False
    """Whether the subject is a host. Events about a link always are; older recordings, which had no
    other faults of hosts, omit this."""
    bits_per_second: float | None = None
    """What the host's link carries since then, each way; null where that stayed as it was."""
    followed_up: bool = False
    """Whether it was watched from then on who answers and publishes; older recordings omit it."""


class Listed(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="listed"):
    """From now on these instances stand in the address's descriptors, on any HSDir.

    Watched only where something happens to the rig.
    """

    instances: tuple[str, ...]


class Published(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="published"):
    """HSDirs have acknowledged a descriptor of the address just now; told once a second at most.

    Watched only where something happens to the rig.
    """


class Answered(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="answered"):
    """A tor that was started again, or told to go on, says at its control port that it is up."""

    service: str


class HostGone(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="host gone"):
    """A host was lost under load, although nothing had been done to it; the run went on."""

    host: str
    reason: str
    last_heard_wall_seconds: float
    """When it last answered or recorded something that arrived."""


class Failed(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="failed"):
    """What ended the run before its time."""

    error: str
    message: str
    exit_code: int


class Finished(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="finished"):
    """The run went through all its phases."""


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
