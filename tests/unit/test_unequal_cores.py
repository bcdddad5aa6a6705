"""The speed of a host's cores: of unequal ones, and whatever readings were recorded."""

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onionrig.analysis.load.windows import Window
from onionrig.analysis.result import analyse
from onionrig.analysis.yardstick.core_speed import host_speed
from onionrig.analysis.yardstick.reference_core import REFERENCE_CORES
from onionrig.records.result import Result
from onionrig.records.yardstick.readings import WORK_PARTS, YARDSTICK_VERSION, Timing
from support.records.recordings import watched
from support.records.samples import HOLD
from support.records.yardsticks import reading

REFERENCE = REFERENCE_CORES[YARDSTICK_VERSION]
TEN_SECONDS = Window(begin=HOLD, end=HOLD + 10)
FACTORS = st.floats(0.05, 20)


def on_slow_and_fast_cores(count, *, speed=lambda at: 1.0 + 0 * at):
    """A reading per second, on one core after another; the second half of them is slow."""
    return [
        reading(
            HOLD + at, core=at % count, speed=speed(at) * (1.0 if at % count < count / 2 else 0.25)
        )
        for at in range(count * 2 - count // 2)
    ]


@given(st.lists(FACTORS, min_size=1, max_size=8), st.integers(1, 3))
def test_the_speed_of_unequal_cores_is_their_mean(factors, rounds):
    several = [
        reading(HOLD, core=core, speed=factor)
        for _ in range(rounds)
        for core, factor in enumerate(factors)
    ]
    speed = host_speed("here", several, TEN_SECONDS)
    mean = sum(factors) / len(factors)
    assert speed.hold == pytest.approx(mean, rel=1e-3)
    by_part = {part.part: part.hold_bytes_per_cpu_second for part in speed.parts}
    assert by_part["digest"] == pytest.approx(
        mean * REFERENCE.bytes_per_cpu_second["digest"], rel=1e-3
    )


def test_a_core_that_was_read_more_often_counts_no_more_than_another():
    several = [reading(HOLD, core=0, speed=1.0)] * 3 + [reading(HOLD, core=1, speed=0.5)]
    assert host_speed("here", several, TEN_SECONDS).hold == pytest.approx(0.75, rel=1e-3)


def test_slow_cores_that_were_read_mostly_in_one_half_of_the_hold_did_not_change():
    several = on_slow_and_fast_cores(24)
    speed = host_speed("here", several, Window(begin=HOLD, end=HOLD + len(several)))
    assert speed.change == pytest.approx(0, abs=1e-3)


def test_unequal_cores_that_became_slower_did_so_by_their_own_measure():
    def speed(at):
        return 1.0 if at < 18 else 0.8

    several = on_slow_and_fast_cores(24, speed=speed)
    found = host_speed("here", several, Window(begin=HOLD, end=HOLD + len(several)))
    assert found.change == pytest.approx(-0.2, abs=1e-3)


def test_cores_that_were_read_in_one_half_alone_show_no_change():
    several = [reading(HOLD + at, core=at, speed=1.0 if at < 5 else 0.2) for at in range(10)]
    assert host_speed("here", several, TEN_SECONDS).change is None


NUMBERS = st.one_of(st.integers(-(10**20), 10**20), st.sampled_from([0, 1, 10**12]))
SECONDS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([0.0, 1e-320, 1e-3, 1e308])
)
WHATEVER = st.lists(
    st.builds(
        reading,
        st.integers(HOLD - 3, HOLD + 12),
        st.sampled_from(["before", "hold", "after"]),
        core=st.integers(0, 2),
        version=st.integers(1, 2),
    ).flatmap(
        lambda sample: st.dictionaries(
            st.sampled_from(WORK_PARTS), st.builds(Timing, bytes=NUMBERS, cpu_seconds=SECONDS)
        ).map(lambda timings: msgspec.structs.replace(sample, timings=timings))
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=200, deadline=None)
@given(WHATEVER)
def test_whatever_readings_are_recorded_a_result_is_made_of_them(samples):
    whole = msgspec.structs.replace(watched(), yardsticks={"yardstick": samples})
    result = analyse(whole)
    speeds = [host.hold for host in result.yardstick.hosts if host.hold is not None]
    assert all(0 < speed < math.inf for speed in speeds)
    assert msgspec.json.decode(msgspec.json.encode(result), type=Result) == result
