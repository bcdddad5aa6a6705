"""What clients see of an onion address: ``onionrig descriptor --json``, schema 1."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from onionrig.records import Part


class Answer(StrEnum):
    """What an HSDir said when it was asked for the address's descriptor."""

    HELD = "has it"
    NOTHING = "has none"
    UNREADABLE = "unreadable"
    """It gave one that cannot be decrypted: of client authorisation, or broken."""
    REFUSED = "refused"
    SILENT = "no answer"


class Unreachable(StrEnum):
    """Why no client can reach a backend instance."""

    NOT_PUBLISHED = "not published"
    """It has no descriptor of its own, so that nothing of it can be listed."""
    NOT_LISTED = "not listed"
    """No variant has a point of it."""
    SHARED_RELAYS = "shared relays"
    """Each of its points has an earlier one on the same relay."""


class Point(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An introduction point, in the descriptor's order."""

    number: int
    """From 1."""
    key: str
    """Its authentication key, hex."""
    relay: str
    """Fingerprint."""
    nickname: str | None
    """Of the relay; null where the consensus does not list it (any more)."""
    instance: str | None
    """The backend instance that it belongs to; null where that is not known."""
    same_relay_as: int | None
    """Number of an earlier point on the same relay: clients use that one, never this one."""


class Variant(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A distinct descriptor: one list of points, in one order, with one set of flags."""

    number: int
    hsdirs: tuple[str, ...]
    """Fingerprints of those that hold it."""
    share: float
    """Of clients: each takes the descriptor of an HSDir chosen at random."""
    flow_control: str | None
    """As it stands there: versions, cells a SENDME; null: clients use no congestion control."""
    single_hop: bool
    points: tuple[Point, ...]


class Age(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long ago a descriptor was made, give or take."""

    seconds: float
    within_seconds: float
    by: Literal["revision", "certificate"]
    """What told it: see docs/descriptor.md; a certificate tells it to two hours."""


class Held(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The descriptor that an HSDir holds."""

    variant: int
    revision: int
    size_bytes: int
    lifetime_seconds: int
    """How long the HSDir keeps it."""
    valid_until: str
    """UTC: when its signing key's certificate expires."""
    age: Age
    seen_for_seconds: float
    """Since this revision was first seen on this HSDir; 0 in a first look."""


class HSDirSeen(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An HSDir that clients ask."""

    fingerprint: str
    nickname: str
    replica: int
    answer: Answer
    reason: str
    """Why there is no descriptor, in tor's word; empty where there is one, or no answer."""
    held: Held | None


class InVariant(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An instance's points in a variant."""

    variant: int
    listed: int
    usable: int
    """Those that are the first on their relay."""


class InstanceSeen(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A backend instance, as clients of the address can reach it."""

    name: str
    address: str
    own_points: int | None
    """In its own descriptor; null where no HSDir has one."""
    variants: tuple[InVariant, ...]
    """Those that list it."""
    reachable: bool | None
    """null: by the points it cannot, but some points are of nobody known."""
    unreachable: Unreachable | None
    """Why it cannot be reached by the points that are known."""
    share: float
    """Of dials, were every client to take an HSDir and a point at random."""


class AddressSeen(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One look at an onion address."""

    schema: Literal[1] = 1
    address: str
    run: str | None
    """Of whose rig it is."""
    asked: str
    """The control socket or port of the tor that fetched."""
    time: str
    """UTC, ISO 8601."""
    time_period: int
    period_ends: str
    """UTC: other HSDirs are responsible from then on."""
    healthy: bool
    verdict: str
    """The worst trouble, or that all is well; one sentence."""
    troubles: tuple[str, ...]
    """All of them, the worst first."""
    notes: tuple[str, ...]
    """What to know, though it keeps nobody out."""
    hsdirs: tuple[HSDirSeen, ...]
    variants: tuple[Variant, ...]
    instances: tuple[InstanceSeen, ...]
    """Empty where they are not known."""
