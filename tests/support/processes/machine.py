"""What this machine can do at the moment, so that tests may ask no more of it."""

from __future__ import annotations

import asyncio
import functools

from onionrig.probe.extent import Extent
from onionrig.probe.probe import probe

REFERENCE_SHA3_BYTES_PER_SECOND = 2 * 428e6
"""Both cores of the machine that the measurements in docs/ were made on (its reference.toml)."""


@functools.cache
def share_of_reference():
    """Return how much CPU there is to be had, as a share of that machine's when it was idle.

    It counts what all cores that may be used hash within a second, beside whatever else runs.
    """
    short = Extent(timed=(("sha3-256", 509),), rounds=1, all_cores_seconds=1, loopback_seconds=0.1)
    done = asyncio.run(probe(extent=short))
    return done.all_cores_sha3_bytes_per_second / REFERENCE_SHA3_BYTES_PER_SECOND
