"""The yardstick's work, version 1: never change it without a new ``YARDSTICK_VERSION``.

It does in small what a tor does with every cell: an end-to-end digest and cipher, TLS records, and
TCP in small pieces. Calls into the libraries carry many cells at once, so that the time is theirs
and not Python's. One round takes one to two milliseconds on a server's core and some ten on a small
board's.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from cryptography.hazmat.backends.openssl import backend
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from onionrig.movers.yardstick.loopback import connected_pair
from onionrig.records.yardstick.readings import WORK_PARTS, Timing

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from onionrig.records.yardstick.readings import WorkPart

CELL_BYTES = 509
"""Bytes of a relay cell that are digested and ciphered (tor-spec, "Relay cells")."""
CELLS = 32
"""Number of cells in one call."""
RECORD_BYTES = 16384
"""Size of the largest TLS record."""
PIECE_BYTES = 4096
_KEY_BYTES, _NONCE_BYTES, _BLOCK_BYTES = 32, 12, 16
_HEADER = b"\x17\x03\x03\x40\x11"
"""Header of a TLS record, which is authenticated with it."""
_CALLS: dict[WorkPart, int] = {"digest": 24, "cipher": 16, "records": 8, "loopback": 64, "bulk": 16}
"""Number of calls of each part in one round."""
_WARM_UP_CALLS = 2
"""Number of calls before those that are timed, so that caches hold the code and the data."""


class Work:
    """The keys, buffers and connection that the work needs; close it when done."""

    def __init__(self) -> None:
        """Make them. Raises Unequipped if there is no TCP over loopback."""
        pattern = bytes(range(256)) * (RECORD_BYTES // 256)
        self._cells = pattern[: CELLS * CELL_BYTES]
        self._record = pattern
        self._piece = pattern[:PIECE_BYTES]
        self._digest = hashes.Hash(hashes.SHA3_256())
        counter = modes.CTR(bytes(_BLOCK_BYTES))
        self._cipher = Cipher(algorithms.AES(bytes(_KEY_BYTES)), counter).encryptor()
        self._ciphered = bytearray(len(self._cells) + _BLOCK_BYTES)
        self._sealing = AESGCM(bytes(_KEY_BYTES))
        self._received = bytearray(RECORD_BYTES)
        self._near, self._far = connected_pair()
        self._do: dict[WorkPart, Callable[[], int]] = {
            "digest": self._digested,
            "cipher": self._enciphered,
            "records": self._sealed_and_opened,
            "loopback": lambda: self._sent_and_received(self._piece),
            "bulk": lambda: self._sent_and_received(self._record),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._near.close()
        self._far.close()

    @property
    def library(self) -> str:
        """The OpenSSL that does the digest, the cipher and the records."""
        return backend.openssl_version_text()

    def round(self) -> dict[WorkPart, Timing]:
        """Do every part once, and return what each took of this thread's CPU time."""
        return {part: self._timed(part) for part in WORK_PARTS}

    def _timed(self, part: WorkPart) -> Timing:
        do = self._do[part]
        for _ in range(_WARM_UP_CALLS):
            do()
        began = time.thread_time()
        done_bytes = sum(do() for _ in range(_CALLS[part]))
        return Timing(bytes=done_bytes, cpu_seconds=time.thread_time() - began)

    def _digested(self) -> int:
        self._digest.update(self._cells)
        return len(self._cells)

    def _enciphered(self) -> int:
        return self._cipher.update_into(self._cells, self._ciphered)

    def _sealed_and_opened(self) -> int:
        nonce = bytes(_NONCE_BYTES)
        sealed = self._sealing.encrypt(nonce, self._record, _HEADER)
        return len(self._sealing.decrypt(nonce, sealed, _HEADER))

    def _sent_and_received(self, piece: bytes) -> int:
        self._near.sendall(piece)  # the kernel holds more than a piece, so this never waits
        left = len(piece)
        while left:
            left -= self._far.recv_into(self._received, left)
        return len(piece)


def summed(rounds: list[dict[WorkPart, Timing]]) -> dict[WorkPart, Timing]:
    """Return the timings of several rounds together; at least one."""
    return {
        part: Timing(
            bytes=sum(timings[part].bytes for timings in rounds),
            cpu_seconds=round(sum(timings[part].cpu_seconds for timings in rounds), 9),
        )
        for part in WORK_PARTS
    }
