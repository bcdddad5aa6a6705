"""What the sampler reads of a machine's conditions and of its network, from files laid out."""

import os
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.movers import clock as clock_module
from onionrig.movers.clock import SteadyClock
from onionrig.movers.sampler import conditions
from onionrig.movers.sampler.conditions import (
    ConditionsReader,
    frames,
    most_kills,
    oom_files,
    pressure_seconds,
    suspended_seconds,
)
from onionrig.movers.sampler.host import Interfaces, interface_counts, named_counts, number_from
from onionrig.movers.sampler.network import (
    NetworkReader,
    damaged_segments,
    protocol_counts,
    tcp_counts,
    tracking_drops,
)
from onionrig.records.samples import HostSample, MachineConditions, NetworkCounts
from support.files import lay_out
from support.records.samples import host_sample

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
COUNTS = st.integers(min_value=0, max_value=2**64 - 1)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz_0123456789.-", min_size=1)

PRESSURE = (
    "some avg10=1.00 avg60=0.50 avg300=0.10 total={}\n"
    "full avg10=0.00 avg60=0.00 avg300=0.00 total={}\n"
)
MACHINE = {
    "proc/pressure/cpu": PRESSURE.format(9_000_000, 0),
    "proc/pressure/memory": PRESSURE.format(2_500_000, 500_000),
    "proc/pressure/io": PRESSURE.format(4_000_000, 3_000_000),
    "proc/vmstat": "nr_free_pages 4096\npswpin 10\npswpout 30\npgmajfault 77\noom_kill 2\n",
    "proc/net/softnet_stat": "0000000a 00000001 00000003\n00000010 00000002 00000000\n",
    "proc/self/cgroup": "4:memory:/a/b\n0::/a/b\n",
    "proc/self/mountinfo": "31 1 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
    "sys/fs/cgroup/memory/a/b/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
    "sys/fs/cgroup/memory/a/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
    "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_total_time_ms": "1500\n",
    "sys/devices/system/cpu/cpu1/thermal_throttle/package_throttle_total_time_ms": "2500\n",
}
SNMP = (
    "Ip: Forwarding DefaultTTL\nIp: 1 64\n"
    "Tcp: RtoAlgorithm MaxConn InSegs OutSegs RetransSegs InErrs\n"
    "Tcp: 1 -1 5000 40628212 12225 17\n"
    "TcpX: RetransSegs\nTcpX: 9\n"
)
NETSTAT = (
    "TcpExt: RcvPruned ListenOverflows ListenDrops TCPAbortOnMemory TCPMemoryPressures "
    "TCPMemoryPressuresChrono TCPBacklogDrop TCPRcvQDrop TCPSYNChallenge\n"
    "TcpExt: 4 5 6 1 2 1250 10 20 7\n"
    "IpExt: InNoRoutes\nIpExt: 0\n"
)
TRACKING = (
    "entries  clashres found new invalid ignore delete chainlength insert insert_failed drop "
    "early_drop icmp_error  expect_new expect_create expect_delete search_restart\n"
    + "000000ff 0 0 0 0 0 0 0 0 00000001 {} {} 0 0 0 0 0\n"
    * 2
).format("0000000a", "00000001", "00000010", "00000002")
NETWORK = {
    "proc/net/netstat": NETSTAT,
    "proc/net/stat/nf_conntrack": TRACKING,
    "proc/sys/net/netfilter/nf_conntrack_count": "511\n",
    "proc/sys/net/netfilter/nf_conntrack_max": "512\n",
}


class Clock:
    """A clock that the wall clock has been set ahead of."""

    def wall_ahead_seconds(self):
        return 3.00049


def test_the_conditions_of_a_machine_are_read_from_its_files(tmp_path):
    lay_out(tmp_path, MACHINE)
    conditions = ConditionsReader(tmp_path, Clock()).read(0)
    assert msgspec.structs.replace(conditions, suspended_seconds=None) == MachineConditions(
        wall_ahead_seconds=3.0,
        affinity_cores=len(os.sched_getaffinity(0)),
        heat_throttled_seconds=2.5,
        cpu_pressure_seconds=9.0,
        memory_pressure_seconds=2.5,
        full_memory_pressure_seconds=0.5,
        disk_pressure_seconds=4.0,
        full_disk_pressure_seconds=3.0,
        swapped_in_bytes=10 * PAGE_BYTES,
        swapped_out_bytes=30 * PAGE_BYTES,
        major_faults=77,
        oom_kills=2,
        group_oom_kills=3,
        queued_frames=26,
        unqueued_frames=3,
    )


