"""The reference core of each version of the yardstick. A version's figures never change.

It is a core of the machine that the plan's shipped measurement was made on (2026-11-25,
``src/onionrig/plan/reference/reference.toml``: SHA3-256 of 509 bytes at 428 MB/s and AES-256-CTR
at 4.89 GB/s by OpenSSL, loopback TCP at 2.13 GB per CPU-second). The yardstick did not exist then:
its parts are carried over by the ratio to those figures on a machine that ran both
(``benchmarks/reference_core.py``, 15 rounds in all: docs/lab-notes.md), and are estimates.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from onionrig.records.yardstick.readings import WorkPart


class ReferenceCore(msgspec.Struct, frozen=True, kw_only=True):
    """A core that others are compared with, undisturbed."""

    bytes_per_cpu_second: Mapping[WorkPart, float]
    weights: Mapping[WorkPart, float]
    """Share of each part in the time of the whole work; the sum is 1.

    They resemble where a whole rig's CPU time goes: by the shares of docs/planning.md and by a
    profile of relays, SHA3 and plain code take half of it, the kernel a third, AES the rest."""


REFERENCE_CORES: Mapping[int, ReferenceCore] = {
    1: ReferenceCore(
        bytes_per_cpu_second={
            "digest": 5.04e8,
            "cipher": 6.63e9,
            "records": 2.93e9,
            "loopback": 4.22e8,
            "bulk": 1.80e9,
        },
        weights={"digest": 0.52, "cipher": 0.06, "records": 0.10, "loopback": 0.32},
    ),
}
"""The reference core by version of the yardstick."""
