import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.analysis.load.windows import LowestMean, Window
from onionrig.analysis.over_time.series import downsampled, series
from onionrig.analysis.over_time.timeline import Timeline, downsampled_timeline
from onionrig.records.samples import CpuStates
from onionrig.records.streams.transfers import Ending
from support.records.events import finished, happened, held, scheduled
from support.records.manifests import host, manifest, service
from support.records.recordings import recording, watched
from support.records.samples import HOLD, RAMP, host_sample, ping_sample, sink_sample, transfer


def line(timeline, name):
    return dict(zip(timeline.at_seconds, timeline.lines[name], strict=True))


def total(timeline, name):
    return math.fsum(
        value * seconds
        for value, seconds in zip(timeline.lines[name], timeline.lasting_seconds, strict=True)
    )


def test_goodput_is_told_by_backend_from_the_ramp_on_and_time_counts_from_the_hold():
    samples = [sink_sample(RAMP + at, {"backend-1": at}) for at in range(15)]
    drawn = series(recording(samples, hold_seconds=10))
    timeline = drawn.goodput_bits_per_second
    assert timeline.at_seconds == tuple(float(at) for at in range(-5, 10))
    assert line(timeline, "backend-1")[-5.0] == 0
    assert line(timeline, "backend-1")[9.0] == 8 * 14
    assert set(timeline.lines["backend-2"]) == {0.0}
    (load,) = drawn.loads
    assert (load.ramp, load.hold, load.end) == (-5.0, 0.0, 10.0)
    assert load.held == Window(begin=HOLD, end=HOLD + 10)


def test_the_lowest_ten_seconds_count_from_the_start_of_their_hold():
    sizes = [9] * 4 + [1] * 12 + [9] * 4
    samples = [sink_sample(RAMP + at, {"backend-1": 0}) for at in range(5)]
    samples += [sink_sample(HOLD + at, {"backend-1": size}) for at, size in enumerate(sizes)]
    (load,) = series(recording(samples, hold_seconds=20)).loads
    assert load.lowest == LowestMean(begins_after_seconds=4, bits_per_second=8.0)


def test_a_hold_of_nine_seconds_has_no_lowest_ten():
    samples = [sink_sample(HOLD + at, {"backend-1": 5}) for at in range(9)]
    (load,) = series(recording(samples)).loads
    assert load.lowest is None


def test_a_missing_second_is_zero_goodput_but_unknown_streams():
    samples = [sink_sample(HOLD + at, {"backend-1": 5}) for at in range(10) if at != 4]
    drawn = series(recording(samples, hold_seconds=10))
    assert line(drawn.goodput_bits_per_second, "backend-1")[4.0] == 0
    assert line(drawn.streams, "backend-1")[4.0] is None
    assert line(drawn.streams, "backend-1")[5.0] == 1
    assert line(drawn.streams, "backend-2")[5.0] == 0


def test_a_foreign_peers_bytes_are_a_line_of_their_own():
    samples = [sink_sample(HOLD + at, {}, unverified=3) for at in range(10)]
    made = manifest(mode="without tor", backends={})
    drawn = series(recording(samples, manifest=made))
    assert set(drawn.goodput_bits_per_second.lines) == {"unverified"}
    assert line(drawn.goodput_bits_per_second, "unverified")[0.0] == 24


def test_several_loads_stand_one_after_the_other():
    second = HOLD + 12
    told = [scheduled(hold_seconds=10), held(), scheduled(hold_seconds=10, ramp=second), held()]
    samples = [sink_sample(at, {"backend-1": 1}) for at in (HOLD, second + 5)]
    drawn = series(recording(samples, loads=told, events=[finished()], done=False))
    assert [(load.ramp, load.hold, load.end) for load in drawn.loads] == [
        (-5.0, 0.0, 10.0), (12.0, 17.0, 27.0),
    ]  # fmt: skip
    assert len(drawn.goodput_bits_per_second.at_seconds) == 5 + 27
    assert line(drawn.goodput_bits_per_second, "backend-1")[17.0] == 8


def test_a_run_that_was_cut_short_is_drawn_to_its_last_sample():
    samples = [sink_sample(RAMP + at, {"backend-1": 1}) for at in range(3)]
    drawn = series(recording(samples, hold_seconds=60, done=False))
    assert drawn.goodput_bits_per_second.at_seconds == (-5.0, -4.0, -3.0)


def test_a_run_of_several_sinks_is_drawn_to_the_last_sample_of_all():
    whole = recording([sink_sample(RAMP, {"backend-1": 1})], hold_seconds=60, done=False)
    sinks = {**whole.sinks, "sink-2": [sink_sample(RAMP + at, {"backend-1": 2}) for at in (0, 2)]}
    drawn = series(msgspec.structs.replace(whole, sinks=sinks)).goodput_bits_per_second
    assert drawn.lines["backend-1"] == (24, 0, 16)


def test_nothing_is_drawn_of_a_run_without_a_load():
    drawn = series(recording([], loads=[]))
    assert drawn.loads == ()
    assert drawn.goodput_bits_per_second.at_seconds == ()