def test_values_that_a_kernel_lacks_are_null(tmp_path):
    conditions = ConditionsReader(tmp_path, Clock()).read(0)
    known_names = {
        name for name, value in msgspec.structs.asdict(conditions).items() if value is not None
    }
    assert known_names == {"wall_ahead_seconds", "suspended_seconds", "affinity_cores"}
    assert NetworkReader(tmp_path).read({}) == NetworkCounts()


def test_the_throttling_of_many_cores_is_not_read_each_time(tmp_path):
    lay_out(tmp_path, MACHINE)
    reader = ConditionsReader(tmp_path, Clock())
    readings = [reader.read(second) for second in range(0, 10, 2)]
    heat_seconds = [reading.heat_throttled_seconds for reading in readings]
    assert heat_seconds == [2.5, None, 2.5, None, 2.5]
    assert [reading.group_oom_kills for reading in readings] == [3, None, 3, None, 3]
    assert [reading.oom_kills for reading in readings] == [2] * 5


def test_kills_are_counted_in_both_versions_of_control_groups(tmp_path):
    lay_out(
        tmp_path,
        {
            "proc/self/cgroup": "0::/a\n",
            "proc/self/mountinfo": "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
            "sys/fs/cgroup/a/memory.events": "low 0\nhigh 0\nmax 9\noom 4\noom_kill 4\n",
        },
    )
    (file,) = oom_files(tmp_path)
    assert most_kills([file.read_text(), None]) == 4
    assert most_kills(["under_oom 0\n", None]) is None


def test_the_counters_of_a_network_namespace_are_read_from_its_files(tmp_path):
    lay_out(tmp_path, NETWORK)
    assert NetworkReader(tmp_path).read(tcp_counts(SNMP)) == NetworkCounts(
        received_segments=5000,
        damaged_segments=10,
        unbuffered_segments=34,
        refused_connections=6,
        aborted_connections=1,
        short_of_memory_times=2,
        short_of_memory_seconds=1.25,
        tracked_connections=511,
        most_tracked_connections=512,
        untracked_drops=26,
        early_drops=3,
    )


def test_retransmitted_segments_are_found_by_name():
    assert tcp_counts(SNMP)["RetransSegs"] == 12225
    assert protocol_counts(SNMP, "Tcp", ["MaxConn"]) == {}, "it is -1: there is no such limit"
    assert tcp_counts("Tcp: RetransSegs\n") == {}


def test_a_syn_within_a_connection_is_not_a_damaged_segment():
    assert damaged_segments({"InErrs": 180}, {"TCPSYNChallenge": 180}) == 0
    assert damaged_segments({"InErrs": 5}, {}) == 5
    assert damaged_segments({}, {"TCPSYNChallenge": 3}) is None


def test_lost_frames_are_those_dropped_and_damaged_and_an_overrun_counts_once(tmp_path):
    dev = (
        "Inter-|   Receive                            |  Transmit\n"
        " face |bytes packets errs drop fifo frame compressed multicast|bytes packets ...\n"
        "  eth0: 1000 10 3 5 2 1 0 9 2000 20 1 4 6 0 0 0\n"
        "eth0:1: 7 1 0 0 0 0 0 0 8 1 0 0 0 0 0 0\n"
        "  idle: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
    )
    lay_out(tmp_path, {"proc/net/dev": dev})
    used = Interfaces(tmp_path).use()
    assert set(used) == {"eth0", "eth0:1"}
    assert (used["eth0"].received_lost_frames, used["eth0"].sent_lost_frames) == (5 + 3, 4 + 6)
    assert (used["eth0"].received_packets, used["eth0"].sent_packets) == (10, 20)


def test_a_sample_of_an_older_recording_has_none_of_it():
    older = msgspec.json.decode(msgspec.json.encode(host_sample(1, {"relay-1": 1.0})))
    for name in ("network", "conditions", "throttled_periods", "quota_periods"):
        assert older.pop(name) is None
    sample = msgspec.convert(older, HostSample)
    assert sample.conditions is sample.network is None


