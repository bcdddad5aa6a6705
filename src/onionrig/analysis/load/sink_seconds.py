"""Add up what all sinks of a load counted, second by second; only this module does so.

A second without a sample from every sink is missing: what was recorded of it counts, and nothing is
made up for the rest. A sink on a lost host is not expected to have samples from then on.
"""

from __future__ import annotations

import math
import statistics
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from onionrig.analysis.load.windows import Window
    from onionrig.records.samples import SinkSample

BySecond = dict[int, int]
"""Count per wall-clock second; an absent second has none."""


class SinkSeconds(msgspec.Struct, frozen=True, kw_only=True):
    """Counts per second, for all sinks together unless a field says otherwise."""

    payload_bytes: BySecond
    """Payload bytes of every second that any sink has a sample of. Those of a foreign peer count
    although they cannot be checked: they are a baseline's goodput, and no other run has any."""
    backend_bytes: dict[str, BySecond]
    """Verified bytes by backend instance, in the order in which instances first served."""
    unverified_bytes: BySecond
    """Bytes of a foreign peer in the seconds that have any."""
    backend_streams: dict[str, BySecond]
    """Streams that are delivering at the end of the second, by backend instance or
    ``FOREIGN_PEER``."""
    sink_streams: dict[str, BySecond]
    """Streams that are delivering, by sink, in every second that the sink has a sample of."""
    corrupt_bytes: int
    """Bytes in all seconds that were not the payload."""
    lost_from: dict[str, int]
    """First second without the sink, for each sink whose host was lost."""

    @classmethod
    def of(
        cls,
        sinks: Mapping[str, Sequence[SinkSample]],
        *,
        lost_from: Mapping[str, int] = MappingProxyType({}),
    ) -> Self:
        """Add up the samples of each sink, given by its name."""
        payload_bytes, unverified_bytes, corrupt_bytes = BySecond(), BySecond(), 0
        backend_bytes, backend_streams = dict[str, BySecond](), dict[str, BySecond]()
        sink_streams = {sink: BySecond() for sink in sinks}
        for sink, samples in sinks.items():
            for sample in samples:
                second, verified_bytes = sample.second, sample.verified_bytes
                _count(
                    payload_bytes, second, sum(verified_bytes.values()) + sample.unverified_bytes
                )
                _count(sink_streams[sink], second, sum(sample.streams.values()))
                for backend, size in verified_bytes.items():
                    _count(backend_bytes.setdefault(backend, {}), second, size)
                for backend, count in sample.streams.items():
                    _count(backend_streams.setdefault(backend, {}), second, count)
                if sample.unverified_bytes:
                    _count(unverified_bytes, second, sample.unverified_bytes)
                corrupt_bytes += sample.corrupt_bytes
        return cls(
            payload_bytes=payload_bytes,
            backend_bytes=backend_bytes,
            unverified_bytes=unverified_bytes,
            backend_streams=backend_streams,
            sink_streams=sink_streams,
            corrupt_bytes=corrupt_bytes,
            lost_from=dict(lost_from),
        )

    def payload_in(self, window: Window) -> list[int]:
        """Return the payload bytes of each second of the window."""
        return [self.payload_bytes.get(second, 0) for second in window.seconds]

    def backend_bytes_in(self, window: Window, backends: Iterable[str] = ()) -> dict[str, int]:
        """Return the verified bytes of the window by backend instance.

        ``backends`` come first, with 0 for those that served nothing.
        """
        sizes = {
            name: [size for second, size in by_second.items() if second in window.seconds]
            for name, by_second in self.backend_bytes.items()
        }
        totals = {name: sum(own_sizes) for name, own_sizes in sizes.items() if own_sizes}
        return {**dict.fromkeys(backends, 0), **totals}

    @property
    def sampled(self) -> list[int]:
        """Seconds that every sink not lost by then has a sample of, in order."""
        return [
            second
            for second in sorted(self.payload_bytes)
            if all(
                second in by_second or second >= self.lost_from.get(sink, math.inf)
                for sink, by_second in self.sink_streams.items()
            )
        ]

    def sampled_in(self, window: Window) -> list[int]:
        """Return the seconds of the window that every sink has a sample of."""
        return [second for second in self.sampled if second in window.seconds]

    def missing_in(self, window: Window) -> int:
        """Return how many seconds of the window lack a sample of at least one sink."""
        return len(window.seconds) - len(self.sampled_in(window))

    def mean_backend_streams_in(self, window: Window, backend: str) -> float:
        """Return the mean number of streams that a backend instance served in the window."""
        counts = self.backend_streams.get(backend, {})
        stream_seconds = sum(count for second, count in counts.items() if second in window.seconds)
        return stream_seconds / len(window.seconds) if window.seconds else 0.0

    def mean_streams_in(self, window: Window) -> float:
        """Return the mean number of delivering streams, over the seconds of each sink."""
        counts_by_sink = (
            [count for second, count in by_second.items() if second in window.seconds]
            for by_second in self.sink_streams.values()
        )
        return sum(statistics.fmean(counts) for counts in counts_by_sink if counts)

    @property
    def most_streams(self) -> int:
        """Highest number of streams that ever delivered at once, summed over sinks."""
        return sum(max(by_second.values(), default=0) for by_second in self.sink_streams.values())


def _count(by_second: BySecond, second: int, amount: int) -> None:
    by_second[second] = by_second.get(second, 0) + amount