def test_cores_are_told_by_role_from_the_counters_differences():
    samplers = {
        "sampler": [
            host_sample(HOLD - 1, {"relay-1": 1.0, "relay-2": 5.0}),
            host_sample(HOLD, {"relay-1": 1.25, "relay-2": 5.5, "sink": 0.1}),
            # two seconds without a sample share what was used
            host_sample(HOLD + 3, {"relay-1": 1.25, "relay-2": 7.0}),
            # another process under the same name counts from its start
            host_sample(HOLD + 4, {"relay-1": 0.5, "relay-2": 7.0}),
        ]
    }
    drawn = series(watched(other={"samplers": samplers}))
    relays, sink = line(drawn.cores, "relay"), line(drawn.cores, "sink")
    assert relays[-1.0] is None
    assert relays[0.0] == pytest.approx(0.75)
    assert [relays[at] for at in (1.0, 2.0, 3.0)] == pytest.approx([0.5] * 3)
    assert relays[4.0] == pytest.approx(0.5)
    assert sink[0.0] == pytest.approx(0.1)


def test_hosts_and_interfaces_are_told_apart():
    samplers = {
        f"sampler-{name}": [
            host_sample(
                HOLD + at,
                {"relay-1": 0.5 * at},
                busy=busy * at,
                steal=0.1 * at,
                interfaces={"eth0": {"sent": 1000 * at}, "eth1": {}},
            )
            for at in range(3)
        ]
        for name, busy in (("pi1", 1.0), ("pi2", 2.0))
    }
    services = tuple(service(f"sampler-{name}", "sampler", name) for name in ("pi1", "pi2"))
    made = manifest(hosts=(host("pi1"), host("pi2")), services=services)
    drawn = series(watched(other={"samplers": samplers, "manifest": made}))
    assert line(drawn.host_cores["pi2"], "user")[1.0] == pytest.approx(0.5)
    assert line(drawn.host_cores["pi2"], "system")[1.0] == pytest.approx(1.5)
    assert line(drawn.host_cores["pi1"], "steal")[2.0] == pytest.approx(0.1)
    assert set(drawn.interface_bits_per_second.lines) == {"pi1 eth0 sent", "pi2 eth0 sent"}
    assert line(drawn.interface_bits_per_second, "pi1 eth0 sent")[2.0] == 8000
    assert line(drawn.cores, "relay")[1.0] == pytest.approx(1.0)


def test_a_hosts_states_are_those_that_top_shows():
    def sampled(at):
        states = CpuStates(
            user=at, nice=2 * at, system=4 * at, idle=8 * at, iowait=16 * at, irq=32 * at,
            softirq=64 * at, steal=128 * at,
        )  # fmt: skip
        return msgspec.structs.replace(host_sample(HOLD + at, {}), cpu=states)

    drawn = series(watched(other={"samplers": {"sampler": [sampled(0), sampled(1)]}}))
    states = drawn.host_cores["here"].lines
    assert {state: line(drawn.host_cores["here"], state)[1.0] for state in states} == {
        "user": 1 + 2, "system": 4 + 32 + 64, "iowait": 16, "steal": 128, "idle": 8,
    }  # fmt: skip


def test_a_hosts_states_are_divided_by_the_time_between_their_own_readings():
    def sampled(at, *, read_late):
        sample = host_sample(HOLD + at, {}, busy=2.0 * (at + read_late), idle=0.0)
        read = sample.monotonic_seconds + read_late
        return msgspec.structs.replace(sample, cpu_monotonic_seconds=read)

    samples = [sampled(0, read_late=0.0), sampled(1, read_late=0.25), sampled(2, read_late=0.0)]
    drawn = series(watched(other={"samplers": {"sampler": samples}})).host_cores["here"]
    for second in (1.0, 2.0):
        assert sum(line(drawn, state)[second] for state in drawn.lines) == pytest.approx(2.0)


def test_round_trips_are_told_by_client():
    pings = {
        "pinger": [
            ping_sample(HOLD, {"client-1": 0.05, "client-2": None}),
            ping_sample(HOLD + 1, {"client-1": 0.06, "client-2": 0.07}),
        ]
    }
    drawn = series(watched(other={"pings": pings})).round_trip_seconds
    assert line(drawn, "client-1")[0.0] == 0.05
    assert line(drawn, "client-2")[0.0] is None
    assert line(drawn, "client-2")[1.0] == 0.07


def test_times_of_streams_come_from_the_transfers():
    transfers = [
        transfer(0, connected=0.3, first_byte=0.4),
        transfer(1, connected=0.5, first_byte=None),
        transfer(2, connected=None, first_byte=None),
    ]
    drawn = series(watched(other={"transfers": transfers}))
    assert drawn.connect_seconds == (0.3, 0.5)
    assert drawn.first_byte_seconds == (0.4,)


values = st.floats(0, 1e12, allow_nan=False)


def test_what_was_done_to_the_rig_stands_where_it_was_done():
    samples = [sink_sample(HOLD + at, {"backend-1": 5}) for at in range(10)]
    events = [
        happened("kill", "backend-1", -20.0),
        happened("kill", "relay-1", -2.5),
        happened("hang", "backend-1", 4.25),
        happened("kill", "relay-2", 10.5),
    ]
    drawn = series(recording(samples, hold_seconds=10, events=events))
    assert [(each.at, each.verb, each.subject) for each in drawn.faults] == [
        (-2.5, "kill", "relay-1"),
        (4.25, "hang", "backend-1"),
    ]


