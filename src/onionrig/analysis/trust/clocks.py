"""How far the clocks of a rig's hosts are apart: a second of one is not quite another's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.hosts.facts import roles_by_host

if TYPE_CHECKING:
    from onionrig.records.manifest import Manifest

MOST_APART_SECONDS = 0.2
"""How far two clocks may be apart: 2 % of the ten seconds that the sustained rate is of. What was
sent in a second by one clock is received in two by another that differs more."""


def clock_doubts(manifest: Manifest) -> list[str]:
    """Name the two hosts whose clocks are furthest apart, if that blurs seconds.

    A host without an offset has the clock of the machine where the command was given.
    """
    busy = roles_by_host(manifest)
    offsets = {
        host.name: host.clock_offset_seconds or 0.0 for host in manifest.hosts if host.name in busy
    }
    if not offsets:
        return []
    first, last = min(offsets, key=offsets.__getitem__), max(offsets, key=offsets.__getitem__)
    apart = offsets[last] - offsets[first]
    if apart <= MOST_APART_SECONDS:
        return []
    doubt = (
        f"the clock of {last} is {apart:.2f} s ahead of that of {first}: what one counts in a "
        "second the other counts partly in the next"
    )
    return [doubt]
