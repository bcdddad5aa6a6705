"""Record what happens: each event goes into events.jsonl and to whoever watches."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from onionrig.experiment.faults.base import Scope
from onionrig.records.events import (
    Answered,
    AnyEvent,
    Covered,
    Failed,
    Finished,
    Happened,
    Held,
    HostGone,
    Listed,
    Milestone,
    Noted,
    PhaseBegan,
    Published,
    Scheduled,
    Starved,
    Waiting,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from onionrig.engine.base import GoneHost
    from onionrig.errors import OnionrigError
    from onionrig.experiment.faults.base import PlannedFault
    from onionrig.records.events import Phase, Reached
    from onionrig.records.streams.schedule import Schedule
    from onionrig.store.lines import Appender


class Journal:
    """The events of one run."""

    def __init__(self, appender: Appender, watch: Callable[[AnyEvent], None]) -> None:
        """Write into this file, and report to whoever watches; ``close`` closes the file."""
        self._appender = appender
        self._watch = watch
        self._started_seconds = time.monotonic()
        self._awaited_subject = ""

    def phase(self, phase: Phase) -> None:
        """Record the beginning of a phase."""
        self._record(PhaseBegan(**self._times(), phase=phase))

    def waiting(self, subject: str) -> None:
        """Record what is awaited from now on; recorded once while it stays the same."""
        if subject != self._awaited_subject:
            self._awaited_subject = subject
            self._record(Waiting(**self._times(), subject=subject))

    def reached(self, reached: Reached) -> None:
        """Record the time of a milestone."""
        self._record(Milestone(**self._times(), reached=reached))

    def note(self, text: str) -> None:
        """Record a text that a reader should know."""
        self._record(Noted(**self._times(), text=text))

    def covered(
        self,
        client: str,
        usable_points: dict[str, int],
        *,
        drawn_points: dict[str, int] | None = None,
        variant: int = 1,
    ) -> None:
        """Record which introduction points a client tor can use, by backend instance."""
        self._record(
            Covered(
                **self._times(),
                client=client,
                usable_points=usable_points,
                drawn_points=drawn_points or {},
                variant=variant,
            )
        )

    def happened(self, planned_fault: PlannedFault) -> None:
        """Record a fault that was done to the rig, and that what follows is watched."""
        self._record(
            Happened(
                **self._times(),
                verb=planned_fault.verb,
                subject=planned_fault.subject,
                of_host=planned_fault.scope is not Scope.SERVICE,
                bits_per_second=planned_fault.bits_per_second,
                followed_up=True,
            )
        )

    def listed(self, instances: tuple[str, ...]) -> None:
        """Record which instances are in the address's descriptors from now on."""
        self._record(Listed(**self._times(), instances=instances))

    def published(self) -> None:
        """Record that HSDirs have acknowledged a descriptor of the address."""
        self._record(Published(**self._times()))

    def answered(self, service: str) -> None:
        """Record that a tor which was brought back is up."""
        self._record(Answered(**self._times(), service=service))

    def host_gone(self, gone_host: GoneHost) -> None:
        """Record that a host was lost, and that the run goes on without it."""
        self._record(
            HostGone(
                **self._times(),
                host=gone_host.name,
                reason=gone_host.reason,
                last_heard_wall_seconds=gone_host.last_heard_wall_seconds,
            )
        )

    def starved(self, backend: str, reason: str) -> None:
        """Record a backend instance that the load will not reach."""
        self._record(Starved(**self._times(), backend=backend, reason=reason))

    def scheduled(self, schedule: Schedule, settings: dict[str, str]) -> None:
        """Record when a load begins, is held and ends, and which settings override the run's."""
        self._record(
            Scheduled(
                **self._times(),
                ramp_second=schedule.ramp_second,
                hold_second=schedule.hold_second,
                end_second=schedule.end_second,
                streams=schedule.streams,
                reach=schedule.reach,
                settings=settings,
            )
        )

    def held(self) -> None:
        """Record that the last scheduled load went through its hold."""
        self._record(Held(**self._times()))

    def failed(self, error: OnionrigError | BaseException, *, exit_code: int) -> None:
        """Record what ended the run early."""
        message = str(error) or type(error).__name__
        self._record(
            Failed(
                **self._times(), error=type(error).__name__, message=message, exit_code=exit_code
            )
        )

    def finished(self) -> None:
        """Record that the run went through all its phases."""
        self._record(Finished(**self._times()))

    def close(self) -> None:
        """Close the file."""
        self._appender.close()

    def _times(self) -> dict[str, Any]:  # Any: beside fields of other types
        return {
            "wall_seconds": time.time(),
            "since_start_seconds": time.monotonic() - self._started_seconds,
        }

    def _record(self, event: AnyEvent) -> None:
        self._appender.append(event)
        self._watch(event)