def test_dials_under_load_are_told_second_by_second_and_those_before_are_not():
    def dialled(at, **more):
        return transfer(started=HOLD + at, ended_after=0.5, **more)

    failing = {"backend": None, "verified": 0, "first_byte": None, "ending": Ending.NO_FIRST_BYTE}
    dials = [
        dialled(-6.0, first_byte=7.0),
        dialled(-4.5, first_byte=0.5),
        dialled(3.0, first_byte=0.25),
        dialled(3.5, first_byte=0.75),
        dialled(3.9, **failing),
        dialled(5.0, **failing),
    ]
    samples = [sink_sample(HOLD + at, {"backend-1": 5}) for at in range(10)]
    drawn = series(recording(samples, hold_seconds=10, dials=dials))
    counted = {
        at: (line(drawn.dialled, "served")[at], line(drawn.dialled, "failed")[at])
        for at in drawn.dialled.at_seconds
    }
    assert {at: both for at, both in counted.items() if both != (0, 0)} == {
        -5.0: (1, 0),
        3.0: (2, 1),
        5.0: (0, 1),
    }
    waits = drawn.dial_wait_seconds
    assert (line(waits, "median")[3.0], line(waits, "slowest")[3.0]) == (0.5, 0.75)
    assert line(waits, "median")[5.0] is None
    assert line(waits, "median")[-5.0] == 0.5


def test_without_dials_under_load_there_are_no_lines_of_them():
    samples = [sink_sample(HOLD + at, {"backend-1": 5}) for at in range(10)]
    drawn = series(recording(samples, dials=[transfer(started=RAMP - 9.0)]))
    assert (drawn.dialled.lines, drawn.dial_wait_seconds.lines, drawn.faults) == ({}, {}, ())


def test_dials_keep_their_number_in_fewer_points():
    samples = [sink_sample(HOLD + at, {"backend-1": 5}) for at in range(90)]
    dials = [transfer(started=HOLD + at * 0.7, ended_after=0.1) for at in range(100)]
    thinned = downsampled(series(recording(samples, dials=dials)), most=20)
    assert len(thinned.dialled.at_seconds) <= 20
    assert total(thinned.dialled, "served") == pytest.approx(100)


@given(st.lists(values, min_size=1, max_size=300), st.integers(1, 50))
def test_fewer_points_keep_the_total_and_the_time(numbers, most):
    whole = Timeline(
        at_seconds=tuple(float(at) for at in range(len(numbers))),
        lasting_seconds=(1.0,) * len(numbers),
        lines={"a": tuple(numbers)},
    )
    fewer = downsampled_timeline(whole, most)
    assert len(fewer.at_seconds) <= most
    assert sum(fewer.lasting_seconds) == len(numbers)
    assert total(fewer, "a") == pytest.approx(math.fsum(numbers), rel=1e-12)
    assert min(numbers) * (1 - 1e-12) <= min(fewer.lines["a"])
    assert max(fewer.lines["a"]) <= max(numbers) * (1 + 1e-12)
    # again, with the stretches as they are now
    assert total(downsampled_timeline(fewer, 3), "a") == pytest.approx(math.fsum(numbers))


def test_a_point_is_the_mean_of_what_was_recorded():
    whole = Timeline(
        at_seconds=(0.0, 1.0, 2.0, 3.0, 4.0),
        lasting_seconds=(1.0,) * 5,
        lines={"a": (1.0, None, 3.0, None, None)},
    )
    fewer = downsampled_timeline(whole, 3)
    assert fewer.at_seconds == (0.0, 2.0, 4.0)
    assert fewer.lasting_seconds == (2.0, 2.0, 1.0)
    assert fewer.lines["a"] == (1.0, 3.0, None)


def test_a_lines_total_is_its_values_for_as_long_as_they_lasted():
    whole = Timeline(
        at_seconds=(0.0, 2.0, 4.0),
        lasting_seconds=(2.0, 2.0, 1.0),
        lines={"a": (1.5, None, 4.0), "b": (0.0, 1.0, 0.0)},
    )
    assert (whole.total("a"), whole.total("b")) == (7.0, 2.0)


def test_a_long_run_is_drawn_with_600_points_and_a_short_one_as_it_is():
    drawn = series(watched(seconds=1500))
    fewer = downsampled(drawn)
    assert len(fewer.goodput_bits_per_second.at_seconds) == 502  # 1505 s by threes
    assert total(fewer.goodput_bits_per_second, "backend-1") == 1500 * 8_000_000
    assert fewer.loads == drawn.loads
    short = series(watched(seconds=20))
    assert downsampled(short) == short


def test_a_series_can_be_written_and_read_again():
    drawn = series(watched(carries={"eth0": (1, 2, 1e9)}))
    assert msgspec.json.decode(msgspec.json.encode(drawn), type=type(drawn)) == drawn
