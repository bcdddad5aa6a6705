"""One line a second from each process that measures: what sinks, sources and the sampler write.

``second`` is the wall-clock second that a line covers, [second, second + 1); ``monotonic_seconds``
and ``wall_seconds`` say when the line was closed. Times are in seconds, sizes in bytes.
"""

from __future__ import annotations

import msgspec

from onionrig.records import Part

FOREIGN_PEER = "foreign peer"
"""Where a backend instance is named otherwise: who a baseline's unverified bytes come from."""


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
    """Streams that deliver when the second ends, by backend instance or ``FOREIGN_PEER``."""
    connecting: int
    failed: int
    """Streams that failed since the start."""
    corrupt_bytes: int
    """Bytes of this second that were not the payload."""
    unverified_bytes: int = 0
    """Bytes of a foreign peer, which nobody can check; only a baseline has them."""


class SourceSample(Sample, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one source handed to its backend instances in a second."""

    sent_bytes: dict[str, int]
    streams: dict[str, int]


class PingSample(Sample, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a byte took to the backend and back, on circuits that carry nothing else."""

    round_trip_seconds: dict[str, float | None]
    """By client tor; null where no answer came in this second."""


class ProcessUse(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one process has used since it began."""

    cpu_user_seconds: float
    cpu_system_seconds: float
    thread_cpu_seconds: tuple[float, ...]
    """CPU of each thread that runs now, the main thread first."""
    rss_bytes: int
    open_files: int | None
    """Open file descriptors; null where they may not be counted."""
    cgroup_cpu_seconds: float | None = None
    """CPU-seconds that the service's control group has used since it began, whatever ran in it;
    null where services have no control groups of their own."""
    main_thread_wait_seconds: float | None = None
    """How long its main thread was ready to run and waited for a CPU; null where the kernel does
    not say."""


class CpuStates(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """CPU-seconds since boot by state, all cores, as the kernel's machine-wide counters have them.

    Some virtual machines miss much of the work: the processes' own times are the ones to trust.
    """

    user: float
    nice: float
    system: float
    idle: float
    iowait: float
    irq: float
    softirq: float
    steal: float

    @property
    def busy(self) -> float:
        """CPU-seconds in which something of this machine ran."""
        return self.user + self.nice + self.system + self.irq + self.softirq


class InterfaceUse(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one network interface has carried since it came up."""

    received_bytes: int
    received_packets: int
    sent_bytes: int
    sent_packets: int
    link_bits_per_second: float | None
    """The rate it says it runs at; null where it has none (loopback, most virtual ones)."""
    received_lost_frames: int | None = None
    """Frames that arrived and were dropped, or were damaged or overran the interface; null in
    older recordings."""
    sent_lost_frames: int | None = None
    """Frames that were to be sent and were dropped, or failed; null in older recordings."""


class NetworkCounts(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the kernel counts of TCP and of connections in the sampler's network namespace.

    Counters run since the namespace was made; null is what this kernel does not count.
    """

    received_segments: int | None = None
    """TCP segments that arrived, damaged ones included."""
    damaged_segments: int | None = None
    """TCP segments that arrived with a wrong checksum or header. A SYN within a connection, which
    the kernel counts among them, is left out."""
    unbuffered_segments: int | None = None
    """TCP segments that arrived undamaged and were thrown away for want of buffer memory."""
    refused_connections: int | None = None
    """Connections that were dropped because the queue of a listening socket was full."""
    aborted_connections: int | None = None
    """Connections that the kernel ended for want of TCP memory."""
    short_of_memory_times: int | None = None
    """How often TCP came to the limit that the kernel sets to its memory (``tcp_mem``)."""
    short_of_memory_seconds: float | None = None
    """How long it stayed there, counted as it leaves that state."""
    tracked_connections: int | None = None
    """Connections in the connection tracking table now."""
    most_tracked_connections: int | None = None
    """How many that table holds at most."""
    untracked_drops: int | None = None
    """Packets that were dropped because they could not be tracked."""
    early_drops: int | None = None
    """Tracked connections that were forgotten before their time because the table was full."""


class MachineConditions(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happened to the machine that its processes cannot help; null is what it does not tell.

    Counters run since boot. Emulated hosts share one machine, and so these counts.
    """

    wall_ahead_seconds: float | None = None
    """How far the wall clock is ahead of where it would be had nobody set it since the sampler
    began."""
    suspended_seconds: float | None = None
    """How long the machine was suspended."""
    affinity_cores: int | None = None
    """Cores that the sampler may run on now."""
    heat_throttled_seconds: float | None = None
    """How long the core or the package that was throttled most for heat was throttled; read every
    few seconds, null in between, as are ``cpu_pressure_seconds`` and ``group_oom_kills``."""
    cpu_pressure_seconds: float | None = None
    """How long at least one thread was ready and had no CPU (``some`` of /proc/pressure/cpu)."""
    memory_pressure_seconds: float | None = None
    """How long at least one thread waited for memory (``some`` of /proc/pressure/memory)."""
    full_memory_pressure_seconds: float | None = None
    """How long every thread that was not idle waited for memory (``full``)."""
    disk_pressure_seconds: float | None = None
    """How long at least one thread waited for a disk (``some`` of /proc/pressure/io)."""
    full_disk_pressure_seconds: float | None = None
    """How long every thread that was not idle waited for a disk (``full``)."""
    swapped_in_bytes: int | None = None
    swapped_out_bytes: int | None = None
    major_faults: int | None = None
    """Accesses to memory that had to be read from a disk first."""
    oom_kills: int | None = None
    """Processes that the kernel killed for want of memory."""
    group_oom_kills: int | None = None
    """Likewise in the sampler's control group or one above it, as far as it can be seen."""
    queued_frames: int | None = None
    """Frames that the CPUs took from their queues of received frames."""
    unqueued_frames: int | None = None
    """Frames that were dropped because such a queue was full."""


class Board(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the board does; null is what it does not tell, never 0."""

    temperature_celsius: float | None
    """Of the hottest thermal zone."""
    clock_hertz: float | None
    """Of the fastest core."""
    governor: str | None
    """The CPU frequency governor of the first core."""
    throttling: tuple[str, ...] | None
    """What a Pi's firmware reports now or since boot, as ``vcgencmd get_throttled`` has it."""


class HostSample(Sample, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the rig's processes on one host, and the host itself, have used."""

    processes: dict[str, ProcessUse]
    """By service; a process that has ended is absent."""
    cpu: CpuStates
    others_cpu_seconds: float | None
    """CPU-seconds that processes outside the rig have used since the sampler began; read every
    few seconds, null in between."""
    load_average: float
    """Over one minute, as in ``top``."""
    available_memory_bytes: int
    interfaces: dict[str, InterfaceUse]
    """By name; one that has never carried a packet is absent, but for loopback."""
    tcp_retransmitted_segments: int | None
    """Since boot."""
    board: Board
    throttled_seconds: float | None = None
    """How long the sampler's control group, or one above it, was kept from running by its quota;
    null where no group says."""
    throttled_periods: int | None = None
    """Periods in which that group was kept from running; null where no group says."""
    quota_periods: int | None = None
    """Periods in which that group ran and had a quota; null where no group says."""
    network: NetworkCounts | None = None
    """Read every other second; null in between, and in older recordings."""
    conditions: MachineConditions | None = None
    """Read every other second; null in between, and in older recordings."""


class TorCounters(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one tor's MetricsPort says; counts run from the tor's start.

    What a tor does not have (a relay has no onion service, a client no relay) is absent or null.
    """

    read_wall_seconds: float
    """When the answer was there, on the steady clock of the reader."""
    application_bytes: dict[str, int]
    """Bytes it took from the application behind its onion service, by onion port."""
    rendezvous_circuits: int | None
    """Rendezvous circuits begun."""
    rendezvous_failed: dict[str, int]
    """Rendezvous circuits that failed, by tor's reason; those that none failed for are absent."""
    rendezvous_open: int | None
    """Rendezvous circuits established now."""
    introduction_circuits: int | None
    """Introduction circuits established now."""
    introductions: int | None
    """Introductions received."""
    relayed_read_bytes: int | None
    relayed_written_bytes: int | None


class TorSample(Sample, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the tors of one host say of themselves: at the hold's start, every 10 s, at its end."""

    daemons: dict[str, TorCounters | None]
    """By service; null is a tor that did not answer."""
