"""How much a probe measures: what is timed, for how long and how often."""

from __future__ import annotations

import msgspec

from onionrig.records.probe import CELL_BYTES, RECORD_BYTES, Algorithm

TIMED: tuple[tuple[Algorithm, int], ...] = (
    ("aes-128-ctr", CELL_BYTES),
    ("aes-256-ctr", CELL_BYTES),
    ("aes-256-gcm", CELL_BYTES),
    ("sha1", CELL_BYTES),
    ("sha3-256", CELL_BYTES),
    ("aes-128-ctr", RECORD_BYTES),
    ("aes-256-ctr", RECORD_BYTES),
    ("aes-256-gcm", RECORD_BYTES),
    ("aes-256-cbc", RECORD_BYTES),
    ("sha1", RECORD_BYTES),
    ("sha3-256", RECORD_BYTES),
)
"""Algorithms that tor spends its time on, with their block sizes, and the catalogue's
AES-256-CBC."""


class Extent(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured; openssl counts whole seconds."""

    timed: tuple[tuple[Algorithm, int], ...] = TIMED
    rounds: int = 2
    """Number of rounds; each times everything, so that differences between rounds show."""
    algorithm_seconds: int = 1
    all_cores_seconds: int = 2
    loopback_seconds: float = 2.0

    @property
    def seconds(self) -> float:
        """Duration of the whole probe, without starting programs."""
        one_core = self.rounds * len(self.timed) * self.algorithm_seconds
        return one_core + self.loopback_seconds + self.all_cores_seconds
