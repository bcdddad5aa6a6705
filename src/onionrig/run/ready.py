"""Dial until every backend instance has served a verified stream, or is named as starved.

Dials are bounded: a client tor picks an introduction point at random, so an instance that has one
usable point of eight is missed by all of its rounds with a chance far below one in a hundred.
"""

from __future__ import annotations

import functools
import itertools
import secrets
from collections import Counter
from typing import TYPE_CHECKING, Any

from onionrig.balancer.points import variants
from onionrig.errors import NothingServed
from onionrig.movers.single_dial import dial_once
from onionrig.processes.together import together
from onionrig.records.events import Reached
from onionrig.rig.model import Role
from onionrig.tor.socks import Credentials
from onionrig.units import counted

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from onionrig.engine.base import Engine
    from onionrig.movers.single_dial import StreamPair
    from onionrig.records.streams.transfers import Transfer
    from onionrig.rig.model import Rig
    from onionrig.rig.orders import SocksEndpoint
    from onionrig.run.descriptors import Descriptors
    from onionrig.run.journal import Journal

DIALS_AN_INSTANCE = 16
DIALS_AT_ONCE = 8
DIAL_SECONDS = 45.0
BETTER_SECONDS = 40.0
"""Deadline of a publication that starves no instance: one or two come in that time."""


async def find_serving(
    engine: Engine, rig: Rig, descriptors: Descriptors, journal: Journal
) -> None:
    """Dial until every reachable instance has served; journal the first byte and the starved.

    Each publication draws and places the points again, so if one starves an instance the next is
    awaited, with a deadline. Raises NothingServed when not a single dial succeeded.
    """
    instances = {service.name for service in rig.with_role(Role.BACKEND)}
    dialling = _Dialling(engine, rig, journal, most_dials=DIALS_AN_INSTANCE * len(instances))
    await dialling.until_served(set())
    await descriptors.fetch_until(
        lambda: not descriptors.starved, seconds=BETTER_SECONDS, tell=journal.waiting
    )
    variants_by_client = variants(descriptors.coverages)
    for client, coverage in descriptors.coverages.items():
        journal.covered(
            client, coverage.usable, drawn_points=coverage.drawn, variant=variants_by_client[client]
        )
    starved = descriptors.starved
    await dialling.until_served(instances - starved.keys())
    dialling.tell_failures()
    for name in sorted(instances - dialling.served.keys() | starved.keys()):
        journal.starved(name, starved.get(name) or dialling.reason_not_reached())


class _Dialling:
    """Dials through one client tor after the other, each with its own circuit."""

    def __init__(self, engine: Engine, rig: Rig, journal: Journal, *, most_dials: int) -> None:
        self._engine = engine
        self._rig = rig
        self._journal = journal
        self._dials_left = most_dials
        self._dials = _dials(engine, rig)
        self._failures: Counter[str] = Counter()
        self.served: Counter[str] = Counter()

    async def until_served(self, expected: set[str]) -> None:
        """Dial until each of these, and at least one instance, has served, or no dials are left.

        Raises NothingServed when none of them succeeded.
        """
        while self._dials_left > 0 and (not self.served or expected - self.served.keys()):
            self._journal.waiting(self._awaited_text(expected))
            batch = min(DIALS_AT_ONCE, self._dials_left)
            self._dials_left -= batch
            await together(*(self._dial() for _ in range(batch)))
        if not self.served:
            raise NothingServed(
                f"none of {self._failures.total()} dials of {self._rig.address} came through: "
                f"{self._reasons_text()}; see the logs of the client tors and of the backends, "
                f"beside {self._engine.log(self._rig.one(Role.BALANCER))}"
            )

    def tell_failures(self) -> None:
        """Note the dials that failed."""
        if self._failures:
            self._journal.note(
                f"{counted(self._failures.total(), 'dial')} failed before the load: "
                f"{self._reasons_text()}"
            )

    def reason_not_reached(self) -> str:
        """Return the reason why an instance that can be reached was not."""
        return f"none of {self.served.total()} dials reached it, by chance or by its circuits"

    async def _dial(self) -> None:
        self._count_dial(await next(self._dials))

    def _count_dial(self, transfer: Transfer) -> None:
        if transfer.failed or transfer.backend is None:
            self._failures[transfer.reason] += 1
            return
        if not self.served:
            self._journal.reached(Reached.FIRST_BYTE)
        self.served[transfer.backend] += 1

    def _reasons_text(self) -> str:
        return ", ".join(f"{reason} ({count})" for reason, count in self._failures.most_common(3))

    def _awaited_text(self, expected: set[str]) -> str:
        if not self.served:
            return "the first verified byte through the balanced address"
        missing_names = ", ".join(sorted(expected - self.served.keys()))
        return f"{missing_names} to serve a verified stream; at most {self._dials_left} more dials"


def _dials(engine: Engine, rig: Rig) -> Iterator[Coroutine[Any, Any, Transfer]]:
    """Yield dials to be made, through one client tor after the other, each on its own circuit."""
    for number, (host, client) in enumerate(itertools.cycle(rig.ways())):
        credentials = Credentials(username=f"probe-{number}", password=secrets.token_hex(8))
        yield dial_once(
            rig.address,
            rig.port,
            client,
            credentials,
            timeout_seconds=DIAL_SECONDS,
            connect=functools.partial(_connect, engine, host),
        )


async def _connect(engine: Engine, host: str, client: SocksEndpoint) -> StreamPair:
    return await engine.connect(host, client.host, client.port)
