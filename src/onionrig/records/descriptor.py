"""What clients see of an onion address: ``onionrig descriptor --json``, schema 1."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from onionrig.records import Part


class Answer(StrEnum):
    """An HSDir's answer to a request for the address's descriptor."""

    HELD = "has it"
    NOTHING = "has none"
    UNREADABLE = "unreadable"
    """It returned a descriptor that cannot be decrypted: client authorisation is on, or it is
    broken."""
    REFUSED = "refused"
    SILENT = "no answer"


class Unreachable(StrEnum):
    """Why no client can reach a backend instance."""

    NOT_PUBLISHED = "not published"
    """It has no descriptor of its own, so none of its points can be listed."""
    NOT_LISTED = "not listed"
    """No variant lists any of its points."""
    SHARED_RELAYS = "shared relays"
    """Each of its points comes after another one on the same relay."""


class PointSeen(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An introduction point, in the descriptor's order."""

    number: int
    """Position in the descriptor, counted from 1."""
    key: str
    """Authentication key in hex."""
    relay: str
    """Fingerprint of the relay."""
    nickname: str | None
    """Nickname of the relay; null if the consensus does not list it (any more)."""
    instance: str | None
    """Backend instance that the point belongs to; null if unknown."""
    same_relay_as: int | None
    """Number of an earlier point on the same relay, which clients use instead of this one."""


class DescriptorVariant(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A distinct descriptor: one list of points, in one order, with one set of flags."""

    number: int
    hsdirs: tuple[str, ...]
    """Fingerprints of the HSDirs that hold it."""
    share: float
    """Share of clients that get it, since each client picks an HSDir at random."""
    flow_control: str | None
    """Flow control as the descriptor states it: versions and cells per SENDME; null if it states
    none, so that clients use no congestion control."""
    single_hop: bool
    points: tuple[PointSeen, ...]


class Age(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Estimated age of a descriptor, with its uncertainty."""

    seconds: float
    within_seconds: float
    by: Literal["revision", "certificate"]
    """Source of the estimate (docs/descriptor.md); a certificate gives it to within two hours."""


class HeldDescriptor(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The descriptor that an HSDir holds."""

    variant: int
    revision: int
    size_bytes: int
    lifetime_seconds: int
    """Time for which the HSDir keeps it."""
    valid_until: str
    """Time (UTC) at which the certificate of its signing key expires."""
    age: Age
    seen_for_seconds: float
    """Time since this revision was first seen on this HSDir; 0 on the first look."""


class HSDirSeen(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An HSDir that clients ask for the descriptor."""

    fingerprint: str
    nickname: str
    replica: int
    answer: Answer
    reason: str
    """Why there is no descriptor, in tor's word; empty if there is one, or if the HSDir did not
    answer."""
    held: HeldDescriptor | None


class InVariant(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An instance's points in a variant."""

    variant: int
    listed: int
    usable: int
    """Points that are the first on their relay."""


class InstanceSeen(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A backend instance, and how clients of the address can reach it."""

    name: str
    address: str
    own_points: int | None
    """Points in the instance's own descriptor; null if no HSDir has one."""
    variants: tuple[InVariant, ...]
    """Variants that list the instance."""
    reachable: bool | None
    """Whether clients can reach it; null if no point known to be its own can be used, but some
    points belong to no known instance."""
    unreachable: Unreachable | None
    """Why it cannot be reached through the points that are known."""
    share: float
    """Share of dials that it would serve if each client picked an HSDir and a point at random."""


class AddressSeen(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One look at an onion address."""

    schema: Literal[1] = 1
    address: str
    run: str | None
    """Run whose rig the address belongs to; null if there is none."""
    asked: str
    """Control socket or port of the tor that fetched the descriptors."""
    time: str
    """Time of the look, UTC, ISO 8601."""
    time_period: int
    period_ends: str
    """Time (UTC) from which other HSDirs are responsible."""
    healthy: bool
    verdict: str
    """The worst trouble, or that all is well, in one sentence."""
    troubles: tuple[str, ...]
    """All troubles, the worst first."""
    notes: tuple[str, ...]
    """Remarks about things that do not keep clients out."""
    hsdirs: tuple[HSDirSeen, ...]
    variants: tuple[DescriptorVariant, ...]
    instances: tuple[InstanceSeen, ...]
    """Backend instances; empty if they are unknown."""
