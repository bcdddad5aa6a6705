"""Runs found by name, listed with what they came to, and exported: real directories, real commands."""

import csv
import json
import os

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from onionrig.errors import RecordsUnreadable
from onionrig.store.account import finish
from onionrig.store.listing import listed
from onionrig.store.runs import find_run
from support.records.realistic_run import realistic_run
from support.records.results import with_findings
from support.records.run_directories import write_run
from support.records.samples import HOLD

pytestmark = pytest.mark.process

HELD = 12


def made(path, *, started, finished=True, change=None):
    """Make a run that began then; ``change`` edits its result."""
    recording = realistic_run(hold_seconds=HELD, backends=2, relays=2, clients=1, streams=4)
    manifest = msgspec.structs.replace(recording.manifest, run=path.name, started=started)
    run = write_run(path, msgspec.structs.replace(recording, manifest=manifest))
    if finished:
        result = with_findings(finish(run))
        run.write_result(change(result) if change else result)
    return run


@pytest.fixture
def runs(tmp_path):
    """Three runs, a sweep of two, something that is no run; ages are not in the order of names."""
    runs = tmp_path / "runs"
    made(runs / "20260103T000000Z-default", started="2026-01-03T00:00:00+00:00")
    made(runs / "by-hand", started="2026-01-01T00:00:00+00:00")
    made(runs / "20260102T000000Z-smoke", started="2026-01-02T00:00:00+00:00", finished=False)
    sweep = runs / "20260104T000000Z-sweep"
    made(sweep / "runs" / "002-b", started="2026-01-04T02:00:00+00:00")
    made(sweep / "runs" / "001-a", started="2026-01-04T01:00:00+00:00")
    (sweep / "sweep.json").write_text('{"started": "2026-01-04T00:00:00+00:00"}')
    (runs / "20260105-notes").mkdir()
    (runs / "20260105-notes" / "thoughts.txt").touch()
    (runs / "a-file").touch()
    return runs


def test_runs_are_listed_newest_last_and_those_of_a_sweep_after_it(runs):
    assert [line.name for line in listed(runs)] == [
        "by-hand",
        "20260102T000000Z-smoke",
        "20260103T000000Z-default",
        "20260104T000000Z-sweep",
        "20260104T000000Z-sweep/001-a",
        "20260104T000000Z-sweep/002-b",
        "20260105-notes",
    ]


def test_a_line_says_what_the_run_came_to(runs):
    lines = {line.name: line for line in listed(runs)}
    default = lines["20260103T000000Z-default"]
    written = json.loads((runs / default.name / "result.json").read_text())
    assert default.sustained_bits_per_second == written["goodput"]["sustained_bits_per_second"]
    assert (default.outcome, default.target_bits_per_second) == ("complete", 250e6)
    assert default.target_met == written["verdict"]["met"]
    assert (default.trusted, default.bottleneck) == (True, "machine CPU")
    assert (lines["20260102T000000Z-smoke"].outcome, default.profile) == ("no result", "default")
    assert lines["20260104T000000Z-sweep"].kind == "sweep"
    assert lines["20260105-notes"].problem == "no run directory: there is thoughts.txt"


def test_a_run_that_cannot_be_read_is_listed_with_why(runs, onionrig):
    run = runs / "by-hand"
    (run / "result.json").write_text("{")
    (run / "manifest.json").unlink()
    done = onionrig("runs")
    assert done.returncode == 0
    assert "by-hand: result.json cannot be read: Input data was truncated" in done.stdout


def test_a_directory_of_runs_below_the_one_asked_for_is_named(runs, onionrig):
    done = onionrig("runs", "--under", str(runs.parent))
    assert done.returncode == 0, done.stderr
    assert "runs: no run directory: there is " in done.stdout


def test_the_list_fits_a_hundred_columns(runs, onionrig):
    done = onionrig("runs", COLUMNS="100")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 100
    (default,) = (line for line in lines if line.startswith("20260103T000000Z-default"))
    for said in ("2026-01-03 00:00", "anonymous", "Mbit/s", "trusted", "machine CPU"):
        assert said in default
    assert any(line.startswith("  002-b (default) ") for line in lines)
    assert len([line for line in lines if line.startswith("20260104T000000Z-sweep/ ")]) == 1


def test_the_list_as_json_has_every_line(runs, onionrig):
    lines = json.loads(onionrig("runs", "--json", "--under", "runs").stdout)
    assert [line["name"] for line in lines] == [line.name for line in listed(runs)]


def test_without_any_run_the_list_says_so(onionrig):
    assert onionrig("runs").stdout == "no runs under runs\n"


def test_latest_is_the_run_that_began_last_wherever_it_is(runs):
    assert find_run("latest", below=runs).path == runs / "20260104T000000Z-sweep/runs/002-b"


def test_a_run_of_a_sweep_is_found_by_its_name_and_by_both(runs):
    inner = runs / "20260104T000000Z-sweep" / "runs" / "001-a"
    for name in ("001-a", "20260104T000000Z-sweep/001-a", "sweep/001", str(inner)):
        assert find_run(name, below=runs).path == inner


def test_a_sweep_is_no_run_and_its_runs_are_named(runs):
    for name in ("20260104T000000Z-sweep", str(runs / "20260104T000000Z-sweep")):
        with pytest.raises(
            RecordsUnreadable, match=r"is a sweep, not a run; name one.*001-a, 002-b"
        ):
            find_run(name, below=runs)


def test_what_is_no_run_is_said_to_be_none(runs, tmp_path):
    (tmp_path / "nothing").mkdir()
    for path, said in (
        (tmp_path / "nothing", "is no run directory: it is empty"),
        (runs / "20260105-notes", "is no run directory: there is thoughts.txt"),
        (runs / "a-file", "a-file is no run directory: Not a directory"),
    ):
        with pytest.raises(RecordsUnreadable, match=said):
            find_run(str(path), below=runs)


