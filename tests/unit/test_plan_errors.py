"""How far plans are off, as docs/planning.md has it from the rows of benchmarks/speeds.jsonl."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import plan_error_table
from onionrig.analysis.yardstick.reference_core import REFERENCE_CORES
from onionrig.records.yardstick.readings import YARDSTICK_VERSION
from speed_rows import ROWS, PartReadings, SpeedRow, read_rows
from support.files import PROJECT


def row(*, factor=1.0, version=YARDSTICK_VERSION, profile="default", cost=1.5):
    speeds = REFERENCE_CORES[YARDSTICK_VERSION].bytes_per_cpu_second
    return SpeedRow(
        date="2026-01-01", note="quiet", profile=profile, settings=(), hold_seconds=30,
        onionrig="0.1.0", tor="0.4.9.11", cpu_model="A CPU", cores=2.0,
        yardstick_version=version, library="OpenSSL 3",
        parts={
            part: PartReadings(before=None, hold=factor * speed, after=None)
            for part, speed in speeds.items()
        },
        speed=factor, sustained_bits_per_second=2e8, mean_bits_per_second=2e8,
        bottleneck="machine CPU", cpu_seconds_per_gbit={"backend": cost},
        reference_core_seconds_per_gbit={}, doubts=(),
    )  # fmt: skip


def test_the_table_in_the_docs_is_that_of_the_rows():
    page = (PROJECT / "docs" / "planning.md").read_text()
    assert f"\n{plan_error_table.table(read_rows(ROWS))}\n" in page


@given(st.floats(0.1, 5.0))
def test_a_core_that_is_so_many_times_as_fast_is_planned_with_so_much_less_time(factor):
    reference, planned = (plan_error_table.planned(row(factor=at)) for at in (1.0, factor))
    assert planned.likely == pytest.approx(reference.likely / factor)
    assert planned.lowest <= planned.likely <= planned.highest


def test_single_hop_rows_are_compared_with_the_single_hop_measurement():
    anonymous, single = (
        plan_error_table.planned(row(profile=profile)) for profile in ("default", "single-hop")
    )
    assert single.likely < anonymous.likely


def test_rows_of_another_yardstick_or_profile_are_left_out():
    assert plan_error_table.planned(row(version=999)) is None
    table = plan_error_table.table([row(profile="wide-area"), row(version=999), row()])
    assert len(table.splitlines()) == 3
