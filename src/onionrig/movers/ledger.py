"""The counts of a sink within a second, and the sample made of them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from onionrig.records.samples import SinkSample

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onionrig.movers.attempt import Attempt


class Ledger:
    """The counts of the current second, and those that run from the start."""

    def __init__(self) -> None:
        self._verified_bytes: dict[str, int] = {}
        self._unverified_bytes = 0
        self._corrupt_bytes = 0
        self._failed = 0

    def verified(self, backend: str, size_bytes: int) -> None:
        """Count verified payload bytes of a backend instance."""
        self._verified_bytes[backend] = self._verified_bytes.get(backend, 0) + size_bytes

    def unverified(self, size_bytes: int) -> None:
        """Count bytes of a foreign peer."""
        self._unverified_bytes += size_bytes

    def failed(self, attempt: Attempt) -> None:
        """Count a failed attempt, and the bytes it rejected if its payload was corrupt.

        A stream that does not begin with our head line is a failure, but not corrupt payload.
        """
        self._failed += 1
        if attempt.checker.wrong_offset is not None:
            self._corrupt_bytes += attempt.checker.rejected_bytes

    def close(
        self,
        second: int,
        *,
        monotonic_seconds: float,
        wall_seconds: float,
        attempts: Iterable[Attempt],
    ) -> SinkSample:
        """Return the second's sample and begin the next second.

        ``attempts`` are those open as the second ends. A backend instance that has ever delivered
        is in every later sample, with 0 bytes if it gave none.
        """
        serving = Counter(attempt.serving for attempt in attempts)
        connecting = serving.pop(None, 0)
        sample = SinkSample(
            second=second,
            monotonic_seconds=monotonic_seconds,
            wall_seconds=wall_seconds,
            verified_bytes=self._verified_bytes,
            streams={name: count for name, count in serving.items() if name is not None},
            connecting=connecting,
            failed=self._failed,
            corrupt_bytes=self._corrupt_bytes,
            unverified_bytes=self._unverified_bytes,
        )
        self._verified_bytes = dict.fromkeys(self._verified_bytes, 0)
        self._unverified_bytes = self._corrupt_bytes = 0
        return sample
