"""The rows of benchmarks/speeds.jsonl, and the table that scripts/speeds_table.py makes of them."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import speeds
import speeds_table
from onionrig.analysis.load.windows import Window
from onionrig.analysis.result import analyse
from onionrig.errors import RecordsUnreadable
from speed_rows import Disturbance, PartReadings, SpeedRow, read_rows, row_of
from support.files import PROJECT
from support.records.recordings import watched
from support.records.results import trust
from support.records.samples import HOLD
from support.records.yardsticks import readings

COSTS = st.lists(st.floats(0.1, 100), min_size=2, max_size=8)


def row(raw=8.0, carried=7.0, **more):
    defaults = {
        "date": "2026-01-01",
        "note": "quiet",
        "profile": "default",
        "settings": (),
        "hold_seconds": 30,
        "onionrig": "0.1.0",
        "tor": "0.4.9.11",
        "cpu_model": "A CPU",
        "cores": 2.0,
        "yardstick_version": 1,
        "library": "OpenSSL 3",
        "parts": {"digest": PartReadings(before=4e8, hold=4e8, after=None)},
        "speed": 0.9,
        "sustained_bits_per_second": 2e8,
        "mean_bits_per_second": 2.1e8,
        "bottleneck": "machine CPU",
        "cpu_seconds_per_gbit": {"relay": raw},
        "reference_core_seconds_per_gbit": {"relay": carried},
        "doubts": (),
    }
    return SpeedRow(**(defaults | more))


def disturbed_row(raw, carried, **more):
    return row(raw, carried, disturbance=Disturbance(busy_processes=2, cache_mib=64), **more)


def of_run(speed=0.5):
    recording = watched(seconds=10, cores={"backend-1": 0.5, "relay-1": 1.4})
    read = readings(Window(begin=HOLD, end=HOLD + 10), speed=speed)
    return msgspec.structs.replace(recording, yardsticks={"yardstick": read})


def described(recording, result=None):
    return row_of(
        recording.manifest,
        result or analyse(recording),
        note="a note",
        settings=("load.streams=4",),
        disturbance=Disturbance(busy_processes=1),
    )


def test_a_row_has_what_a_run_reached_and_how_fast_its_cores_were():
    made = described(of_run())
    assert made.speed == pytest.approx(0.5, rel=1e-3)
    assert made.whole_reference_core_cost == pytest.approx(made.whole_cost * 0.5, rel=1e-3)
    assert made.parts["digest"].before == pytest.approx(made.parts["digest"].hold)
    assert (made.note, made.settings, made.bottleneck) == (
        "a note",
        ("load.streams=4",),
        "machine CPU",
    )
    assert made.disturbance
    assert msgspec.json.decode(msgspec.json.encode(made), type=SpeedRow) == made


def test_a_row_does_not_name_the_machine():
    recording = of_run()
    (name,) = (host.name for host in recording.manifest.hosts)
    result = msgspec.structs.replace(
        analyse(recording), trust=trust(f"others used 1 of the 2 cores of {name} (50 %)")
    )
    assert described(recording, result).doubts == ("others used 1 of the 2 cores of host-1 (50 %)",)


def test_a_run_without_readings_has_no_row():
    recording = msgspec.structs.replace(of_run(), yardsticks={})
    with pytest.raises(RecordsUnreadable, match="one machine with readings"):
        described(recording)


def test_the_whole_cost_is_unknown_if_that_of_a_role_is():
    assert row(cpu_seconds_per_gbit={"relay": 5.0, "sink": 1.0}).whole_cost == 6.0
    assert row(cpu_seconds_per_gbit={"relay": 5.0, "sink": None}).whole_cost is None
    assert row(cpu_seconds_per_gbit={}).whole_cost is None


def test_rows_are_read_as_they_were_written(tmp_path):
    rows = [row(), disturbed_row(9.0, 7.1)]
    path = tmp_path / "rows.jsonl"
    path.write_bytes(msgspec.json.Encoder().encode_lines(rows))
    assert read_rows(path) == rows


@pytest.mark.parametrize(
    "line",
    [
        b"{}", b"[]", b"{", b"\xff", b"<<<<<<< HEAD",
        msgspec.json.encode(row()).replace(b'"cores":2.0', b'"cores":0'),
        msgspec.json.encode(row()).replace(b'"note":', b'"more":1,"note":'),
        msgspec.json.encode(row())[:-9],
    ],
)  # fmt: skip
def test_a_bad_line_is_answered_with_its_file_and_number(tmp_path, line):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(msgspec.json.encode(row()) + b"\n" + line)
    with pytest.raises(RecordsUnreadable, match=r"rows\.jsonl, line 2: "):
        read_rows(path)


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_a_file_that_cannot_be_read_is_answered_by_name(tmp_path, name):
    with pytest.raises(RecordsUnreadable, match="writes such a file"):
        read_rows(tmp_path / name)


def test_the_arguments_of_a_run_are_those_of_the_command_line():
    words = speeds.arguments_of("smoke", "30s", ["a.b=1", "c.d=2"])
    assert words[words.index("--hold") + 1] == "30s"
    assert [words[at + 1] for at, word in enumerate(words) if word == "--set"] == ["a.b=1", "c.d=2"]
    assert "--hold" not in speeds.arguments_of("smoke", None, [])


def test_a_row_is_told_in_words_also_if_little_is_known():
    assert speeds.sentence(row()).startswith(
        "200 Mbit/s sustained, speed 0.90 of the reference core"
    )
    unknown = row(sustained_bits_per_second=None, speed=None, cpu_seconds_per_gbit={})
    assert speeds.sentence(unknown).startswith("no sustained rate, speed not read, unknown CPU-s")


def test_the_table_in_the_docs_is_that_of_the_rows():
    text = (PROJECT / "docs" / "speeds.md").read_text()
    assert f"\n{speeds_table.page(read_rows())}\n" in text


def test_rows_are_in_the_order_of_time_and_notes_cannot_break_out():
    made = speeds_table.table([row(date="2026-01-02", note="a | b\n"), disturbed_row(9.0, 7.25)])
    head, rule, first, second = made.splitlines()
    assert head.count("|") == rule.count("|") == first.count("|")
    assert first == (
        "| 2026-01-01 | quiet | 2 busy, 64 MiB walked | A CPU | 2 | 0.90 | 200 Mbit/s | 9.00 | 7.25 |"
    )
    assert second.startswith(r"| 2026-01-02 | a \| b | nothing |")


def test_one_machine_is_not_taken_for_others_on_however_many_days():
    days = [row(date=f"2026-01-0{day}") for day in (1, 2, 3)]
    first, *_ = speeds_table.paragraphs(days)
    assert first == "3 rows from 1 machine, so nothing follows about other machines."


def test_disturbed_rows_are_compared_with_the_median_of_the_undisturbed():
    rows = [row(8.0, 7.0), row(8.0, 7.0), disturbed_row(12.0, 7.7), disturbed_row(10.0, 7.0)]
    _, text = speeds_table.paragraphs(rows)
    assert text == (
        "Over 2 undisturbed rows the whole cost has a spread (standard deviation of the logarithm) "
        "of 0.0 % as measured and of 0.0 % on the reference core. 2 disturbed rows: 1.25 to 1.50 "
        "times the median of the undisturbed as measured, 1.00 to 1.10 times on the reference core."
    )


def test_a_single_row_says_nothing_about_repeats():
    _, text = speeds_table.paragraphs([row()])
    assert text.startswith("With fewer than two undisturbed rows")


def test_two_machines_are_compared_as_measured_and_on_the_reference_core():
    rows = [row(8.0, 8.0), row(16.0, 8.8, cpu_model="Another")]
    first, *_, last = speeds_table.paragraphs(rows)
    assert first == "2 rows from 2 machines."
    assert last == (
        "Between 2 machines the whole cost differs by a factor of 2.00 as measured and of 1.10 on "
        "the reference core."
    )


def test_rows_of_different_experiments_are_not_put_together():
    rows = [row(8.0, 8.0), row(4.0, 4.0, profile="single-hop"), row(8.0, 8.0, yardstick_version=2)]
    texts = list(speeds_table.paragraphs(rows))
    assert len(texts) == 4
    assert texts[2].startswith("single-hop, yardstick 1: With fewer than two")


@given(COSTS, st.floats(0.1, 10))
def test_a_spread_does_not_depend_on_the_unit(costs, factor):
    scaled = [cost * factor for cost in costs]
    assert speeds_table.spread(scaled) == pytest.approx(speeds_table.spread(costs), abs=1e-9)


@given(COSTS)
def test_a_spread_lies_below_the_logarithm_of_the_range(costs):
    assert 0 <= speeds_table.spread(costs) <= math.log(max(costs) / min(costs)) + 1e-9


@given(COSTS, st.floats(0.1, 10))
def test_a_cost_that_was_normalised_away_has_the_residual_1(costs, slower):
    rows = [row(cost * slower, 5.0) for cost in costs] + [disturbed_row(50.0, 5.0)]
    assert speeds_table.residuals(rows, lambda one: one.whole_reference_core_cost) == [1.0]
