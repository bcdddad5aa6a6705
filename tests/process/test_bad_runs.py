"""Run directories that are damaged in every way: what can be shown is shown, and the rest is said.

No damage may raise anything but an error of ours, which the command line prints in a line.
"""

import contextlib
import os
import shutil
import tempfile
import tracemalloc
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onionrig.errors import OnionrigError, RecordsUnreadable
from onionrig.store.account import account_of, finish
from onionrig.store.listing import listed
from onionrig.store.run_directory import RunDirectory
from onionrig.views.export.tables import TABLES
from onionrig.views.summary.run import summary
from support.records.realistic_run import disturbed, realistic_run
from support.records.run_directories import write_run
from support.records.samples import transfer
from support.views.terminal import printed

pytestmark = pytest.mark.process

HELD = 12
LINES = (
    "events.jsonl", "transfers/sink.jsonl", "samples/sink.jsonl", "samples/source.jsonl",
    "samples/sampler.jsonl", "samples/tors.jsonl", "samples/pinger.jsonl",
)  # fmt: skip
FILES = ("manifest.json", "result.json", *LINES)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A run directory with nothing wrong: a dozen seconds held, its result written."""
    made = disturbed(realistic_run(hold_seconds=HELD, backends=2, relays=2, clients=1, streams=4))
    run = write_run(
        tmp_path_factory.mktemp("sound") / "run", msgspec.structs.replace(made, dials=())
    )
    finish(run)
    return run


@pytest.fixture
def run(sound, tmp_path):
    """The same, to be damaged."""
    return copied(sound, tmp_path / "run")


@pytest.fixture
def records(run):
    """The same without its result."""
    (run.path / "result.json").unlink()
    return run


def copied(run, path):
    return RunDirectory(Path(shutil.copytree(run.path, path)))


def edit(path, change):
    value = msgspec.json.decode(path.read_bytes())
    change(value)
    path.write_bytes(msgspec.json.encode(value))


def shown(run):
    """What ``show`` prints."""
    account = account_of(run)
    return printed(summary(account.result, run.path, account.notes), width=200)


def test_a_sound_run_has_no_gaps(run, sound):
    assert run.recording().gaps == ()
    assert account_of(run).notes == ()
    (run.path / "result.json").unlink()
    assert account_of(run).result == account_of(sound).result


@pytest.mark.parametrize("name", LINES)
def test_a_file_that_is_missing_is_named_and_all_others_are_read(records, name):
    whole = records.recording()
    (records.path / name).unlink()
    left = records.recording()
    assert left.gaps[0] == f"{name} is missing"
    assert name in shown(records)
    kinds = {"events", "transfers", "sinks", "sources", "samplers", "tors", "pings"}
    differ = {kind for kind in kinds if getattr(left, kind) != getattr(whole, kind)}
    assert len(differ) == 1


def test_a_run_that_never_came_to_its_load_lacks_no_samples(records):
    events = records.events_path.read_bytes().splitlines(keepends=True)
    records.events_path.write_bytes(b"".join(events[:3]))
    shutil.rmtree(records.path / "samples")
    shutil.rmtree(records.transfers_path)
    assert records.recording().gaps == ()


def test_dials_that_were_asked_for_are_missed_and_read_as_far_as_they_go(records):
    assert records.recording().dials == []
    edit(records.path / "manifest.json", lambda value: value["roles"].update(dialler="dialler"))
    assert records.recording().gaps == ("dials/dialler.jsonl is missing",)
    made = [transfer(number, started=0.0) for number in range(3)]
    lines = b"".join(msgspec.json.encode(dial) + b"\n" for dial in made)
    records.dials_path.mkdir()
    (records.dials_path / "dialler.jsonl").write_bytes(lines[:-9])
    recording = records.recording()
    assert recording.dials == made[:2]
    assert recording.gaps == ("dials/dialler.jsonl ends in the middle of a line",)
    assert "dials: 2 before the load, 0 failed" in shown(records)


def test_a_torn_last_line_is_said_and_every_line_before_it_counts(records):
    path = records.sample_path("sink")
    path.write_bytes(path.read_bytes()[:-20])
    recording = records.recording()
    assert recording.gaps == ("samples/sink.jsonl ends in the middle of a line",)
    assert len(recording.sinks["sink"]) == 5 + HELD - 1


def test_a_run_whose_events_are_torn_was_killed(records):
    path = records.events_path
    path.write_bytes(path.read_bytes()[:-5])
    result = account_of(records).result
    assert (result.status, result.failure.error) == ("aborted", "Killed")


def test_lines_that_are_no_records_are_counted_and_the_first_is_named(records):
    path = records.transfers_path / "sink.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = b'{"stream": "seven"}\n'
    lines[3] = b"\x00\xff garbage\n"
    path.write_bytes(b"".join(lines))
    recording = records.recording()
    (gap,) = recording.gaps
    assert gap.startswith("transfers/sink.jsonl, line 2: Expected `int`, got `str`")
    assert gap.endswith(f"(2 of {len(lines)} lines cannot be read)")
    assert len(recording.transfers) == len(lines) - 2


def test_lost_events_do_not_lose_the_hold_and_nobody_pretends_to_know_the_end(records, sound):
    whole = account_of(sound).result
    records.events_path.unlink()
    result = account_of(records).result
    assert result.goodput == whole.goodput
    assert result.failure.message == "how the run ended is not known: events.jsonl is missing"
    assert "the times of the load are those of schedule.json" in records.recording().gaps


def test_a_load_whose_times_cannot_be_is_left_out(records):
    """One damaged digit would make a hold of three centuries."""
    events = records.events_path.read_bytes()
    assert b'"end_second":1700000017' in events
    records.events_path.write_bytes(
        events.replace(b'"end_second":1700000017', b'"end_second":9700000017')
    )
    assert records.recording().gaps[0] == "events.jsonl has a load whose times cannot be"
    assert account_of(records).result.goodput.steady_seconds == HELD


@pytest.mark.parametrize("content", [bytes(range(256)) * 64, b"[" * 100_000 + b"\n", b"\n" * 50])
def test_garbage_in_place_of_samples_loses_them_alone(records, content):
    records.sample_path("sampler").write_bytes(content)
    recording = records.recording()
    assert recording.samplers["sampler"] == []
    assert recording.gaps
    assert all(gap.startswith("samples/sampler.jsonl") for gap in recording.gaps)
    assert "sustained" in shown(records)


@pytest.mark.parametrize("name", LINES)
def test_an_empty_file_is_said_to_be(records, name):
    (records.path / name).write_bytes(b"")
    assert records.recording().gaps[0] == f"{name} is empty"


def a_directory(path):
    path.mkdir()


def a_pipe(path):
    """Nobody writes to it: to open it would wait for ever."""
    os.mkfifo(path)


def a_link_to_itself(path):
    """Unlike permissions, it keeps root from reading as well."""
    path.symlink_to(path)


def empty(path):
    path.touch()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    ("put", "message"),
    [
        (a_directory, "is not a file"),
        (a_pipe, "is not a file"),
        (a_link_to_itself, "cannot be read: Too many levels of symbolic links"),
        (empty, "is empty"),
    ],
)
def test_what_is_no_file_of_ours_is_named_and_what_can_be_shown_is_shown(run, name, put, message):
    (run.path / name).unlink()
    put(run.path / name)
    if name == "manifest.json":
        with pytest.raises(RecordsUnreadable, match=f"{name} {message}"):
            run.recording()
    elif name == "result.json":
        assert f"{name} {message}: this is made from the records" in account_of(run).notes[0]
    else:
        assert run.recording().gaps[0] == f"{name} {message}"
    assert "sustained through one onion address" in shown(run)
    (line,) = listed(run.path.parent)
    assert line.outcome == ("no result" if name == "result.json" else "complete")


def test_without_a_manifest_the_result_is_shown_and_the_lack_is_said(run, sound):
    (run.path / "manifest.json").unlink()
    account = account_of(run)
    assert account.result == account_of(sound).result
    assert account.notes == ("manifest.json is missing",)
    assert "note: manifest.json is missing" in shown(run)


def test_without_manifest_and_result_the_error_says_what_is_there(records):
    (records.path / "manifest.json").write_bytes(b'{"run": "20260')
    with pytest.raises(RecordsUnreadable) as refused:
        account_of(records)
    assert "manifest.json cannot be read: Input data was truncated" in str(refused.value)
    assert "result.json is missing" in str(refused.value)
    assert "there is events.jsonl, logs, manifest.json, samples, schedule.json" in str(
        refused.value
    )


def test_a_result_of_a_later_version_is_shown_as_far_as_it_is_known(run, sound):
    def later(result):
        result["schema"] = 2
        result["weather"] = "rain"
        result["goodput"]["colour"] = "green"
        result["costs"]["relay"]["joules"] = 3.0

    edit(run.path / "result.json", later)
    account = account_of(run)
    assert account.result == account_of(sound).result
    (note,) = account.notes
    assert note.startswith("result.json is of schema 2, and this program knows 1: only what")
    assert note.endswith("(goodput.colour, costs[…].joules, weather left out)")


def test_a_result_of_another_meaning_is_made_again_from_the_records(run, sound):
    edit(run.path / "result.json", lambda result: result.update(schema=7, goodput=None))
    account = account_of(run)
    assert account.result == account_of(sound).result
    assert "result.json is of schema 7, and this program knows 1: Expected" in account.notes[0]


def test_a_manifest_of_a_later_version_is_read_as_far_as_it_is_known(records, sound):
    edit(records.path / "manifest.json", lambda manifest: manifest.update(schema=3, moon="full"))
    recording = records.recording()
    assert recording.manifest == sound.read_manifest()
    (gap,) = recording.gaps
    assert gap.startswith("manifest.json is of schema 3, and this program knows 1: only what")
    assert gap.endswith("(moon left out)")


def test_an_experiment_that_this_version_would_not_accept_keeps_nothing_from_being_shown(
    records, sound
):
    def foreign(manifest):
        manifest["experiment"]["load"]["moonlight"] = 3

    edit(records.path / "manifest.json", foreign)
    recording = records.recording()
    assert "unknown key load.moonlight" in recording.gaps[0]
    assert [(one.key, one.limit) for one in recording.thresholds] == [("verdict.target", 250e6)]
    assert recording.streams_asked == sound.recording().streams_asked
    assert account_of(records).result.goodput == account_of(sound).result.goodput


def test_samples_of_a_later_version_are_read_without_what_is_new(records, sound):
    def later(line):
        sample = msgspec.json.decode(line)
        sample["board"]["fan_hertz"] = 30
        sample["processes"]["sink"]["threads"] = 3
        return msgspec.json.encode(sample) + b"\n"

    path = records.sample_path("sampler")
    path.write_bytes(b"".join(map(later, path.read_bytes().splitlines())))
    recording = records.recording()
    assert recording.samplers == sound.recording().samplers
    (gap,) = recording.gaps
    assert "samples/sampler.jsonl is of another version" in gap
    assert "processes[…].threads, board.fan_hertz left out" in gap


def test_an_event_of_a_later_version_is_lost_alone(records, sound):
    line = b'{"kind":"eclipse","wall_seconds":1,"since_start_seconds":2}\n'
    records.events_path.write_bytes(line + records.events_path.read_bytes())
    recording = records.recording()
    assert list(recording.events) == list(sound.recording().events)
    assert "events.jsonl, line 1: Invalid value 'eclipse'" in recording.gaps[0]


def look_at_everything(run):
    """Everything that reads a run directory; returns what is shown of it, None if nothing can be."""
    with contextlib.suppress(OnionrigError):
        for table in TABLES:
            list(table.rows(run.recording()))
    listed(run.path.parent)
    try:
        return shown(run)
    except OnionrigError:
        return None


@settings(max_examples=150)
@given(name=st.sampled_from(FILES), cut=st.floats(0, 1), with_result=st.booleans())
def test_a_file_cut_off_anywhere_raises_nothing_of_anybody_elses(sound, name, cut, with_result):
    with tempfile.TemporaryDirectory() as place:
        run = copied(sound, Path(place) / "run")
        if not with_result:
            (run.path / "result.json").unlink()
        path = run.path / name
        if path.exists():
            os.truncate(path, int(cut * path.stat().st_size))
        said = look_at_everything(run)
        if with_result or name != "manifest.json":
            assert said is not None
        if with_result or name not in {"manifest.json", "events.jsonl", "samples/sink.jsonl"}:
            whole = account_of(sound).result.goodput
            assert said is None or account_of(run).result.goodput == whole


@settings(max_examples=150)
@given(
    name=st.sampled_from(FILES),
    where=st.floats(0, 1),
    damage=st.binary(min_size=1, max_size=3) | st.sampled_from([b"9", b"-", b'"', b"}", b"\n"]),
)
def test_bytes_that_are_damaged_raise_nothing_of_anybody_elses(sound, name, where, damage):
    # the evidence: look_at_everything() catches errors of ours alone
    with tempfile.TemporaryDirectory() as place:
        run = copied(sound, Path(place) / "run")
        if name != "result.json":
            (run.path / "result.json").unlink()
        path = run.path / name
        content = path.read_bytes()
        at = int(where * len(content))
        path.write_bytes(content[:at] + damage + content[at + len(damage) :])
        look_at_everything(run)


@pytest.mark.parametrize("sampled", ["sink", "source", "sampler", "pinger", "tors"])
def test_a_sample_of_a_second_that_cannot_be_costs_neither_time_nor_memory(records, sampled):
    path = records.path / "samples" / f"{sampled}.jsonl"
    first, *others = path.read_text().splitlines()
    assert '"second":1' in first
    path.write_text("\n".join([first.replace('"second":1', '"second":-'), *others]) + "\n")
    tracemalloc.start()
    try:
        look_at_everything(records)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 64 << 20


@settings(max_examples=50)
@given(left=st.sets(st.sampled_from([*FILES, "schedule.json"])))
def test_any_files_may_be_missing(sound, left):
    with tempfile.TemporaryDirectory() as place:
        run = copied(sound, Path(place) / "run")
        for name in {*FILES, "schedule.json"} - left:
            (run.path / name).unlink()
        assert (look_at_everything(run) is None) == (not left & {"manifest.json", "result.json"})
