"""What followed each fault that the experiment caused."""

from __future__ import annotations

from typing import Literal

from onionrig.records import Part
from onionrig.records.streams.dials import Outage

Awaited = Literal["answered", "published", "listed"]
"""Evidence that a fault has taken effect: a tor is up, the address is published, or its descriptors
show the change."""


class Aftermath(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What followed a fault, until the next fault or the end of the hold."""

    verb: str
    subject: str
    """Name of the service or emulated host."""
    bits_per_second: float | None = None
    """Rate of the host's link from then on, each way; null if the fault did not change it."""
    at_seconds: float
    """Time of the fault, counted from the start of the hold."""
    lasted_seconds: float
    """Length of the period that was observed."""
    before_bits_per_second: float | None
    """Mean goodput of the last 5 s of the hold before this fault that no earlier fault had
    disturbed; null if there are none."""
    lowest_bits_per_second: float | None
    """Goodput of the worst second that followed."""
    recovered_after_seconds: float | None
    """Time until the first of 3 consecutive seconds with at least 90 % of the earlier goodput: 0 if
    goodput never fell below that, null if no such seconds came or the earlier goodput is
    unknown."""
    listed_after_seconds: float | None
    """Time until the address's descriptors showed the change: a stopped instance was gone from all
    of them, or a started one was in at least one. The instances of a host count together. Null if
    another fault of the same subject came first, or no change was due."""
    answered_after_seconds: float | None = None
    """Time until every tor that was restarted or resumed reported that it was up; null if one of
    them did not in the time observed, or none was awaited."""
    published_after_seconds: float | None = None
    """Time until HSDirs acknowledged a descriptor of the address, after the balancer or its tor was
    brought back; null if none did in the time observed, or this was not awaited."""
    awaited: tuple[Awaited, ...] = ()
    """The kinds of evidence that were due and watched for."""
    awaited_for_seconds: float = 0.0
    """Time for which they were watched: until the next fault of the same service or host, or the
    end of the hold."""
    dials: Outage
    """Outcome of the new streams dialled in this period."""
