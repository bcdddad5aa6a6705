"""Dial until every backend instance has served a verified stream, or is named as starved.

Dials are bounded: a client tor picks an introduction point at random, so an instance that has one
usable point of eight is missed by all of its rounds with a chance far below one in a hundred.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from onionrig.errors import NothingServed
from onionrig.records.events import Reached
from onionrig.rig.model import Role
from onionrig.rig.orders import SinkOrders
from onionrig.tor.socks import Credentials
from onionrig.traffic.probe import dial_once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onionrig.engine.frontend import Frontend
    from onionrig.engine.journal import Journal
    from onionrig.records.transfers import Transfer
    from onionrig.rig.model import Rig

DIALS_AN_INSTANCE = 16
DIALS_AT_ONCE = 8
DIAL_SECONDS = 45.0


async def find_serving(rig: Rig, frontend: Frontend, journal: Journal) -> None:
    """Dial until every reachable instance has served; journal the first byte and the starved.

    Raises NothingServed when no dial at all came through.
    """
    instances = {service.name for service in rig.with_role(Role.BACKEND)}
    starved = frontend.starved()
    expected = instances - starved.keys()
    dials = _dials(rig)
    left = DIALS_AN_INSTANCE * len(instances)
    served: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    while left > 0 and (not served or expected - served.keys()):
        journal.waiting(_subject(expected, served, left))
        batch = min(DIALS_AT_ONCE, left)
        left -= batch
        for dial in asyncio.as_completed([next(dials) for _ in range(batch)]):
            transfer: Transfer = await dial
            if transfer.failed or transfer.backend is None:
                failures[transfer.reason] += 1
                continue
            if not served:
                journal.reached(Reached.FIRST_BYTE)
            served[transfer.backend] += 1
    if not served:
        reasons = ", ".join(f"{reason} ({count})" for reason, count in failures.most_common(3))
        raise NothingServed(
            f"none of {failures.total()} dials of {rig.address} came through: {reasons}; "
            f"see the logs of client-1 and of the backends in {_logs(rig)}"
        )
    if failures:
        reasons = ", ".join(f"{reason} ({count})" for reason, count in failures.most_common())
        journal.note(f"{failures.total()} dials failed before the load: {reasons}")
    dialled = served.total()
    for name in sorted(instances - served.keys()):
        why = starved.get(name, f"none of {dialled} dials reached it, by chance or by its circuits")
        journal.starved(name, why)


def _dials(rig: Rig) -> Iterator[asyncio.Task[Transfer]]:
    """Yield started dials, through one client tor after the other, each with its own circuit."""
    orders = sink_orders(rig)
    for number, client in enumerate(itertools.cycle(orders.clients)):
        credentials = Credentials(username=f"probe-{number}", password=secrets.token_hex(8))
        yield asyncio.ensure_future(
            dial_once(
                orders.address, orders.port, client, credentials, timeout_seconds=DIAL_SECONDS
            )
        )


def sink_orders(rig: Rig) -> SinkOrders:
    """Return what the rig's sink is told: where it dials, and through which client tors."""
    (orders,) = rig.one(Role.SINK).files
    return msgspec.json.decode(orders.text, type=SinkOrders)


def _subject(expected: set[str], served: Counter[str], left: int) -> str:
    missing = sorted(expected - served.keys())
    if not served:
        return "the first verified byte through the balanced address"
    return f"{', '.join(missing)} to serve a verified stream; at most {left} more dials"


def _logs(rig: Rig) -> str:
    return rig.one(Role.BALANCER).log_path.rpartition("/")[0]
