"""Turn a recording into tables, one per kind of record: what ``export --csv`` writes.

Every value is as it was recorded. Tables are in long form: what a record holds by backend, service
or interface becomes a row for each. Only the aftermath of faults is computed, as for the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec

from onionrig.analysis.hosts.facts import host_of
from onionrig.analysis.load.aftermath import aftermaths
from onionrig.analysis.load.load_times import LoadTimes
from onionrig.analysis.load.loads import loads
from onionrig.records.aftermath import Aftermath
from onionrig.records.recording import Recording
from onionrig.records.samples import (
    BoardState,
    CpuStates,
    InterfaceUse,
    MachineConditions,
    NetworkCounts,
    Sample,
    TorCounters,
)
from onionrig.records.streams.dials import Outage
from onionrig.records.streams.transfers import Transfer

LOAD_COLUMNS = ("since_hold_seconds", "load", "phase")
"""Column names of what ``LoadTimes.at`` returns."""

ExportCell = str | int | float | None
ExportRow = tuple[ExportCell, ...]
AnySample = TypeVar("AnySample", bound=Sample)


class ExportTable(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of record as rows."""

    name: str
    description: str
    """Short description of the rows."""
    columns: tuple[str, ...]
    rows: Callable[[Recording], Iterator[ExportRow]]


def _fields(*kinds: type[msgspec.Struct]) -> tuple[str, ...]:
    return tuple(field.name for kind in kinds for field in msgspec.structs.fields(kind))


def _goodput(recording: Recording) -> Iterator[ExportRow]:
    times = LoadTimes.of(recording.events)
    for sink, sample in _samples(recording.sinks):
        for backend in sorted(sample.verified_bytes.keys() | sample.streams.keys()):
            verified, streams = sample.verified_bytes.get(backend), sample.streams.get(backend)
            yield sample.second, *times.at(sample.second), sink, backend, verified, streams


def _sinks(recording: Recording) -> Iterator[ExportRow]:
    times = LoadTimes.of(recording.events)
    for sink, sample in _samples(recording.sinks):
        yield (
            sample.second, *times.at(sample.second), sink, sample.connecting, sample.failed,
            sample.corrupt_bytes, sample.unverified_bytes,
        )  # fmt: skip


def _sources(recording: Recording) -> Iterator[ExportRow]:
    times = LoadTimes.of(recording.events)
    for source, sample in _samples(recording.sources):
        for backend in sorted(sample.sent_bytes.keys() | sample.streams.keys()):
            sent, streams = sample.sent_bytes.get(backend), sample.streams.get(backend)
            yield sample.second, *times.at(sample.second), source, backend, sent, streams


def _processes(recording: Recording) -> Iterator[ExportRow]:
    roles = recording.manifest.roles
    for sampler, sample in _samples(recording.samplers):
        host = host_of(recording.manifest, sampler)
        for service, use in sample.processes.items():
            main_thread = use.thread_cpu_seconds[0] if use.thread_cpu_seconds else None
            yield (
                sample.second, host, service, roles.get(service), use.cpu_user_seconds,
                use.cpu_system_seconds, main_thread, use.rss_bytes, use.open_files,
                use.cgroup_cpu_seconds,
            )  # fmt: skip


def _hosts(recording: Recording) -> Iterator[ExportRow]:
    for sampler, sample in _samples(recording.samplers):
        *board, throttling = msgspec.structs.astuple(sample.board)
        yield (
            sample.second, host_of(recording.manifest, sampler),
            *msgspec.structs.astuple(sample.cpu), sample.others_cpu_seconds, sample.load_average,
            sample.available_memory_bytes, sample.tcp_retransmitted_segments, *board,
            None if throttling is None else "; ".join(throttling),
        )  # fmt: skip


def _conditions(recording: Recording) -> Iterator[ExportRow]:
    for sampler, sample in _samples(recording.samplers):
        if sample.conditions is None and sample.network is None:
            continue  # read every other second
        yield (
            sample.second, host_of(recording.manifest, sampler), sample.throttled_seconds,
            sample.throttled_periods, sample.quota_periods,
            *msgspec.structs.astuple(sample.conditions or MachineConditions()),
            *msgspec.structs.astuple(sample.network or NetworkCounts()),
        )  # fmt: skip


def _interfaces(recording: Recording) -> Iterator[ExportRow]:
    for sampler, sample in _samples(recording.samplers):
        host = host_of(recording.manifest, sampler)
        for name, use in sample.interfaces.items():
            yield sample.second, host, name, *msgspec.structs.astuple(use)


def _tors(recording: Recording) -> Iterator[ExportRow]:
    roles = recording.manifest.roles
    for _, sample in _samples(recording.tors):
        for service, counters in sample.daemons.items():
            if counters is None:
                yield sample.second, service, roles.get(service), None, None, None, None
                continue
            for counter, label, value in _counter_rows(counters):
                yield (
                    sample.second, service, roles.get(service), counters.read_wall_seconds,
                    counter, label, value,
                )  # fmt: skip


def _counter_rows(counters: TorCounters) -> Iterator[tuple[str, str | None, int | None]]:
    for counter in _fields(TorCounters)[1:]:
        value = getattr(counters, counter)
        if isinstance(value, Mapping):
            yield from ((counter, label, part) for label, part in value.items())
        else:
            yield counter, None, value


