"""The rows of benchmarks/ladder.jsonl, and the tables that scripts/ladder_table.py makes of them."""

import msgspec
import pytest

import ladder
import ladder_table
from ladder_rows import RELAY_PASS, WHOLE_PATH, LadderRow, PathPart, parts_of, read_rows, row_of
from onionrig.analysis.load.windows import Window
from onionrig.analysis.result import analyse
from onionrig.errors import RecordsUnreadable
from support.files import PROJECT
from support.records.recordings import watched
from support.records.samples import HOLD
from support.records.yardsticks import readings

CORES = {"backend-1": 0.2, "relay-1": 0.9, "client-1": 0.2}


def with_yardstick():
    read = readings(Window(begin=HOLD, end=HOLD + 10))
    return msgspec.structs.replace(watched(cores=CORES), yardsticks={"yardstick": read})


def row(step="default", *, rate=2e8, measured=8.0, **more):
    defaults = {
        "date": "2026-01-01",
        "step": step,
        "command": "onionrig run",
        "onionrig": "0.1.0",
        "tor": "0.4.9.11",
        "tor_build": None,
        "compiled": None,
        "cpu_model": "A CPU",
        "cores": 2.0,
        "speed": 1.0,
        "sustained_bits_per_second": rate,
        "parts": {WHOLE_PATH: PathPart(arithmetic=2.0, measured=measured)},
        "doubts": (),
    }
    return LadderRow(**(defaults | more))


def steps_of(rows):
    """The cells of the first table, line by line."""
    first = ladder_table.page(rows).split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in first.splitlines()]


def test_each_part_of_the_path_is_set_beside_its_arithmetic():
    result = analyse(with_yardstick())
    parts = dict(parts_of(result))
    assert list(parts) == ["backend instances", "client tors", RELAY_PASS, WHOLE_PATH]
    bound = result.yardstick.arithmetic
    cost = result.costs["relay"].cpu_seconds_per_gbit
    assert parts[RELAY_PASS].measured * bound.relays == pytest.approx(cost)
    least = bound.role_cpu_seconds_per_gbit
    assert parts[WHOLE_PATH].arithmetic == pytest.approx(sum(least.values()))
    assert list(parts_of(analyse(watched()))) == []


def test_the_row_of_a_run_has_what_it_was_and_names_nobody():
    recording = with_yardstick()
    (host,) = recording.manifest.hosts
    made = row_of(
        recording.manifest, analyse(recording), step="one", command="onionrig run", compiled=None
    )
    assert (made.step, made.tor) == ("one", recording.manifest.versions.tor)
    assert f" {host.name} " not in msgspec.json.encode(made).decode()


def test_a_run_without_readings_has_no_row():
    recording = watched(cores=CORES)
    with pytest.raises(RecordsUnreadable, match="readings of the yardstick"):
        row_of(recording.manifest, analyse(recording), step="one", command="", compiled=None)


def test_rows_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(msgspec.json.encode(row()) + b"\n")
    assert read_rows(path) == [row()]
    path.write_bytes(msgspec.json.encode(row()) + b"\n{}\n")
    with pytest.raises(RecordsUnreadable, match=r"rows\.jsonl, line 2: "):
        read_rows(path)


def test_a_step_has_the_median_and_the_range_of_its_runs():
    rows = [row(rate=2e8, measured=8), row(rate=3e8, measured=6), row(rate=2.5e8, measured=7)]
    (_, _, cells) = steps_of(rows)
    assert cells[3:] == ["3", "250 Mbit/s (200 Mbit/s to 300 Mbit/s)", "7.00 (6.00 to 8.00)",
                         "1.00 times"]  # fmt: skip


def test_steps_keep_their_order_and_are_compared_with_the_first():
    rows = [row(), row("best", measured=4.0, compiled="-O3", tor_build="ab"), row()]
    (_, _, default, best) = steps_of(rows)
    assert (default[0], best[0]) == ("default", "best")
    assert best[2] == "0.4.9.11, build ab"
    assert best[6] == "0.50 times"


@pytest.mark.parametrize(
    "other", [{"tor": "0.4.9.15"}, {"cpu_model": "B"}, {"command": "onionrig run --hold 1m"}]
)
def test_runs_of_something_else_are_not_counted_as_runs_of_a_step(other):
    assert len(steps_of([row(), row(**other)])) == 4


def test_what_the_runs_doubt_stands_below_the_tables():
    assert ladder_table.page([row()]).endswith("on 2026-01-01. No run has a doubt.")
    doubted = ladder_table.page([row(), row(doubts=("the machine was busy",))])
    assert doubted.endswith("1 of 2 runs has a doubt: the machine was busy.")
    assert ladder_table.page([]) == "There are no rows yet."


def test_another_tor_is_put_first_on_the_path_and_named_without_its_directory(tmp_path):
    *_, last = ladder.steps("30s", tmp_path / "tor", "-O3")
    assert last.environment["PATH"].startswith(f"{tmp_path.resolve()}:")
    assert str(tmp_path) not in last.command
    assert last.compiled == "-O3"
    assert [step.environment for step in ladder.steps("30s", None, None)] == [None, None]


def test_the_tables_in_the_docs_are_those_of_the_rows():
    text = (PROJECT / "docs" / "performance.md").read_text()
    assert f"\n{ladder_table.page(read_rows())}\n" in text
