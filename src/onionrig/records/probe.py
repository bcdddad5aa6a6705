"""What a board can do: measured in under a minute, carried as JSON to where a plan is made.

Speeds are those of one core while the others were idle, in bytes per second, unless stated.
"""

from __future__ import annotations

from typing import Literal

from onionrig.records import Part
from onionrig.records.manifest import HostFacts
from onionrig.records.samples import BoardState

CELL_BYTES = 509
"""Bytes that tor encrypts and hashes at a time: a relay cell's payload (torspec: tor-spec)."""
RECORD_BYTES = 16384
"""Size of a full TLS record, which is also the block size of the catalogue's AES figures."""

Algorithm = Literal["aes-128-ctr", "aes-256-ctr", "aes-256-gcm", "aes-256-cbc", "sha1", "sha3-256"]


class AlgorithmSpeed(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Result of ``openssl speed`` for one algorithm at one block size."""

    algorithm: Algorithm
    block_bytes: int
    bytes_per_second: float


class Loopback(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """TCP throughput over loopback: one connection between two processes that share a core."""

    bytes_per_second: float
    bytes_per_cpu_second: float
    """Payload over the CPU time of both ends together, kernel included."""


class ProbedInterface(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A network interface that is up, other than loopback."""

    name: str
    kind: Literal["wired", "wireless", "virtual"]
    link_bits_per_second: float | None
    """Rate reported by the driver; null if it reports none, as for Wi-Fi and virtual interfaces."""


class Probe(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a board is and can do."""

    schema: Literal[1] = 1
    made: str
    """Time of the probe, UTC, ISO 8601."""
    onionrig: str
    seconds: float
    """Duration of the probe."""
    host: HostFacts
    board_model: str | None
    """Board name from the device tree or the firmware; null if neither has one."""
    clock_hertz: float | None
    """Maximum clock of the first core; null if the kernel does not report it."""
    instructions: tuple[str, ...]
    """CPU instructions that matter here and are present: aes, sha1, sha2, sha3, sha512 and the
    like."""
    openssl: str
    """Version of the program that was timed."""
    speeds: tuple[AlgorithmSpeed, ...]
    all_cores_sha3_bytes_per_second: float
    """Total SHA3-256 speed at cell size on all cores at once: less than the number of cores times
    the speed of one if two share an execution unit, or if heat or the power supply limits the
    clock."""
    loopback: Loopback
    interfaces: tuple[ProbedInterface, ...]
    before: BoardState
    after: BoardState
    """State of the board right after all cores were busy."""
    troubles: tuple[str, ...] = ()
    """Things that make the figures doubtful or could not be measured, one sentence each."""

    def speed(self, algorithm: Algorithm, block_bytes: int) -> float | None:
        """Return the speed of one core in bytes per second, or None if it was not measured."""
        return next(
            (
                speed.bytes_per_second
                for speed in self.speeds
                if (speed.algorithm, speed.block_bytes) == (algorithm, block_bytes)
            ),
            None,
        )
