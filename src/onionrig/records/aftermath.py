"""What came after something was done to the rig."""

from __future__ import annotations

from typing import Literal

from onionrig.records import Part
from onionrig.records.dials import Outage

Awaited = Literal["answered", "published", "listed"]
"""What shows that a fault has taken effect: a tor is up, the address is published, its descriptors
have the change."""


class Aftermath(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What followed, until the next thing was done or the hold ended."""

    verb: str
    subject: str
    """The service, or the emulated host."""
    bits_per_second: float | None = None
    """What the host's link carried since then, each way; null where that stayed as it was."""
    at_seconds: float
    """From the beginning of the hold."""
    lasted_seconds: float
    """For which it was looked at."""
    before_bits_per_second: float | None
    """Mean goodput of the last 5 s of the hold, before this, that nothing which was done to the rig
    had disturbed. Null where there are none."""
    lowest_bits_per_second: float | None
    """The lowest second that followed."""
    recovered_after_seconds: float | None
    """Until the first of 3 s in a row that brought at least 90 % of the goodput before: 0 where it
    never fell, null where there were none, or nothing came before."""
    listed_after_seconds: float | None
    """Until the address's descriptors had the change: an instance that was stopped out of all of
    them, one that was started in one of them; a host's are taken together. Null where that did not
    come before something else was done to it, or none was due."""
    answered_after_seconds: float | None = None
    """Until every tor that was started again, or told to go on, said that it was up; null where one
    did not in that time, or none was awaited."""
    published_after_seconds: float | None = None
    """Until HSDirs acknowledged a descriptor of the address, where the balancer or its tor was
    brought back; null where none did in that time, or that was not awaited."""
    awaited: tuple[Awaited, ...] = ()
    """Which of these three was due and looked out for."""
    awaited_for_seconds: float = 0.0
    """How long they were looked out for: until something else was done to the same service or host,
    or the hold ended."""
    dials: Outage
    """Of new streams that were dialled meanwhile."""
