"""What is printed may be lost; what was asked for is done all the same, with its exit code."""

import json
import os
import resource
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from onionrig.errors import NothingServed, RunDirectoryError, Unequipped
from support.files import PROJECT
from support.processes.command_line import SHORT_BASELINE
from support.waiting import until

pytestmark = pytest.mark.process

MEMORY_BYTES = 400 << 20
"""Address space in which commands run, and what draws charts does not."""


@pytest.fixture
def shell(tmp_path):
    """Run a line of bash in which ``onionrig`` is the program; return its end."""

    def run(line, **options):
        program = shlex.join((sys.executable, "-m", "onionrig"))
        return subprocess.run(
            ["/usr/bin/bash", "-c", f'onionrig() {{ {program} "$@"; }}; {line}'],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": f"{PROJECT}/src",
                "XDG_CONFIG_HOME": str(tmp_path / "config"),
            },
            capture_output=True,
            encoding="utf-8",
            check=False,
            **options,
        )

    return run


@pytest.fixture
def recorded(tmp_path):
    """A run that was recorded, beside the shell."""
    return Path(shutil.copytree(PROJECT / "tests" / "data" / "smoke-run", tmp_path / "r"))


@pytest.mark.parametrize(
    "words",
    [
        "show r",
        "show r --json",
        "compare r r",
        "runs --under .",
        "export r --prometheus",
        "report r",
    ],
)
def test_a_full_disk_behind_the_output_is_told_in_one_line(shell, recorded, words):
    done = shell(f"onionrig {words} > /dev/full")
    assert done.returncode == RunDirectoryError.exit_code
    assert done.stderr == (
        "error: standard output cannot be written: No space left on device; free space there, or "
        "send it elsewhere\n"
    )
    assert (recorded / "report.html").exists() == (words == "report r")


def test_a_report_is_written_although_nobody_reads_what_is_printed(shell, tmp_path):
    plan = "onionrig plan --hardware pi3b --hosts 2 --report page.html"
    done = shell(f"{plan} | true; exit ${{PIPESTATUS[0]}}")
    assert done.returncode == 0, done.stderr
    assert "</html>" in (tmp_path / "page.html").read_text(encoding="utf-8")
    missed = shell("onionrig plan --hardware pi3b --hosts 2 --target 1Mbit --json > /dev/full")
    assert missed.returncode == 2  # the first error is the one to tell


def test_a_run_goes_on_and_is_reported_although_nobody_reads_either_output(shell, tmp_path):
    done = shell(
        f"onionrig {shlex.join(SHORT_BASELINE)} --out b 2>&1 | true; exit ${{PIPESTATUS[0]}}"
    )
    assert done.returncode == 0
    assert json.loads((tmp_path / "b/result.json").read_text())["status"] == "complete"
    assert (tmp_path / "b/report.html").exists()


def test_json_of_a_run_that_fails_is_its_result_with_the_failure(onionrig, tmp_path):
    done = onionrig(*SHORT_BASELINE, "--to", "127.0.0.1:1", "--json", "--out", "b", "--no-report")
    result = json.loads(done.stdout)
    assert done.returncode == NothingServed.exit_code == result["failure"]["exit_code"]
    assert result["failure"]["error"] == "NothingServed"
    assert "not one byte came" in result["failure"]["message"]
    assert result == json.loads((tmp_path / "b/result.json").read_text())
    assert result == json.loads(onionrig("show", "b", "--json").stdout)


def test_json_of_a_run_that_is_aborted_is_its_result(onionrig, tmp_path):
    started = onionrig.start("baseline", "--hold", "600", "--streams", "1", "--json", "--out", "b")
    until((tmp_path / "b/schedule.json").exists, lambda: started.stderr)
    started.interrupt()
    assert started.ends() == 130
    result = json.loads(started.stdout)
    assert (result["status"], result["failure"]["error"]) == ("aborted", "Interrupted")


def test_what_goes_to_a_file_is_not_folded_on_either_output(onionrig, tmp_path):
    long = tmp_path / ("long" * 30)
    started = onionrig.start(
        "baseline", "--hold", "600", "--streams", "1", "--out", str(long), COLUMNS=""
    )
    until((long / "schedule.json").exists, lambda: started.stderr)
    started.interrupt()
    assert started.ends() == 130
    assert f"run directory: {long}\n" in started.stderr
    doctor = onionrig("doctor", XDG_CACHE_HOME=str(long), COLUMNS="")
    assert f"{long}/onionrig" in doctor.stdout


def test_a_terminal_without_a_width_gets_its_answers(onionrig):
    assert "no-such-run" in onionrig("show", "no-such-run", COLUMNS="0").stderr


def test_a_report_that_gets_too_little_memory_takes_nothing_with_it(shell, recorded):
    def limited():
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))

    shown = shell("onionrig show r", preexec_fn=limited)
    assert shown.returncode == 0, shown.stderr
    drawn = shell("onionrig report r", preexec_fn=limited)
    assert drawn.returncode == Unequipped.exit_code
    assert "Traceback" not in drawn.stderr
    assert "not enough memory" in drawn.stderr
    assert "`onionrig report`" in drawn.stderr
    announced = shell(
        f"{sys.executable} -c 'from pathlib import Path; "
        'from onionrig.cli.output.report_files import announce; announce(Path("r"), stderr=False)\'',
        preexec_fn=limited,
    )
    assert announced.returncode == 0, announced.stderr
    assert announced.stdout.startswith("no report: the program that draws")
