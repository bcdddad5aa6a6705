"""One line a second from each process that measures: what sinks, sources and the sampler write.

``second`` is the wall-clock second that a line covers, [second, second + 1); ``monotonic_seconds``
and ``wall_seconds`` say when the line was closed. Times are in seconds, sizes in bytes.
"""

from __future__ import annotations

import msgspec


class Sample(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every sample says about its time."""

    second: int
    monotonic_seconds: float
    wall_seconds: float


class SinkSample(Sample, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one sink received in a second; only verified payload bytes count."""

    verified_bytes: dict[str, int]
    """By backend instance; the instance's own line at a stream's head is not payload."""
    streams: dict[str, int]
    """Streams that deliver when the second ends, by backend instance."""
    connecting: int
    failed: int
    """Streams that failed since the start."""
    corrupt_bytes: int
    """Bytes of this second that were not the payload."""


class SourceSample(Sample, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one source handed to its backend instances in a second."""

    sent_bytes: dict[str, int]
    streams: dict[str, int]


class ProcessUse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one process has used since it began."""

    cpu_user_seconds: float
    cpu_system_seconds: float
    rss_bytes: int


class HostSample(Sample, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the rig's processes on one host, and the host itself, have used."""

    processes: dict[str, ProcessUse]
    """By service; a process that has ended is absent."""
    machine_busy_seconds: float
    """CPU-seconds busy since boot as the kernel's machine-wide counters have them, all cores."""
    available_memory_bytes: int
