"""onionrig report, as a user types it: reports from files alone."""

import functools
import resource
import subprocess
import sys

import msgspec
import pytest

from onionrig.analysis.result import analyse
from onionrig.records.series.comparison import ComparedSide, Comparison
from onionrig.records.series.sweep import Axis, SweepResult
from support.records.manifests import manifest
from support.records.realistic_run import realistic_run
from support.records.recordings import recording
from support.records.results import with_findings
from support.records.run_directories import write_run
from support.records.samples import HOLD, sink_sample
from support.waiting import HANG_SECONDS

pytestmark = pytest.mark.process


@pytest.fixture
def report(onionrig):
    return functools.partial(onionrig, "report")


def write_json(path, record):
    path.parent.mkdir(parents=True)
    path.write_bytes(msgspec.json.encode(record))


def test_a_run_is_found_by_name_and_gets_its_report_beside_its_files(report, tmp_path):
    run = write_run(tmp_path / "runs" / "20260101T000000Z-default", realistic_run(hold_seconds=12))
    done = report("default")
    page = run.path.relative_to(tmp_path) / "report.html"
    assert (done.returncode, done.stdout) == (0, f"{page}\n"), done.stderr
    html = (tmp_path / page).read_text()
    assert "result.json is missing: this is made from the records" in html
    assert (run.path / "charts" / "goodput.svg").exists()
    assert (run.path / "charts" / "cpu-by-role.png").exists()


def test_a_report_is_drawn_where_python_removes_docstrings(onionrig, tmp_path):
    write_run(tmp_path / "runs" / "20260101T000000Z-default", realistic_run(hold_seconds=12))
    done = onionrig("report", "default", PYTHONOPTIMIZE="2")
    assert done.returncode == 0, done.stderr


def test_the_newest_baseline_of_the_host_is_the_ceiling(report, tmp_path):
    write_run(tmp_path / "runs" / "20260105T000000Z-default", realistic_run(hold_seconds=12))
    for day, mbit in ((1, 8000), (3, 9000)):
        started = f"2026-01-0{day}T00:00:00+00:00"
        name = f"2026010{day}T000000Z-baseline"
        own = manifest(mode="without tor", run=name, started=started)
        made = recording(
            [sink_sample(HOLD + at, {"direct": mbit * 125_000}) for at in range(12)], manifest=own
        )
        run = write_run(tmp_path / "runs" / name, made)
        run.write_result(analyse(made))
    assert report("default", "--out", "out").returncode == 0
    html = (tmp_path / "out" / "report.html").read_text()
    assert "9.00 Gbit/s on this host, in the baseline of 2026-01-03 00:00:00 UTC" in html


def test_sweeps_and_comparisons_get_theirs(report, tmp_path):
    axes = (Axis(key="load.streams", values=("1",)),)
    sweep = SweepResult(
        sweep="s", started="2026-01-01T00:00:00+00:00", axes=axes, points=(), missing=1, knees=()
    )
    write_json(tmp_path / "runs" / "s" / "sweep-result.json", sweep)
    (tmp_path / "runs" / "s" / "sweep.json").write_text("{}")
    side = ComparedSide(
        name="A", title="a", runs=(), sustained_bits_per_second=(), median_bits_per_second=None
    )
    both = Comparison(
        a=side, b=side, alternated=False, sentence="Nothing.", ratios=(), differences=(), doubts=()
    )
    write_json(tmp_path / "c" / "comparison.json", both)
    done = report("s", "c", "--out", "out")
    assert (done.returncode, done.stdout) == (0, "out/s/report.html\nout/c/report.html\n"), (
        done.stderr
    )
    assert "1 point is not measured" in (tmp_path / "out" / "s" / "report.html").read_text()
    assert "Nothing." in (tmp_path / "out" / "c" / "report.html").read_text()


def test_a_run_whose_records_are_gone_is_shown_from_its_result(report, tmp_path):
    made = realistic_run(hold_seconds=12)
    run = write_run(tmp_path / "r", made)
    run.write_result(with_findings(analyse(made)))
    (run.path / "manifest.json").unlink()
    done = report("r")
    assert done.returncode == 0, done.stderr
    assert "manifest.json is missing" in (run.path / "report.html").read_text()


def test_an_unknown_run_is_named(report):
    done = report("nowhere")
    assert done.returncode == 11
    assert "no run nowhere" in done.stderr


@pytest.mark.parametrize(
    ("words", "module"), [("", "altair"), ("", "vl_convert"), ("schema", "onionrig.engine")]
)
def test_what_one_command_needs_does_not_slow_others_down(words, module):
    loads = (
        "import sys; from onionrig.cli.main import application; application(sys.argv[2:]); "
        "print(sys.argv[1] in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", loads, module, *words.split()], capture_output=True, text=True,
        check=True, timeout=HANG_SECONDS,
    )  # fmt: skip
    assert done.stdout == "False\n"


def test_an_hour_of_thirty_two_processes_takes_little_more_than_seconds_and_is_small(
    report, tmp_path
):
    sizes = {"seconds": 12, "hour": 3600}
    for name, hold_seconds in sizes.items():
        made = realistic_run(hold_seconds=hold_seconds, relays=13, clients=4, streams=64)
        assert len(made.manifest.roles) == 32
        write_run(tmp_path / name, made)
    # either meets other neighbours each time, and the least is its own
    took = {name: min(cpu_seconds(report, name) for _ in range(2)) for name in sizes}
    # the charts are the same, and to read 300 times the samples adds as much again at most; with a
    # step that looks at every sample for each of them it would be many times that
    assert took["hour"] < 4 * took["seconds"], took
    assert (tmp_path / "hour" / "report.html").stat().st_size < 5_000_000


def cpu_seconds(report, name):
    """What making a report takes, but for waiting for others."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = report(name)
    assert done.returncode == 0, done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
