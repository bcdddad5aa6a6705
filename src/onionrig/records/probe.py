"""What a board can do: measured in under a minute, carried as JSON to where a plan is made.

Speeds are of one core while the others were idle, in bytes per second, unless they say otherwise.
"""

from __future__ import annotations

from typing import Literal

from onionrig.records import Part
from onionrig.records.manifest import HostFacts
from onionrig.records.samples import Board

CELL_BYTES = 509
"""What tor ciphers and hashes at a time: a relay cell's payload (torspec: tor-spec)."""
RECORD_BYTES = 16384
"""A full TLS record, which is also the block of the catalogue's AES figures."""

Algorithm = Literal["aes-128-ctr", "aes-256-ctr", "aes-256-gcm", "aes-256-cbc", "sha1", "sha3-256"]


class AlgorithmSpeed(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``openssl speed`` said of one algorithm at one size."""

    algorithm: Algorithm
    block_bytes: int
    bytes_per_second: float


class Loopback(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """TCP over loopback, one connection between two processes that share a core."""

    bytes_per_second: float
    bytes_per_cpu_second: float
    """Payload over the CPU time of both ends together, kernel included."""


class ProbedInterface(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A network interface that is up; not loopback."""

    name: str
    kind: Literal["wired", "wireless", "virtual"]
    link_bits_per_second: float | None
    """As its driver says; null where that says nothing, as of Wi-Fi and virtual ones."""


class Probe(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a board is and can do."""

    schema: Literal[1] = 1
    made: str
    """UTC, ISO 8601."""
    onionrig: str
    seconds: float
    """How long it took."""
    host: HostFacts
    board_model: str | None
    """As the device tree or the firmware names the board; null where neither does."""
    clock_hertz: float | None
    """The most that the first core's clock may be; null where the kernel does not say."""
    instructions: tuple[str, ...]
    """Of those that matter here, what the CPU has: aes, sha1, sha2, sha3, sha512 and the like."""
    openssl: str
    """The version of the program that was timed."""
    speeds: tuple[AlgorithmSpeed, ...]
    all_cores_sha3_bytes_per_second: float
    """SHA3-256 at cell size on every core at once, all together: less than cores times one core's
    where two share an execution unit, or heat or the power supply holds the clock back."""
    loopback: Loopback
    interfaces: tuple[ProbedInterface, ...]
    before: Board
    after: Board
    """Right after everything was busy."""
    troubles: tuple[str, ...] = ()
    """What makes the figures doubtful or could not be measured, each in a sentence."""

    def speed(self, algorithm: Algorithm, block_bytes: int) -> float | None:
        """Return the bytes per second of one core; None where they were not measured."""
        return next(
            (
                speed.bytes_per_second
                for speed in self.speeds
                if (speed.algorithm, speed.block_bytes) == (algorithm, block_bytes)
            ),
            None,
        )
