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
    awaited_events = _AwaitedEvents(load, event, until)
    return FollowUpTimes(
        awaited=tuple(awaited_events.awaited()),
        awaited_for_seconds=until - event.wall_seconds,
        answered_after_seconds=awaited_events.answered(),
        published_after_seconds=awaited_events.published(),
        listed_after_seconds=awaited_events.listed(),
    )


class _AwaitedEvents:
    """What is due after a fault, and what was recorded of it."""

    def __init__(self, load: MeasuredLoad, event: Happened, until: float) -> None:
        fault = fault_recorded(event.verb)
        services = affected_services(event, service_hosts(load.manifest))
        brought_back = services if fault.brings_back and event.followed_up else set[str]()
        records = [record for record in load.manifest.services if record.name in brought_back]
        self._events = load.recording.events
        self._fault_seconds, self._until_seconds = event.wall_seconds, until
        self._takes_away = fault.takes_away
        # behind a cut link, a service goes on answering on its own host
        is_of_link = fault.is_of_link
        self._tor_names = {
            record.name for record in records if record.control_socket and not is_of_link
        }
        self._awaits_publication = any(record.role in PUBLISHERS for record in records)
        self._instances = services & load.manifest.backends.keys()
        self._awaits_listing = (
            self._takes_away or fault.brings_back
        ) and self._is_listed_otherwise()

    def awaited(self) -> Iterator[Awaited]:
        """Yield what is due."""
        if self._tor_names:
            yield "answered"
        if self._awaits_publication:
            yield "published"
        if self._awaits_listing:
            yield "listed"

    def answered(self) -> float | None:
        """Return the time until the last tor that was brought back answered."""
        first_seconds: dict[str, float] = {}
        for answer in events_of(self._events, Answered):
            if (
                answer.service in self._tor_names
                and self._fault_seconds <= answer.wall_seconds < self._until_seconds
            ):
                first_seconds.setdefault(answer.service, answer.wall_seconds)
        if not self._tor_names or first_seconds.keys() != self._tor_names:
            return None
        return max(first_seconds.values()) - self._fault_seconds

    def published(self) -> float | None:
        """Return the time until HSDirs had a descriptor again."""
        if not self._awaits_publication:
            return None
        return self._first_after(event.wall_seconds for event in events_of(self._events, Published))

    def listed(self) -> float | None:
        """Return the time until the descriptors listed the instances as the fault leaves them."""
        if not self._awaits_listing:
            return None
        return self._first_after(
            listed.wall_seconds
            for listed in events_of(self._events, Listed)
            if self._lists_instances(listed) != self._takes_away
        )

    def _is_listed_otherwise(self) -> bool:
        """Return True if the descriptors were known, and not yet as the fault leaves them."""
        if not self._instances:
            return False
        earlier_lists = [
            listed
            for listed in events_of(self._events, Listed)
            if listed.wall_seconds < self._fault_seconds
        ]
        return bool(earlier_lists) and self._lists_instances(earlier_lists[-1]) == self._takes_away

    def _lists_instances(self, listed: Listed) -> bool:
        """Return True if any of the instances is listed in a descriptor."""
        return not self._instances.isdisjoint(listed.instances)

    def _first_after(self, moments: Iterable[float]) -> float | None:
        return next(
            (
                second - self._fault_seconds
                for second in moments
                if self._fault_seconds <= second < self._until_seconds
            ),
            None,
        )
