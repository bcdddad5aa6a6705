"""The lines of ``--events json``: the journal's own events, the live view's figures, the end."""

import json

import msgspec
import pytest

from onionrig.cli.main import application
from onionrig.errors import UsageError
from onionrig.records.events import AnyEvent, Phase, PhaseBegan
from onionrig.records.live import AnyLine, Progressed
from onionrig.records.result import Failure
from onionrig.store.account import account_of
from onionrig.views.live.event_lines import EventLines
from onionrig.views.live.progress import Progress
from support.records.realistic_run import realistic_run
from support.records.run_directories import write_run

PATH = "series/repeat-result.json"


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "run", realistic_run(hold_seconds=12))


def written(feed, *, with_results=False):
    """Return the lines that a feed of events and figures makes, as a program reads them."""
    lines = []
    feed(EventLines(lines.append, with_results=with_results))
    assert all(b"\n" not in line for line in lines)
    return [msgspec.json.decode(line, type=AnyLine) for line in lines]


def progressed(recording):
    progress = Progress(target_bits_per_second=None, streams=4)
    for event in recording.events:
        progress.tell(event)
    for samples in recording.sinks.values():
        progress.sampled(samples)
    return progress


def test_events_are_those_of_events_jsonl(run):
    recorded = run.events_path.read_bytes().splitlines()
    decoder = msgspec.json.Decoder(AnyEvent)
    lines = []
    events = EventLines(lines.append, with_results=False)
    for line in recorded:
        events.tell(decoder.decode(line))
    assert list(map(json.loads, lines)) == list(map(json.loads, recorded))


def test_a_second_is_told_once_with_the_figures_of_the_live_view():
    progress = progressed(realistic_run(hold_seconds=12))

    def feed(lines):
        lines.show(Progress(target_bits_per_second=None, streams=4))  # nothing recorded yet
        lines.show(progress)
        lines.show(progress)

    (line,) = written(feed)
    assert isinstance(line, Progressed)
    assert line.second == progress.second
    assert line.goodput_bits_per_second == progress.goodput_bits_per_second
    assert line.hold_bits_per_second == progress.hold_bits_per_second > 0
    assert line.backends_bits_per_second == progress.bits_per_second


def test_times_since_the_start_are_those_of_the_journal():
    began = PhaseBegan(wall_seconds=5.0, since_start_seconds=100.0, phase=Phase.HOLD)

    def feed(lines):
        lines.tell(began)
        lines.show(progressed(realistic_run(hold_seconds=12)))

    _, line = written(feed)
    assert line.since_start_seconds >= began.since_start_seconds


def test_the_end_has_the_figures_and_where_the_result_is(run):
    result = account_of(run).result
    (line,) = written(lambda lines: lines.ended(run, result, failure=None, exit_code=3))
    assert (line.directory, line.exit_code) == (str(run.path), 3)
    assert line.result_path == str(run.path / "result.json")
    assert (line.goodput, line.verdict) == (result.goodput, result.verdict)
    assert line.result is None


def test_the_end_has_the_whole_result_if_that_is_asked_for(run):
    result = account_of(run).result
    (line,) = written(
        lambda lines: lines.ended(run, result, failure=None, exit_code=0), with_results=True
    )
    assert line.result == msgspec.json.decode(msgspec.json.encode(result))


def test_a_run_without_a_result_ends_with_its_failure(run):
    failure = Failure(error="BringUpTimeout", message="late", exit_code=6)
    (line,) = written(lambda lines: lines.ended(run, None, failure=failure, exit_code=6))
    assert (line.failure, line.exit_code) == (failure, 6)
    assert line.result_path is None


def test_there_is_one_format():
    with pytest.raises(UsageError, match="--events text: there is only --events json"):
        application()(("run", "--events", "text"), standalone_mode=False)
