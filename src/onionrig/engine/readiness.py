"""Wait until services are ready, with the same messages and deadlines for every engine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, assert_never

import msgspec

from onionrig.processes.deadline import POLL_SECONDS, deadline
from onionrig.rig.model import BOOTSTRAPPED, Bootstrapped, Listening, Started

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from onionrig.rig.model import Service


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """How far a service has come on its way to being ready."""

    listens: bool = False
    """Whether the service accepts connections at all its addresses."""
    percent: int = 0
    """Percentage of a tor's bootstrap."""
    doing: str = ""
    """Description of what the service is doing, or of what is missing."""
    warning: str = ""
    """Last warning of a tor while it bootstraps."""


class Look(Protocol):
    """The way in which an engine looks at a service."""

    def __call__(self, service: Service) -> Awaitable[Seen]:
        """Return how ready a service is."""
        ...


async def wait_until_ready(  # noqa: PLR0913 - what, how to look, where to read, and until when
    services: Sequence[Service],
    look: Look,
    log: Callable[[Service], str],
    *,
    seconds: float,
    tell: Callable[[str], None],
    to_answer: bool = False,
) -> None:
    """Look repeatedly until every service is ready; ``tell`` is called with what is missing.

    ``log`` returns where a service's output can be read. Raises BringUpTimeout, naming the service
    that is furthest behind and its log.
    """
    waiting = _AwaitedServices(services, to_answer=to_answer)
    async with deadline(seconds, lambda: waiting.where(log)):
        while True:
            for service in waiting.late():
                waiting.seen[service.name] = await look(service)
            if not waiting.late():
                return
            tell(waiting.missing())
            await asyncio.sleep(POLL_SECONDS)


class _AwaitedServices:
    """The services that are being waited for, and what was last seen of each."""

    def __init__(self, services: Sequence[Service], *, to_answer: bool) -> None:
        self._services = services
        self._to_answer = to_answer
        self.seen = {service.name: Seen(doing="nothing logged yet") for service in services}

    def late(self) -> list[Service]:
        """Return the services that are not ready yet."""
        return [service for service in self._services if not self._is_ready(service)]

    def missing(self) -> str:
        """Describe what is missing: the slowest of the tors, or a service that does not listen."""
        late = self.late()
        if not late:
            return "nothing"
        slowest = self._slowest(late)
        last_seen = self.seen[slowest.name]
        if isinstance(slowest.ready, Listening):
            return f"{slowest.name} to listen on {last_seen.doing}"
        goal = "bootstrap" if self._needed_percent(slowest) == BOOTSTRAPPED else "know the network"
        return (
            f"{len(late)} of {len(self._services)} tors to {goal}; the slowest, "
            f"{slowest.name}, is at {last_seen.percent} % ({last_seen.doing})"
        )

    def where(self, log: Callable[[Service], str]) -> str:
        """Return the same description, with the place to look."""
        late = self.late()
        if not late:
            return "nothing"
        slowest = self._slowest(late)
        warning = self.seen[slowest.name].warning
        warned = f"; its last warning: {warning}" if warning else ""
        return f"{self.missing()}{warned}; its log: {log(slowest)}"

    def _slowest(self, late: Sequence[Service]) -> Service:
        return min(late, key=lambda service: self.seen[service.name].percent)

    def _is_ready(self, service: Service) -> bool:
        match service.ready:
            case Bootstrapped():
                return self.seen[service.name].percent >= self._needed_percent(service)
            case Listening():
                return self.seen[service.name].listens
            case Started():
                return True
            case _:
                assert_never(service.ready)

    def _needed_percent(self, service: Service) -> int:
        if not isinstance(service.ready, Bootstrapped):
            return 0
        return service.ready.answers_from_percent if self._to_answer else service.ready.percent
