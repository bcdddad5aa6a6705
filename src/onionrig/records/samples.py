"""The samples that sinks, sources and samplers write, one line per second and process.

``second`` is the wall-clock second that a line covers, [second, second + 1); ``monotonic_seconds``
and ``wall_seconds`` are the times at which the line was closed. Times are in seconds, sizes in
bytes.
"""

from __future__ import annotations

import msgspec

from onionrig.records import Part

FOREIGN_PEER = "foreign peer"
"""Stands in for a backend's name: the sender of a baseline's unverified bytes."""


class Sample(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The times that every sample has."""

    second: int
    monotonic_seconds: float
    wall_seconds: float


class SinkSample(Sample, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one sink received in a second; only verified payload bytes count."""

    verified_bytes: dict[str, int]
    """Payload bytes by backend instance; the line with the instance's name at a stream's head is
    not payload."""
    streams: dict[str, int]
    """Streams that are delivering when the second ends, by backend instance or ``FOREIGN_PEER``."""
    connecting: int
    failed: int
    """Streams that have failed since the start."""
    corrupt_bytes: int
    """Bytes received in this second that were not the payload."""
    unverified_bytes: int = 0
    """Bytes of a foreign peer, which cannot be verified; only a baseline has them."""


class SourceSample(Sample, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one source handed to its backend instances in a second."""

    sent_bytes: dict[str, int]
    streams: dict[str, int]


class PingSample(Sample, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Round-trip times of a byte to the backend, on circuits that carry nothing else."""

    round_trip_seconds: dict[str, float | None]
    """Round-trip time by client tor; null if no answer came in this second."""


class ProcessUse(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one process has used since it started."""

    cpu_user_seconds: float
    cpu_system_seconds: float
    thread_cpu_seconds: tuple[float, ...]
    """CPU-seconds of each thread that exists now, the main thread first."""
    rss_bytes: int
    open_files: int | None
    """Open file descriptors; null if counting them is not permitted."""
    cgroup_cpu_seconds: float | None = None
    """CPU-seconds that the service's control group has used since it was created, whatever ran in
    it; null if services have no control groups of their own."""
    main_thread_wait_seconds: float | None = None
    """Time for which its main thread was runnable and waited for a CPU; null if the kernel does not
    report it."""


class CpuStates(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """CPU-seconds since boot by state, all cores, from the kernel's machine-wide counters.

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
        """CPU-seconds in which this machine was running something."""
        return self.user + self.nice + self.system + self.irq + self.softirq


class InterfaceUse(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one network interface has carried since it came up."""

    received_bytes: int
    received_packets: int
    sent_bytes: int
    sent_packets: int
    link_bits_per_second: float | None
    """Rate that the interface reports; null if it has none (loopback, most virtual ones)."""
    received_lost_frames: int | None = None
    """Received frames that were dropped, damaged or overran the interface; null in older
    recordings."""
    sent_lost_frames: int | None = None
    """Frames to be sent that were dropped or failed; null in older recordings."""


class NetworkCounts(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The kernel's TCP and connection counters in the sampler's network namespace.

    Counters run since the namespace was created; null if this kernel does not count them.
    """

    received_segments: int | None = None
    """TCP segments received, damaged ones included."""
    damaged_segments: int | None = None
    """TCP segments received with a wrong checksum or header. A SYN within a connection, which the
    kernel counts among them, is left out."""
    unbuffered_segments: int | None = None
    """TCP segments received undamaged and discarded for lack of buffer memory."""
    refused_connections: int | None = None
    """Connections dropped because the queue of a listening socket was full."""
    aborted_connections: int | None = None
    """Connections that the kernel ended for lack of TCP memory."""
    short_of_memory_times: int | None = None
    """Number of times that TCP reached the kernel's limit on its memory (``tcp_mem``)."""
    short_of_memory_seconds: float | None = None
    """Time that TCP spent at that limit, counted when it leaves this state."""
    tracked_connections: int | None = None
    """Connections in the connection tracking table now."""
    most_tracked_connections: int | None = None
    """Capacity of the connection tracking table."""
    untracked_drops: int | None = None
    """Packets dropped because they could not be tracked."""
    early_drops: int | None = None
    """Tracked connections evicted early because the table was full."""


class MachineConditions(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happened to the machine beyond its processes' control; null if it does not report it.

    Counters run since boot. Emulated hosts share one machine, and so these counts.
    """

    wall_ahead_seconds: float | None = None
    """Offset of the wall clock from where it would be if nobody had set it since the sampler
    started; positive if it is ahead."""
    suspended_seconds: float | None = None
    """Time for which the machine was suspended."""
    affinity_cores: int | None = None
    """Cores that the sampler may run on now."""
    heat_throttled_seconds: float | None = None
    """Thermal throttling time of the core or package that was throttled most. Like
    ``cpu_pressure_seconds`` and ``group_oom_kills``, it is read every few seconds and null in
    between."""
    cpu_pressure_seconds: float | None = None
    """Time for which at least one thread was runnable without a CPU (``some`` of
    /proc/pressure/cpu)."""
    memory_pressure_seconds: float | None = None
    """Time for which at least one thread waited for memory (``some`` of /proc/pressure/memory)."""
    full_memory_pressure_seconds: float | None = None
    """Time for which every non-idle thread waited for memory (``full``)."""
    disk_pressure_seconds: float | None = None
    """Time for which at least one thread waited for a disk (``some`` of /proc/pressure/io)."""
    full_disk_pressure_seconds: float | None = None
    """Time for which every non-idle thread waited for a disk (``full``)."""
    swapped_in_bytes: int | None = None
    swapped_out_bytes: int | None = None
    major_faults: int | None = None
    """Page faults that required reading from a disk."""
    oom_kills: int | None = None
    """Processes that the kernel killed for lack of memory."""
    group_oom_kills: int | None = None
    """The same count for the sampler's control group or one above it, as far as it can be seen."""
    queued_frames: int | None = None
    """Frames that the CPUs took from their receive queues."""
    unqueued_frames: int | None = None
    """Frames dropped because such a queue was full."""


class BoardState(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """State of the board; null, never 0, if it does not report a value."""

    temperature_celsius: float | None
    """Temperature of the hottest thermal zone of a processor, or of any kind if no zone says that
    it is one."""
    clock_hertz: float | None
    """Clock of the fastest core."""
    governor: str | None
    """CPU frequency governor of the first core."""
    throttling: tuple[str, ...] | None
    """Throttling that a Pi's firmware reports, now or since boot, as ``vcgencmd get_throttled``
    does."""


class HostSample(Sample, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the rig's processes on one host, and the host itself, have used."""

    processes: dict[str, ProcessUse]
    """Processes by service; a process that has ended is absent."""
    cpu: CpuStates
    cpu_monotonic_seconds: float | None = None
    """Time at which ``cpu`` was read, which is after the processes; null in older recordings."""
    others_cpu_seconds: float | None
    """CPU-seconds used by processes outside the rig since the sampler started; read every few
    seconds, null in between."""
    load_average: float
    """Load average over one minute, as in ``top``."""
    available_memory_bytes: int
    interfaces: dict[str, InterfaceUse]
    """Interfaces by name; one that has never carried a packet is absent, except loopback."""
    tcp_retransmitted_segments: int | None
    """TCP segments retransmitted since boot."""
    board: BoardState
    throttled_seconds: float | None = None
    """Time for which CPUs had to leave the sampler's control group, or those above it, alone
    because of a quota, summed over CPUs and groups (in older recordings, of the group that was
    throttled longest); null if no group reports it."""
    throttled_periods: int | None = None
    """Periods in which these groups were throttled; null if no group reports it."""
    quota_periods: int | None = None
    """Periods in which these groups ran and had a quota; null if no group reports it."""
    network: NetworkCounts | None = None
    """Network counters, read every other second; null in between, and in older recordings."""
    conditions: MachineConditions | None = None
    """Machine conditions, read every other second; null in between, and in older recordings."""

    @property
    def cpu_read_seconds(self) -> float:
        """Monotonic time of the CPU counters; that of the sample in older recordings."""
        if self.cpu_monotonic_seconds is None:
            return self.monotonic_seconds
        return self.cpu_monotonic_seconds


class TorCounters(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Values of one tor's MetricsPort; counters run since the tor's start.

    What a tor does not have (a relay has no onion service, a client no relay) is absent or null.
    """

    read_wall_seconds: float
    """Time at which the answer was complete, on the reader's steady clock."""
    application_bytes: dict[str, int]
    """Bytes received from the application behind its onion service, by onion port."""
    rendezvous_circuits: int | None
    """Rendezvous circuits begun."""
    rendezvous_failed: dict[str, int]
    """Failed rendezvous circuits by tor's reason; reasons without failures are absent."""
    rendezvous_open: int | None
    """Rendezvous circuits that are established now."""
    introduction_circuits: int | None
    """Introduction circuits that are established now."""
    introductions: int | None
    """Introductions received."""
    relayed_read_bytes: int | None
    relayed_written_bytes: int | None


class TorSample(Sample, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Counters of the tors of one host: at the start of the hold, every 10 s, and at its end."""

    daemons: dict[str, TorCounters | None]
    """Counters by service; null if a tor did not answer."""
