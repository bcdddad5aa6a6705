"""What happened to a machine in the hold and makes its figures doubtful, from made recordings."""

import msgspec
import pytest

from onionrig.records.events import Happened
from support.bottlenecks import bottleneck_of, evidence, trust_of
from support.records.conditions import happening, losing, sampled
from support.records.manifests import emulated_host, manifest, service
from support.records.recordings import watched
from support.records.samples import HOLD

MB = 1 << 20
QUIET_MACHINE = {
    "wall_ahead_seconds": lambda at: 0.001 * (at % 3),
    "suspended_seconds": lambda at: 7.0 + 0.001 * (at % 2),
    "affinity_cores": lambda _: 2,
    "heat_throttled_seconds": 0.01,
    "cpu_pressure_seconds": 1.0,
    "memory_pressure_seconds": 0.01,
    "full_memory_pressure_seconds": 0.0,
    "disk_pressure_seconds": 0.5,
    "full_disk_pressure_seconds": 0.05,
    "swapped_in_bytes": 4096,
    "swapped_out_bytes": 65536,
    "major_faults": 500,
    "oom_kills": 0,
    "group_oom_kills": 0,
    "queued_frames": 10_000,
    "unqueued_frames": 5,
}
QUIET_NETWORK = {
    "received_segments": 10_000,
    "damaged_segments": 1,
    "unbuffered_segments": 9,
    "refused_connections": 0.1,
    "aborted_connections": 0,
    "short_of_memory_times": 0.1,
    "short_of_memory_seconds": 0.002,
    "tracked_connections": lambda _: 200_000,
    "most_tracked_connections": lambda _: 262_144,
    "untracked_drops": 1,
    "early_drops": 0,
}
DOUBTS = [
    (
        {"memory_pressure_seconds": 0.12, "full_memory_pressure_seconds": 0.03},
        (
            "here was short of memory: threads waited for memory for 12.0 % of the hold, all "
            "threads that were not idle for 3.0 %"
        ),
    ),
    (
        {"major_faults": 80, "memory_pressure_seconds": lambda _: None},
        "here was short of memory: memory had to be read back from a disk 80 times per second",
    ),
    (
        {"swapped_in_bytes": MB, "swapped_out_bytes": 2 * MB},
        "here swapped 10.0 MiB in and 20.0 MiB out in the hold",
    ),
    (
        {"oom_kills": lambda at: 3 + (at > 5)},
        "the kernel of here killed 1 process in the hold because memory ran out",
    ),
    (
        {"group_oom_kills": lambda at: at // 5, "oom_kills": lambda _: None},
        "the kernel of here killed 2 processes in the hold because memory ran out",
    ),
    (
        {"full_disk_pressure_seconds": 0.25},
        "here waited for its disk: everything that was not idle did so for 25.0 % of the hold",
    ),
    (
        {"unqueued_frames": 20},
        "the CPUs of here had no room in their queues for 200 received frames in the hold (0.2 %)",
    ),
    (
        {"suspended_seconds": lambda at: 40.0 if at > 4 else 0.0},
        (
            "here was suspended for 40.0 s in the hold: its processes did nothing in that time, "
            "and "
            "its seconds do not count it"
        ),
    ),
    (
        {"wall_ahead_seconds": lambda at: -2.5 if at > 4 else 0.0},
        "the wall clock of here was set back by 2.50 s in the hold: tor's own timers go by it",
    ),
    (
        {"wall_ahead_seconds": lambda at: 3.25 if at > 4 else 3.0},
        "the wall clock of here was set ahead by 0.25 s in the hold: tor's own timers go by it",
    ),
    (
        {"heat_throttled_seconds": 0.3},
        "here throttled its processor for heat for 30.0 % of the hold",
    ),
    (
        {"affinity_cores": lambda at: 1 if at > 4 else 2},
        "here let the rig use 1 core in part of the hold, and 2 in the rest",
    ),
]
NETWORK_DOUBTS = [
    (
        {"damaged_segments": 30},
        "300 TCP segments that here received in the hold arrived damaged (0.3 %)",
    ),
    (
        {"unbuffered_segments": 50},
        (
            "500 TCP segments that here received in the hold were dropped for lack of buffer "
            "memory (0.5 %)"
        ),
    ),
    (
        {"refused_connections": 4},
        (
            "here turned away 40 connections in the hold: the queues of the sockets that they were "
            "made to were full"
        ),
    ),
    (
        {"aborted_connections": 0.5},
        "here ended 5 connections in the hold for lack of TCP memory",
    ),
    (
        {"short_of_memory_times": 0.2, "short_of_memory_seconds": 0},
        (
            "TCP of here was at the limit of its memory (net.ipv4.tcp_mem) 2 times in the hold: "
            "at that limit buffers shrink and segments are dropped"
        ),
    ),
    (
        {"short_of_memory_times": 0.1, "short_of_memory_seconds": 0.15},
        (
            "TCP of here was at the limit of its memory (net.ipv4.tcp_mem) for 15.0 % of the hold: "
            "at that limit buffers shrink and segments are dropped"
        ),
    ),
    (
        {"tracked_connections": lambda _: 262_100, "untracked_drops": 7},
        (
            "the connection tracking table of here was full: 262100 of 262144 connections, 70 "
            "packets "
            "dropped, 0 connections forgotten"
        ),
    ),
    (
        {"early_drops": 1},
        (
            "the connection tracking table of here was full: 200000 of 262144 connections, 10 "
            "packets "
            "dropped, 10 connections forgotten"
        ),
    ),
    (
        {"untracked_drops": 3},
        "the connection tracking of here dropped 30 packets in the hold",
    ),
]


def test_a_quiet_machine_is_trusted():
    trust = trust_of(happening(network=QUIET_NETWORK, **QUIET_MACHINE))
    assert trust.doubts == ()
    assert trust.trusted is True


def test_a_kernel_that_counts_none_of_it_is_trusted():
    assert trust_of(happening(network={})).doubts == ()
    assert trust_of(watched()).doubts == ()


@pytest.mark.parametrize(("conditions", "doubt"), DOUBTS)
def test_what_happened_to_a_machine_is_a_doubt(conditions, doubt):
    trust = trust_of(happening(network=QUIET_NETWORK, **{**QUIET_MACHINE, **conditions}))
    assert trust.doubts == (doubt,)
    assert trust.trusted is False


@pytest.mark.parametrize(("counts", "doubt"), NETWORK_DOUBTS)
def test_what_a_network_lost_is_a_doubt(counts, doubt):
    trust = trust_of(happening(network={**QUIET_NETWORK, **counts}, **QUIET_MACHINE))
    assert trust.doubts == (doubt,)


def test_what_a_machine_counts_is_told_once_and_what_a_namespace_counts_for_each_host():
    whole = happening(
        network={**QUIET_NETWORK, "aborted_connections": 1}, **{**QUIET_MACHINE, "oom_kills": 1}
    )
    samples = whole.samplers["sampler"]
    emulated = [emulated_host(name, "here") for name in ("pi1", "pi2")]
    services = [service(f"sampler-{each.name}", "sampler", each.name) for each in emulated]
    two = msgspec.structs.replace(
        whole,
        samplers={record.name: samples for record in services},
        manifest=manifest(emulated=emulated, services=tuple(services)),
    )
    told = [doubt for doubt in trust_of(two).doubts if "memory" in doubt]
    assert told == [
        "the kernel of here killed 10 processes in the hold because memory ran out",
        "pi1 ended 10 connections in the hold for lack of TCP memory",
        "pi2 ended 10 connections in the hold for lack of TCP memory",
    ]


def test_counters_of_a_machine_that_was_started_anew_begin_again():
    def kills(at):
        return 900 + at if at < 6 else at - 6

    whole = happening(**{**QUIET_MACHINE, "oom_kills": kills})
    (doubt,) = trust_of(whole).doubts
    assert doubt == "the kernel of here killed 8 processes in the hold because memory ran out"


@pytest.mark.parametrize(("way", "loses"), [("received", {"received": 9}), ("sent", {"sent": 9})])
def test_an_interface_that_loses_frames_is_a_doubt(way, loses):
    (doubt,) = trust_of(losing(**loses)).doubts
    assert doubt == (
        f"lo of here lost 90 frames that were to be {way} in the hold (0.9 %): they were dropped "
        "or damaged"
    )


def test_a_few_lost_frames_and_those_of_an_interface_that_carries_little_are_no_doubt():
    assert trust_of(losing(received=2, sent=2)).doubts == ()
    assert trust_of(losing(received=90, frames=100_000)).doubts == ()
    whole = losing("lo", frames=100_000, whole=losing("eth0", received=90, frames=1000))
    assert trust_of(whole).doubts == ()


def test_frames_without_room_in_a_queue_are_not_told_twice():
    whole = happening(losing(received=9), **{**QUIET_MACHINE, "unqueued_frames": 90})
    (doubt,) = trust_of(whole).doubts
    assert doubt.startswith("lo of here lost 90 frames")


def test_frames_that_a_pulled_plug_loses_are_no_doubt():
    pulled = Happened(
        wall_seconds=HOLD + 2.0,
        since_start_seconds=1.0,
        verb="link_down",
        subject="here",
        of_host=True,
    )
    whole = losing(received=9)
    assert "frames" in trust_of(whole).doubts[0]
    events = [*whole.events[:-1], pulled, whole.events[-1]]
    doubts = trust_of(msgspec.structs.replace(whole, events=events)).doubts
    assert not [doubt for doubt in doubts if "frames" in doubt]


def test_segments_that_were_sent_again_are_normal():
    again = sampled(
        watched(),
        lambda sample, at: msgspec.structs.replace(sample, tcp_retransmitted_segments=900 * at),
    )
    assert trust_of(again).doubts == ()


def test_processes_between_whose_starts_the_clock_was_set_do_not_count_the_same_seconds():
    whole = watched()
    late = [
        msgspec.structs.replace(sample, wall_seconds=sample.wall_seconds + 0.75)
        for sample in whole.sinks["sink"]
    ]
    (doubt,) = trust_of(msgspec.structs.replace(whole, sinks={"sink": late})).doubts
    assert doubt.startswith("the seconds of sink are 0.75 s ahead of those of s")
    assert doubt.endswith(": the wall clock of here was set between their starts")
    once = [late[0], *whole.sinks["sink"][1:]]
    assert trust_of(msgspec.structs.replace(whole, sinks={"sink": once})).doubts == ()


def busy_at(share, clock):
    """Return a recording of a machine of 2 cores, so busy, whose clock is a function of samples."""
    return sampled(
        watched(),
        lambda sample, at: msgspec.structs.replace(
            sample,
            cpu=msgspec.structs.replace(
                sample.cpu, user=2 * share * at, system=0.0, idle=2 * (1 - share) * at
            ),
            board=msgspec.structs.replace(sample.board, clock_hertz=clock(at)),
        ),
    )


def test_a_clock_that_falls_while_the_cpu_is_full_is_a_doubt():
    def falls(at):
        return 3.8e9 if at < 6 else 2.4e9

    (doubt,) = [
        doubt for doubt in trust_of(busy_at(0.98, falls)).doubts if doubt.startswith("here lowered")
    ]
    assert doubt == (
        "here lowered its clock from 3.80 to 2.40 GHz although its CPU was full, for 50.0 % of the "
        "hold"
    )
    assert not [doubt for doubt in trust_of(busy_at(0.5, falls)).doubts if "clock" in doubt]


def test_memory_that_threads_wait_for_is_what_bound_the_rate():
    short = happening(**{**QUIET_MACHINE, "memory_pressure_seconds": 0.4})
    verdict = bottleneck_of(short)
    assert (verdict.kind, verdict.subject) == ("memory", "here")
    assert verdict.sentence in trust_of(short).doubts
    waited = evidence(verdict, "time in which threads of here waited for memory")
    assert (waited.measured, waited.limit) == (pytest.approx(4.0), 2.0)
    little = happening(**{**QUIET_MACHINE, "memory_pressure_seconds": 0.12})
    assert bottleneck_of(little).kind == "load"


def test_tcp_at_the_limit_of_its_memory_is_what_bound_the_rate():
    short = happening(network={"short_of_memory_times": 1, "short_of_memory_seconds": 0.5})
    verdict = bottleneck_of(short)
    assert (verdict.kind, verdict.subject) == ("memory", "here")
    assert verdict.sentence in trust_of(short).doubts


def test_a_full_connection_table_is_what_bound_the_rate_where_nothing_else_was_full():
    full = {**QUIET_NETWORK, "tracked_connections": lambda _: 262_144}
    verdict = bottleneck_of(happening(network=full))
    assert (verdict.kind, verdict.subject) == ("connection table", "here")
    assert evidence(verdict, "tracked connections of here").at_limit
    busy = watched(cores={"relay-1": 1.95})
    assert bottleneck_of(happening(busy, network=full)).kind == "machine CPU"
