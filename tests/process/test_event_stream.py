"""``--events json``: what happens is printed line by line while a run goes on."""

import json
import os
import subprocess
import sys

import pytest

from onionrig.errors import NothingServed
from support.processes.command_line import SHORT_BASELINE
from support.waiting import RUN_SECONDS, until

pytestmark = pytest.mark.process

BASELINE = (*SHORT_BASELINE, "--no-report", "--events", "json")


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_lines_come_as_they_happen_and_the_last_has_the_result(onionrig, tmp_path):
    started = onionrig.start(*BASELINE, "--json", "--out", "b")
    until(lambda: '"kind":"progress"' in started.stdout, lambda: started.stderr)
    assert not started.ended()
    assert started.ends() == 0, started.stderr
    assert started.stderr == ""
    told = lines(started.stdout)
    result = json.loads((tmp_path / "b/result.json").read_text())
    assert (told[0]["kind"], told[0]["directory"]) == ("run started", str(tmp_path / "b"))
    assert told[-1]["kind"] == "run ended"
    assert (told[-1]["exit_code"], told[-1]["result"]) == (0, result)
    recorded = lines((tmp_path / "b/events.jsonl").read_text())
    assert [line for line in told[1:-1] if line["kind"] != "progress"] == recorded
    assert any(line.get("hold_bits_per_second") for line in told)


def test_a_run_that_fails_ends_with_its_failure_and_says_it_on_stderr(onionrig):
    done = onionrig(*BASELINE, "--to", "127.0.0.1:1", "--out", "b")
    last = lines(done.stdout)[-1]
    assert done.returncode == NothingServed.exit_code == last["exit_code"]
    assert last["failure"]["error"] == "NothingServed"
    assert last["status"] == "complete"
    assert done.stderr.startswith("error: not one byte came")


def test_a_run_that_is_interrupted_ends_with_a_line(onionrig):
    started = onionrig.start(*BASELINE, "--hold", "600", "--out", "b")
    until(lambda: '"kind":"progress"' in started.stdout, lambda: started.stderr)
    started.interrupt()
    assert started.ends() == 130
    last = lines(started.stdout)[-1]
    assert (last["kind"], last["status"], last["exit_code"]) == ("run ended", "aborted", 130)


def test_a_reader_that_goes_changes_nothing(onionrig, tmp_path):
    reading, writing = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-m", "onionrig", *BASELINE, "--out", "b"],
        cwd=tmp_path,
        stdout=writing,
        stderr=subprocess.PIPE,
    ) as run:
        os.close(writing)
        with os.fdopen(reading, "rb") as reader:
            assert json.loads(reader.readline())["kind"] == "run started"
        _, told = run.communicate(timeout=RUN_SECONDS)
    assert (run.returncode, told) == (0, b"")
    assert json.loads((tmp_path / "b/result.json").read_text())["status"] == "complete"


def test_a_reader_that_reads_nothing_does_not_stop_a_run(tmp_path):
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    filled = b" " * 4096
    try:
        while True:
            os.write(writing, filled)
    except BlockingIOError:
        os.set_blocking(writing, True)
    with subprocess.Popen(
        [sys.executable, "-m", "onionrig", *BASELINE, "--out", "b"], cwd=tmp_path, stdout=writing
    ) as run:
        os.close(writing)
        until((tmp_path / "b/result.json").exists, "the result")
        with os.fdopen(reading, "rb") as reader:
            told = lines(reader.read().decode().lstrip())
        assert run.wait(timeout=RUN_SECONDS) == 0
    assert (told[0]["kind"], told[-1]["kind"]) == ("run started", "run ended")


@pytest.mark.parametrize(
    ("words", "result"),
    [
        (("run", "--repeat", "auto", "--budget", "1s"), "repeat-result.json"),
        (("sweep", "--over", "load.streams=1", "--no-report"), "sweep-result.json"),
    ],
)
def test_a_series_tells_every_run_and_then_the_whole(onionrig, tmp_path, words, result):
    bare = ("--set", "network.kind=none", "--set", "backends.daemons=1")
    short = ("--set", "load.ramp=1s", "--hold", "10")
    done = onionrig(*words, *bare, *short, "--events", "json", "--out", "s")
    assert done.returncode == 0, done.stderr
    told = lines(done.stdout)
    kinds = [line["kind"] for line in told]
    assert (kinds[0], kinds[-2:]) == ("run started", ["run ended", "series ended"])
    assert told[-1]["result_path"] == str(tmp_path / "s" / result)
    assert (tmp_path / "s" / result).exists()
