"""Wait until services are ready: the same words and deadlines, wherever the services run."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import msgspec

from onionrig.processes.deadline import POLL_SECONDS, deadline
from onionrig.rig.model import BOOTSTRAPPED, Bootstrapped, Listening, Started

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from onionrig.rig.model import Service


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """How far a service is on its way to being ready."""

    ready: bool
    percent: int = 0
    """Of a tor's bootstrap."""
    doing: str = ""
    """What it does, or what is missing, in words."""


class Look(Protocol):
    """How an engine looks at a service."""

    def __call__(self, service: Service) -> Awaitable[Seen]:
        """Return how far a service is."""
        ...


async def wait_until_ready(
    services: Sequence[Service], look: Look, *, seconds: float, tell: Callable[[str], None]
) -> None:
    """Look again and again until every service is ready; ``tell`` is told what is missing.

    Raises BringUpTimeout naming the service that is furthest behind, and where its log is.
    """
    seen = {
        service.name: Seen(ready=isinstance(service.ready, Started), doing="nothing logged yet")
        for service in services
    }

    def late() -> list[Service]:
        return [service for service in services if not seen[service.name].ready]

    def where() -> str:
        behind = late()
        if not behind:
            return "nothing"
        slowest = min(behind, key=lambda service: seen[service.name].percent)
        return f"{missing(services, seen)}; its log: {slowest.log_path}"

    async with deadline(seconds, where):
        while True:
            for service in late():
                seen[service.name] = await look(service)
            if not late():
                return
            tell(missing(services, seen))
            await asyncio.sleep(POLL_SECONDS)


def missing(services: Sequence[Service], seen: dict[str, Seen]) -> str:
    """Say what is missing: of the tors how many and which is slowest, else who does not listen."""
    late = [service for service in services if not seen[service.name].ready]
    if not late:
        return "nothing"
    slowest = min(late, key=lambda service: seen[service.name].percent)
    said = seen[slowest.name]
    if isinstance(slowest.ready, Listening):
        return f"{slowest.name} to listen on {said.doing}"
    what = "know the network"
    if isinstance(slowest.ready, Bootstrapped) and slowest.ready.percent == BOOTSTRAPPED:
        what = "bootstrap"
    return (
        f"{len(services) - len(late)} of {len(services)} tors to {what}; "
        f"{slowest.name} is at {said.percent} % ({said.doing})"
    )
