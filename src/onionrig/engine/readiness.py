"""Wait until services are ready: the same words and deadlines, wherever the services run."""

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
    """How far a service is on its way to being ready."""

    listens: bool = False
    """Whether it accepts connections wherever it is to."""
    percent: int = 0
    """Of a tor's bootstrap."""
    doing: str = ""
    """What it does, or what is missing, in words."""
    warning: str = ""
    """What a tor has last warned of while it bootstraps."""


class Look(Protocol):
    """How an engine looks at a service."""

    def __call__(self, service: Service) -> Awaitable[Seen]:
        """Return how far a service is."""
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
    """Look again and again until every service is ready; ``tell`` is told what is missing.

    ``log`` says where a service's output is read. Raises BringUpTimeout naming the service that is
    furthest behind, and where its log is.
    """
    waiting = _Waiting(services, to_answer=to_answer)
    async with deadline(seconds, lambda: waiting.where(log)):
        while True:
            for service in waiting.late():
                waiting.seen[service.name] = await look(service)
            if not waiting.late():
                return
            tell(waiting.missing())
            await asyncio.sleep(POLL_SECONDS)


class _Waiting:
    """Which services are ready, by what was last seen of them."""

    def __init__(self, services: Sequence[Service], *, to_answer: bool) -> None:
        self._services = services
        self._to_answer = to_answer
        self.seen = {service.name: Seen(doing="nothing logged yet") for service in services}

    def late(self) -> list[Service]:
        """Return those that are not ready yet."""
        return [service for service in self._services if not self._is_ready(service)]

    def missing(self) -> str:
        """Say what is missing: how many of the tors and the slowest, or who does not listen."""
        late = self.late()
        if not late:
            return "nothing"
        slowest = self._slowest(late)
        seen = self.seen[slowest.name]
        if isinstance(slowest.ready, Listening):
            return f"{slowest.name} to listen on {seen.doing}"
        what = "bootstrap" if self._needed_percent(slowest) == BOOTSTRAPPED else "know the network"
        return (
            f"{len(self._services) - len(late)} of {len(self._services)} tors to {what}; "
            f"{slowest.name} is at {seen.percent} % ({seen.doing})"
        )

    def where(self, log: Callable[[Service], str]) -> str:
        """Return the same with the place to look."""
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