def test_a_run_that_has_lost_its_manifest_is_still_found(runs):
    (runs / "by-hand" / "manifest.json").unlink()
    assert find_run("by-hand", below=runs).path == runs / "by-hand"


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_is_exported_as_csv_with_every_value_as_it_was(runs, onionrig, tmp_path):
    done = onionrig("export", "by-hand", "--csv", "csv")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    recording = find_run("by-hand", below=runs).recording()
    files = {path.stem: rows(path) for path in (tmp_path / "csv").iterdir()}
    assert set(files) == {
        "goodput", "sinks", "sources", "processes", "hosts", "interfaces", "conditions", "tors", "round_trips",
        "transfers", "dials", "aftermaths", "events", "yardstick",
    }  # fmt: skip
    assert sum(int(row["verified_bytes"]) for row in files["goodput"]) == sum(
        sum(sample.verified_bytes.values()) for sample in recording.sinks["sink"]
    )
    held = {int(row["second"]) for row in files["goodput"] if row["phase"] == "hold"}
    assert held == set(range(HOLD, HOLD + HELD))
    assert len(files["transfers"]) == len(recording.transfers)
    assert {row["temperature_celsius"] for row in files["hosts"]} == {""}
    assert "goodput.csv" in done.stderr


def test_an_export_never_overwrites(runs, onionrig, tmp_path):
    (tmp_path / "csv").mkdir()
    (tmp_path / "csv" / "mine").touch()
    done = onionrig("export", "by-hand", "--csv", "csv")
    assert done.returncode == 2
    assert "csv is not empty: an export never overwrites" in done.stderr
    assert [path.name for path in (tmp_path / "csv").iterdir()] == ["mine"]


def test_an_export_that_cannot_be_written_is_an_error_of_ours(runs, onionrig):
    for option in (("--csv", "/proc/csv"), ("--prometheus-file", "/proc/file"),
                   ("--prometheus-file", "/proc")):  # fmt: skip
        done = onionrig("export", "by-hand", *option)
        assert done.returncode == 8
        assert option[0] in done.stderr
        assert "Traceback" not in done.stderr


def test_nothing_to_export_is_a_usage_error(runs, onionrig):
    done = onionrig("export", "by-hand")
    assert done.returncode == 2
    assert "--csv DIR" in done.stderr


def test_prometheus_text_is_alone_on_stdout_or_in_a_file_that_others_can_read(
    runs, onionrig, tmp_path
):
    done = onionrig("export", "by-hand", "--prometheus")
    assert done.returncode == 0
    names = {family.name for family in text_string_to_metric_families(done.stdout)}
    assert "onionrig_goodput_sustained_bits_per_second" in names
    written = onionrig("export", "by-hand", "--prometheus-file", "run.prom")
    assert (written.returncode, written.stdout) == (0, "")
    assert (tmp_path / "run.prom").read_text() == done.stdout
    assert (tmp_path / "run.prom").stat().st_mode & 0o044 == 0o044


def test_a_pipe_is_written_to_and_a_link_stays_one(runs, onionrig, tmp_path):
    (tmp_path / "pipe").symlink_to("/dev/stdout")
    (tmp_path / "link").symlink_to("run.prom")
    text = onionrig("export", "by-hand", "--prometheus").stdout
    assert onionrig("export", "by-hand", "--prometheus-file", "pipe").stdout == text
    onionrig("export", "by-hand", "--prometheus-file", "link")
    assert (tmp_path / "run.prom").read_text() == text
    assert (tmp_path / "pipe").is_symlink()
    assert (tmp_path / "link").is_symlink()


def test_what_cannot_be_read_is_told_on_stderr_while_the_rest_is_exported(runs, onionrig, tmp_path):
    (runs / "by-hand" / "samples" / "sink.jsonl").unlink()
    done = onionrig("export", "by-hand", "--csv", "csv")
    assert done.returncode == 0
    assert "note: samples/sink.jsonl is missing" in done.stderr
    assert rows(tmp_path / "csv" / "goodput.csv") == []
    assert rows(tmp_path / "csv" / "sources.csv")


def test_the_help_of_export_names_every_file_and_column(onionrig):
    said = " ".join(onionrig("export", "--help").stdout.split())
    assert "goodput.csv" in said
    assert "processes.csv" in said
    assert "main_thread_cpu_seconds" in said


@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_show_of_a_damaged_run_says_what_is_missing_and_shows_the_rest(runs, onionrig, damage):
    sink = runs / "20260102T000000Z-smoke" / "samples" / "sink.jsonl"
    if damage == "gone":
        sink.unlink()
        said = "note: samples/sink.jsonl is missing"
    else:
        os.truncate(sink, sink.stat().st_size - 7)
        said = "note: samples/sink.jsonl ends in the middle of a line"
    done = onionrig("show", "smoke")
    assert done.returncode == 0, done.stderr
    assert said in done.stdout
    as_json = onionrig("show", "smoke", "--json")
    assert json.loads(as_json.stdout)["profile"] == "default"
    assert "note: " in as_json.stderr


def test_show_of_a_run_without_anything_to_show_ends_with_11_and_no_traceback(runs, onionrig):
    run = runs / "by-hand"
    (run / "manifest.json").write_bytes(b"\x00\xff" * 50)
    (run / "result.json").write_bytes(b"")
    done = onionrig("show", "by-hand")
    assert done.returncode == 11
    assert "by-hand/manifest.json cannot be read" in done.stderr
    assert "by-hand/result.json is empty" in done.stderr
    assert "Traceback" not in done.stderr
