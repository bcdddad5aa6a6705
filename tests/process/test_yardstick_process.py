"""The yardstick as a process: what it reads, when, and what it leaves behind."""

import json
import os
import sys

import pytest

from onionrig.records.yardstick.readings import WORK_PARTS, YARDSTICK_VERSION, YardstickSample
from onionrig.store.salvage import Salvage
from support.processes.command_line import StartedCommand
from support.waiting import until

pytestmark = pytest.mark.process


def read(path):
    return Salvage(path.parent).lines(path.name, YardstickSample, expected=False)


@pytest.fixture
def ended(tmp_path):
    """The readings of a yardstick that was asked to end after it had read twice for the hold."""
    orders, record = tmp_path / "orders.json", tmp_path / "yardstick.jsonl"
    orders.write_text(json.dumps({"record_path": str(record)}))
    argv = (sys.executable, "-m", "onionrig.movers.yardstick.program", str(orders))
    with StartedCommand(*argv, environment=dict(os.environ)) as process:

        def has_read_twice():
            assert not process.ended(), process.stderr
            return sum(one.moment == "hold" for one in read(record)) >= 2

        until(has_read_twice, "two readings for the hold")
        process.process.terminate()
        assert process.ends() == 0, process.stderr
    return read(record)


def test_every_core_is_read_before_and_after_and_one_after_another_between(ended):
    moments = [one.moment for one in ended]
    assert moments == sorted(moments, key=("before", "hold", "after").index)
    cores = sorted(os.sched_getaffinity(0))
    for moment in ("before", "after"):
        assert [one.core for one in ended if one.moment == moment] == cores
    held = [one.core for one in ended if one.moment == "hold"]
    assert held == [cores[turn % len(cores)] for turn in range(len(held))]


def test_a_reading_has_every_part_of_the_work_and_says_which_version_and_library(ended):
    for one in ended:
        assert one.version == YARDSTICK_VERSION
        assert one.library.startswith("OpenSSL")
        assert set(one.timings) == set(WORK_PARTS)
        assert all(timing.bytes and timing.cpu_seconds > 0 for timing in one.timings.values())


def test_a_reading_in_the_hold_is_one_round_of_the_same_work_everywhere(ended):
    rounds = [one for one in ended if one.moment == "hold"]
    sizes = [{part: timing.bytes for part, timing in one.timings.items()} for one in rounds]
    assert all(size == sizes[0] for size in sizes)
    for one in ended:
        for part, timing in one.timings.items():
            assert timing.bytes % sizes[0][part] == 0
