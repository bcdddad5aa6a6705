"""How benchmarks/reference_core.py carries figures over to the parts of the yardstick."""

from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

import core_readings
import reference_core
from onionrig.analysis.yardstick.reference_core import REFERENCE_CORES
from onionrig.plan.reference_file import reference_file
from onionrig.records.yardstick.readings import WORK_PARTS, YARDSTICK_VERSION
from support.records.yardsticks import reading

MACHINE = reference_file(
    (resources.files("onionrig.plan") / "reference" / "reference.toml").read_text()
).machine
REFERENCE = REFERENCE_CORES[YARDSTICK_VERSION].bytes_per_cpu_second
SHA3 = "sha3_256_509_bytes_per_second"


def test_every_part_has_a_figure_that_is_shipped():
    assert set(reference_core.FIGURES) == set(WORK_PARTS)
    assert all(getattr(MACHINE, figure) for figure in reference_core.FIGURES.values())


def test_a_part_of_the_reference_core_is_the_median_ratio_times_the_shipped_figure():
    (digest,) = reference_core.estimates({"digest": [1.0, 1.2, 1.1]}, MACHINE).values()
    assert digest.shipped_bytes_per_second == 4.28e8
    assert digest.bytes_per_cpu_second == pytest.approx(1.1 * 4.28e8)
    (line,) = reference_core.lines({"digest": digest})
    assert "1.100 (1.000 to 1.200)" in line
    assert "4.71e+08 bytes per CPU-second" in line


@given(st.floats(0.1, 10), st.floats(1e6, 1e11))
def test_a_ratio_is_the_parts_speed_around_the_timing_over_the_figure(speed, figure):
    around = reading(1, speed=speed), reading(2, speed=speed)
    ratios = reference_core.ratios_of(*around, SHA3, figure)
    assert ratios == {"digest": pytest.approx(speed * REFERENCE["digest"] / figure, rel=1e-3)}


def test_both_sizes_of_pieces_are_compared_with_the_probes_loopback():
    around = reading(1), reading(2)
    ratios = reference_core.ratios_of(*around, "loopback_bytes_per_cpu_second", 1e9)
    assert set(ratios) == {"loopback", "bulk"}


def test_readings_of_several_cores_have_one_speed():
    assert core_readings.speed_of([reading(1, speed=2.0)]) == pytest.approx(2.0)
    both = core_readings.speed_of([reading(1, speed=2.0), reading(1, speed=1.0, core=1)])
    assert 1 < both < 2
    with pytest.raises(ValueError, match="counted no time"):
        core_readings.speed_of([])


def test_a_spread_is_the_median_with_the_lowest_and_the_highest():
    assert core_readings.spread([3.0, 1.0, 2.0], ".1f") == "2.0 (1.0 to 3.0)"