def _round_trips(recording: Recording) -> Iterator[ExportRow]:
    times = LoadTimes.of(recording.events)
    for _, sample in _samples(recording.pings):
        for client, seconds in sample.round_trip_seconds.items():
            yield sample.second, *times.at(sample.second), client, seconds


def _yardstick(recording: Recording) -> Iterator[ExportRow]:
    for name, sample in _samples(recording.yardsticks):
        host = host_of(recording.manifest, name)
        for part, timing in sample.timings.items():
            yield (
                sample.second, host, sample.core, sample.moment, sample.version, sample.library,
                part, timing.bytes, timing.cpu_seconds,
            )  # fmt: skip


def _transfers(recording: Recording) -> Iterator[ExportRow]:
    return (msgspec.structs.astuple(transfer) for transfer in recording.transfers)


def _dials(recording: Recording) -> Iterator[ExportRow]:
    return (msgspec.structs.astuple(dial) for dial in recording.dials)


def _aftermaths(recording: Recording) -> Iterator[ExportRow]:
    for number, load in enumerate(loads(recording), start=1):
        for aftermath in aftermaths(load):
            *first, awaited, awaited_for, dials = msgspec.structs.astuple(aftermath)
            yield number, *first, "; ".join(awaited), awaited_for, *msgspec.structs.astuple(dials)


def _events(recording: Recording) -> Iterator[ExportRow]:
    for event in recording.events:
        fields = msgspec.to_builtins(event)
        first = tuple(fields.pop(name) for name in ("wall_seconds", "since_start_seconds", "kind"))
        yield *first, msgspec.json.encode(fields).decode() if fields else None


def _samples(by_name: Mapping[str, Sequence[AnySample]]) -> Iterable[tuple[str, AnySample]]:
    return ((name, sample) for name, samples in by_name.items() for sample in samples)


TABLES = (
    ExportTable(
        name="goodput",
        description="what each sink received in each second, by backend instance",
        columns=("second", *LOAD_COLUMNS, "sink", "backend", "verified_bytes", "streams"),
        rows=_goodput,
    ),
    ExportTable(
        name="sinks",
        description="the other counts of each sink in each second",
        columns=("second", *LOAD_COLUMNS, "sink", "connecting", "failed", "corrupt_bytes",
                 "unverified_bytes"),
        rows=_sinks,
    ),
    ExportTable(
        name="sources",
        description="what each source sent in each second, by backend instance",
        columns=("second", *LOAD_COLUMNS, "source", "backend", "sent_bytes", "streams"),
        rows=_sources,
    ),
    ExportTable(
        name="processes",
        description="what each process has used since it began",
        columns=("second", "host", "service", "role", "cpu_user_seconds", "cpu_system_seconds",
                 "main_thread_cpu_seconds", "rss_bytes", "open_files", "cgroup_cpu_seconds"),
        rows=_processes,
    ),
    ExportTable(
        name="hosts",
        description="CPU by state since boot, load, memory, retransmits, the board",
        columns=("second", "host", *(f"cpu_{state}_seconds" for state in _fields(CpuStates)),
                 "others_cpu_seconds", "load_average", "available_memory_bytes",
                 "tcp_retransmitted_segments", *_fields(BoardState)),
        rows=_hosts,
    ),
    ExportTable(
        name="conditions",
        description="what happened to the machine and its network: memory, disk, clocks, losses",
        columns=("second", "host", "throttled_seconds", "throttled_periods", "quota_periods",
                 *_fields(MachineConditions), *_fields(NetworkCounts)),
        rows=_conditions,
    ),
    ExportTable(
        name="interfaces",
        description="what each network interface has carried since it came up",
        columns=("second", "host", "interface", *_fields(InterfaceUse)),
        rows=_interfaces,
    ),
    ExportTable(
        name="tors",
        description="counters of each tor's MetricsPort; of is the port or reason counted",
        columns=("second", "service", "role", "read_wall_seconds", "counter", "of", "value"),
        rows=_tors,
    ),
    ExportTable(
        name="round_trips",
        description="how long a byte took to the backend and back, by client tor",
        columns=("second", *LOAD_COLUMNS, "client", "round_trip_seconds"),
        rows=_round_trips,
    ),
    ExportTable(
        name="yardstick",
        description="the fixed piece of work that was timed on each core, by its parts",
        columns=("second", "host", "core", "moment", "version", "library", "part", "bytes",
                 "cpu_seconds"),
        rows=_yardstick,
    ),
    ExportTable(
        name="transfers",
        description="every attempt of every stream",
        columns=_fields(Transfer),
        rows=_transfers,
    ),
    ExportTable(
        name="dials",
        description="every dial, before or under a load; stream numbers them separately",
        columns=_fields(Transfer),
        rows=_dials,
    ),
    ExportTable(
        name="aftermaths",
        description="what followed each fault",
        columns=("load", *_fields(Aftermath)[:-1], *(f"dials_{name}" for name in _fields(Outage))),
        rows=_aftermaths,
    ),
    ExportTable(
        name="events",
        description="what happened; the rest of an event is JSON",
        columns=("wall_seconds", "since_start_seconds", "kind", "said"),
        rows=_events,
    ),
)  # fmt: skip
"""Every table, in the order in which the help lists them."""
