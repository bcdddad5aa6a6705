"""One publication at a time, and a higher revision each time.

Stock Onionbalance publishes from its scheduler and from stem's event thread, without a lock. Its
revision counter is a function of the second: of two publications within one, HSDirs refuse the
later (torspec: rend-spec-v3, revision-counter). That hardly ever matters while it publishes every
few minutes; it does once a change is published at once. Always on in the extended balancer.
"""

from __future__ import annotations

import datetime
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from onionbalance.hs_v3 import hashring
from onionbalance.hs_v3.descriptor import OBDescriptor
from onionbalance.hs_v3.onionbalance import Onionbalance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_publishing = threading.RLock()


def replace() -> None:
    """Replace ``Onionbalance.publish_all_descriptors`` and ``OBDescriptor._get_revision_counter``.

    Both replacements call the stock function.
    """
    Onionbalance.publish_all_descriptors = one_at_a_time(Onionbalance.publish_all_descriptors)
    OBDescriptor._get_revision_counter = rising(  # noqa: SLF001 - replaced on purpose
        OBDescriptor._get_revision_counter,  # noqa: SLF001 - likewise
        time_period=lambda is_first: hashring.get_srv_and_time_period(is_first)[1],
    )


def one_at_a_time(publish_all: Callable[[Any], None]) -> Callable[[Any], None]:
    """Make a second publication wait for the first."""

    def serialised(onionbalance: Onionbalance) -> None:
        with _publishing:
            publish_all(onionbalance)

    return serialised


def rising(
    counter: Callable[[Any, Any, bool], int], *, time_period: Callable[[bool], int]
) -> Callable[[Any, Any, bool], int]:
    """Make a counter rise with every call, except within ``one_revision``.

    It rises by time period: each has its own blinded key, for which HSDirs count from the start.
    """
    last: dict[int, int] = {}

    def risen(descriptor: OBDescriptor, private_key: object, is_first_desc: bool) -> int:  # noqa: FBT001 - as stock calls it
        period = time_period(is_first_desc)
        if _one_revision.shared is not None and _one_revision.shared[0] == period:
            return _one_revision.shared[1]
        last[period] = max(counter(descriptor, private_key, is_first_desc), last.get(period, 0) + 1)
        if _one_revision.open:
            _one_revision.shared = (period, last[period])
        return last[period]

    return risen


def now() -> datetime.datetime:
    """Return the time as Onionbalance notes publications: UTC, naive."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


class _OneRevision:
    """The revision that descriptors of one set share."""

    open = False
    shared: tuple[int, int] | None = None


_one_revision = _OneRevision()


@contextmanager
def one_revision() -> Iterator[None]:
    """Give every descriptor that is made in the block the same revision.

    A client replaces the descriptor it has by one from another HSDir only if that is not older
    (tor: src/feature/hs/hs_cache.c, cache_store_as_client).
    """
    _one_revision.open = True
    try:
        yield
    finally:
        _one_revision.open = False
        _one_revision.shared = None
