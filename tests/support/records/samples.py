"""Samples of a run made by hand, second by second, and its transfers."""

from __future__ import annotations

from onionrig.records.samples import (
    BoardState,
    CpuStates,
    HostSample,
    InterfaceUse,
    PingSample,
    ProcessUse,
    SinkSample,
    SourceSample,
    TorCounters,
    TorSample,
)
from onionrig.records.streams.transfers import Ending, Transfer

RAMP = 1_700_000_000
"""The second in which the first load of every run made by hand begins."""
HOLD = RAMP + 5
"""The second in which its hold begins."""
BYTES_PER_MBIT = 125_000
NO_BOARD = BoardState(temperature_celsius=None, clock_hertz=None, governor=None, throttling=None)


def sink_sample(second, verified, *, streams=None, corrupt=0, **more):
    return SinkSample(
        **_times(second),
        verified_bytes=verified,
        streams=streams if streams is not None else dict.fromkeys(verified, 1),
        connecting=0,
        failed=more.get("failed", 0),
        corrupt_bytes=corrupt,
        unverified_bytes=more.get("unverified", 0),
    )


def source_sample(second, sent, *, streams=None):
    return SourceSample(
        **_times(second),
        sent_bytes=sent,
        streams=streams if streams is not None else dict.fromkeys(sent, 1),
    )


def ping_sample(second, round_trips):
    return PingSample(**_times(second), round_trip_seconds=round_trips)


UNTOLD = {
    "busy": 0.0, "idle": 0.0, "steal": 0.0, "others": None, "retransmitted": None,
    "interfaces": {}, "rss_bytes": {}, "threads": {},
}  # fmt: skip
"""What a host's sample says beside CPU times, unless a test tells it; some of it by name."""


def host_sample(second, cpu_seconds, **more):
    """Counters as they stand when the second ends; what each process has used by then by name."""
    assert more.keys() <= UNTOLD.keys(), more
    told = UNTOLD | more
    return HostSample(
        **_times(second),
        processes={
            name: ProcessUse(
                cpu_user_seconds=used / 2,
                cpu_system_seconds=used / 2,
                thread_cpu_seconds=told["threads"].get(name, (used,)),
                rss_bytes=told["rss_bytes"].get(name, 10 << 20),
                open_files=None,
            )
            for name, used in cpu_seconds.items()
        },
        cpu=CpuStates(
            user=told["busy"] / 4, nice=0.0, system=told["busy"] * 3 / 4, idle=told["idle"],
            iowait=0.0, irq=0.0, softirq=0.0, steal=told["steal"],
        ),
        others_cpu_seconds=told["others"],
        load_average=0.0,
        available_memory_bytes=1 << 30,
        interfaces={name: interface(**counted) for name, counted in told["interfaces"].items()},
        tcp_retransmitted_segments=told["retransmitted"],
        board=NO_BOARD,
    )  # fmt: skip


def interface(*, received=0, sent=0, link=None):
    return InterfaceUse(
        received_bytes=received,
        received_packets=received // 1000,
        sent_bytes=sent,
        sent_packets=sent // 1000,
        link_bits_per_second=link,
    )


def tor_sample(second, daemons):
    return TorSample(**_times(second), daemons=daemons)


def tor_counters(read_wall_seconds, *, application=0, begun=0, failed=None, up=0):
    return TorCounters(
        read_wall_seconds=read_wall_seconds,
        application_bytes={"9000": application, "9001": 77},
        rendezvous_circuits=begun,
        rendezvous_failed=failed or {},
        rendezvous_open=up,
        introduction_circuits=3,
        introductions=begun,
        relayed_read_bytes=None,
        relayed_written_bytes=None,
    )


def transfer(
    stream=0, attempt=1, *, backend="backend-1", verified=1, ending=Ending.RUN_ENDED, **more
):
    return Transfer(
        stream=stream,
        attempt=attempt,
        client=more.get("client", "client-1"),
        backend=backend,
        started_wall_seconds=more.get("started", float(RAMP)),
        connected_after_seconds=more.get("connected", 0.5),
        first_byte_after_seconds=more.get("first_byte", 1.0),
        ended_after_seconds=more.get("ended_after", 60.0),
        verified_bytes=verified,
        unverified_bytes=more.get("unverified", 0),
        ending=ending,
        detail=more.get("detail", ""),
    )


def dial(at, **more):
    """A dial that began so many seconds into the hold."""
    return transfer(started=HOLD + at, ended_after=1.0, **more)


def failed_dial(at):
    return dial(at, backend=None, verified=0, first_byte=None, ending=Ending.NO_FIRST_BYTE)


def waiting_dial(at, *, hold_seconds=30):
    """A dial that still waited for its first byte when the hold ended."""
    return transfer(
        started=HOLD + at,
        ended_after=hold_seconds - at,
        backend=None,
        verified=0,
        first_byte=None,
        ending=Ending.STILL_WAITING,
    )


def _times(second):
    """Return the times of a sample, which is written when its second is over."""
    return {
        "second": second,
        "monotonic_seconds": float(second - RAMP + 1000),
        "wall_seconds": float(second + 1),
    }
