"""Check whether a fault took effect: the tor answers, the address has the change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.load.faults import affected_services, service_hosts
from onionrig.analysis.load.loads import events_of
from onionrig.experiment.faults.registry import fault_recorded
from onionrig.records.aftermath import Awaited
from onionrig.records.events import Answered, Listed, Published
from onionrig.rig.model import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.records.events import Happened

PUBLISHERS = {Role.BALANCER, Role.BALANCER_TOR}
"""Roles without which the address is not published."""


class FollowUpTimes(msgspec.Struct, frozen=True, kw_only=True):
    """What was awaited after a fault, and when it came."""

    awaited: tuple[Awaited, ...]
    awaited_for_seconds: float
    answered_after_seconds: float | None
    published_after_seconds: float | None
    listed_after_seconds: float | None


def followed_up(load: MeasuredLoad, event: Happened, *, until: float) -> FollowUpTimes:
    """Return when the expected effects of a fault came, as far as that was before this moment."""
    looked_out_for = _LookedOutFor(load, event, until)
    return FollowUpTimes(
        awaited=tuple(looked_out_for.awaited()),
        awaited_for_seconds=until - event.wall_seconds,
        answered_after_seconds=looked_out_for.answered(),
        published_after_seconds=looked_out_for.published(),
        listed_after_seconds=looked_out_for.listed(),
    )


class _LookedOutFor:
    """What is due after a fault, and what was recorded of it."""

    def __init__(self, load: MeasuredLoad, event: Happened, until: float) -> None:
        fault = fault_recorded(event.verb)
        services = affected_services(event, service_hosts(load.manifest))
        brought_back = services if fault.brings_back and event.followed_up else set[str]()
        records = [each for each in load.manifest.services if each.name in brought_back]
        self._events = load.recording.events
        self._at, self._until = event.wall_seconds, until
        self._leaving = fault.takes_away
        # behind a cut link, a service goes on answering on its own host
        on_link = fault.is_of_link
        self._tors = {each.name for each in records if each.control_socket and not on_link}
        self._publishes = any(each.role in PUBLISHERS for each in records)
        self._instances = services & load.manifest.backends.keys()
        self._lists = (self._leaving or fault.brings_back) and self._lists_otherwise()

    def awaited(self) -> Iterator[Awaited]:
        """Yield what is due."""
        if self._tors:
            yield "answered"
        if self._publishes:
            yield "published"
        if self._lists:
            yield "listed"

    def answered(self) -> float | None:
        """Return the time until the last tor that was brought back answered."""
        first: dict[str, float] = {}
        for answer in events_of(self._events, Answered):
            if answer.service in self._tors and self._at <= answer.wall_seconds < self._until:
                first.setdefault(answer.service, answer.wall_seconds)
        if not self._tors or first.keys() != self._tors:
            return None
        return max(first.values()) - self._at

    def published(self) -> float | None:
        """Return the time until HSDirs had a descriptor again."""
        if not self._publishes:
            return None
        return self._first(event.wall_seconds for event in events_of(self._events, Published))

    def listed(self) -> float | None:
        """Return the time until the descriptors listed the instances as the fault leaves them."""
        if not self._lists:
            return None
        return self._first(
            listed.wall_seconds
            for listed in events_of(self._events, Listed)
            if self._has(listed) != self._leaving
        )

    def _lists_otherwise(self) -> bool:
        """Return True if the descriptors were known, and not yet as the fault leaves them."""
        if not self._instances:
            return False
        before = [
            listed for listed in events_of(self._events, Listed) if listed.wall_seconds < self._at
        ]
        return bool(before) and self._has(before[-1]) == self._leaving

    def _has(self, listed: Listed) -> bool:
        """Return True if any of the instances is listed in a descriptor."""
        return not self._instances.isdisjoint(listed.instances)

    def _first(self, moments: Iterable[float]) -> float | None:
        return next((at - self._at for at in moments if self._at <= at < self._until), None)