def test_how_far_the_wall_clock_was_set_is_told_to_the_millisecond(monkeypatch):
    passed = iter(range(100))
    clocks = SimpleNamespace(
        ahead=5000.0, monotonic=lambda: next(passed) * 1e-7, time=lambda: clocks.ahead
    )
    monkeypatch.setattr(clock_module, "time", clocks)
    steady = SteadyClock()
    assert steady.wall_ahead_seconds() == pytest.approx(0, abs=1e-4)
    clocks.ahead += 2.5
    assert steady.wall_ahead_seconds() == pytest.approx(2.5, abs=1e-4)


def test_suspension_is_what_one_clock_counts_and_the_other_does_not(monkeypatch):
    times = {"with": 900.0, "without": 100.0, "read": 0}

    def clock_gettime(which):
        times["read"] += 1
        if times["read"] == 3:  # held up within the first of several readings
            times["without"] += 4.0
            times["with"] += 4.0
        return times[which]

    monkeypatch.setattr(
        conditions,
        "time",
        SimpleNamespace(
            clock_gettime=clock_gettime, CLOCK_MONOTONIC="without", CLOCK_BOOTTIME="with"
        ),
    )
    assert suspended_seconds() == 800.0


@given(some=COUNTS, full=COUNTS)
def test_pressure_is_read_by_its_kind(some, full):
    text = PRESSURE.format(some, full)
    assert pressure_seconds(text, "some") == pytest.approx(some / 1e6, abs=1e-4)
    assert pressure_seconds(text, "full") == pytest.approx(full / 1e6, abs=1e-4)
    assert pressure_seconds(text, "none") is None


@given(st.dictionaries(NAMES, COUNTS))
def test_named_counts_are_read_as_they_are_written(counts):
    text = "".join(f"{name} {count}\n" for name, count in counts.items())
    assert named_counts(text, counts) == counts
    assert named_counts(text, ["none of them"]) == {}


@given(st.lists(st.tuples(*[st.integers(0, 2**32 - 1)] * 3), min_size=1))
def test_frames_of_all_cpus_are_added_up(cpus):
    text = "".join(" ".join(f"{number:08x}" for number in cpu) + "\n" for cpu in cpus)
    processed, dropped, _ = zip(*cpus, strict=True)
    assert frames(text) == (sum(processed), sum(dropped))


@given(st.dictionaries(NAMES, COUNTS, min_size=1))
def test_counts_of_a_protocol_are_read_by_name(counts):
    text = f"Udp: a\nUdp: 1\nTcp: {' '.join(counts)}\nTcp: {' '.join(map(str, counts.values()))}\n"
    assert protocol_counts(text, "Tcp", counts) == counts


@given(st.dictionaries(NAMES, st.tuples(*[COUNTS] * 16)))
def test_lost_frames_of_an_interface_are_read_from_their_columns(interfaces):
    lines = [f"{name}: {' '.join(map(str, columns))}\n" for name, columns in interfaces.items()]
    counts_by_interface = interface_counts("Inter-| Receive\n face |bytes\n" + "".join(lines))
    assert set(counts_by_interface) == set(interfaces)
    for name, columns in interfaces.items():
        assert counts_by_interface[name].received_bytes == columns[0]
        assert counts_by_interface[name].sent_packets == columns[9]
        assert counts_by_interface[name].received_lost == columns[3] + max(columns[2], columns[4])
        assert counts_by_interface[name].sent_lost == columns[11] + max(columns[10], columns[12])


@given(st.text() | st.none())
def test_readers_accept_any_text(text):
    assert pressure_seconds(text, "some") is None or "total=" in text
    assert named_counts(text, ["", "a"]).keys() <= {"", "a"}
    assert frames(text) is None or len(frames(text)) == 2
    assert tcp_counts(text) == {} or "Tcp:" in text
    assert set(tracking_drops(text)) <= {"drop", "early_drop"}
    assert all(counts.received_lost >= 0 for counts in interface_counts(text).values())
    assert most_kills([text]) is None or "oom_kill" in text
    assert number_from(text) is None or number_from(text) >= 0


def test_counters_of_this_machine_do_not_fall():
    reader = ConditionsReader(Path("/"), SteadyClock())
    readings = [msgspec.structs.asdict(reader.read(second)) for second in range(3)]
    for before, after in pairwise(readings):
        for name in before.keys() - {"wall_ahead_seconds", "affinity_cores"}:
            if before[name] is not None and after[name] is not None:
                assert after[name] >= before[name] - 1e-3, name
