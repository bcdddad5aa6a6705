"""Run directories, JSON lines and ports: real files and sockets."""

import os
import socket
from pathlib import Path

import msgspec
import pytest

from onionrig.engine.local import ports
from onionrig.engine.local.ports import allocated_ports, is_free
from onionrig.errors import PortTaken, RecordsUnreadable, RunDirectoryError
from onionrig.records.samples import SinkSample
from onionrig.store.account import finish
from onionrig.store.lines import Appender, Tail, read_all
from onionrig.store.run_directory import RunDirectory
from onionrig.store.runs import find_run
from support.records.events import scheduled
from support.records.manifests import manifest
from support.records.samples import HOLD, transfer

pytestmark = pytest.mark.process


def sample(second):
    return SinkSample(
        second=second, monotonic_seconds=0, wall_seconds=0, verified_bytes={"b": 1}, streams={},
        connecting=0, failed=0, corrupt_bytes=0,
    )  # fmt: skip


def test_a_tail_gives_each_finished_line_once(tmp_path):
    path = tmp_path / "s.jsonl"
    tail = Tail(path, SinkSample)
    assert tail.new() == []
    with Appender(path) as record:
        record.append(sample(1))
        assert [line.second for line in tail.new()] == [1]
        line = msgspec.json.encode(sample(2))
        with path.open("ab") as raw:
            raw.write(line[:10])
            raw.flush()
            assert tail.new() == []
            raw.write(line[10:] + b"\n")
        assert [line.second for line in tail.new()] == [2]
        assert tail.new() == []


def test_a_torn_last_line_is_left_out_and_a_wrong_one_is_an_error(tmp_path):
    path = tmp_path / "s.jsonl"
    with Appender(path) as record:
        record.append(sample(1))
    with path.open("ab") as raw:
        raw.write(b'{"second": 2')
    assert [line.second for line in read_all(path, SinkSample)] == [1]
    with path.open("ab") as raw:
        raw.write(b"}\n")
    with pytest.raises(RecordsUnreadable, match="line 2"):
        list(read_all(path, SinkSample))


def test_a_full_disk_is_said_to_be():
    with Appender("/dev/full") as record, pytest.raises(RunDirectoryError, match="disk is full"):
        record.append(sample(1))


def test_a_run_directory_is_private_and_never_overwritten(tmp_path):
    run = RunDirectory.create(tmp_path / "runs" / "r")
    for path in (run.path, run.path / "samples", run.path / "logs"):
        assert path.stat().st_mode & 0o777 == 0o700
    with pytest.raises(RunDirectoryError, match="never overwrites"):
        RunDirectory.create(run.path)
    with pytest.raises(RunDirectoryError, match="--out"):
        RunDirectory.create(Path("/proc/nowhere"))


def test_a_run_is_found_by_path_or_by_part_of_its_name(tmp_path):
    runs = tmp_path / "runs"
    for name in ("20260101-default", "20260102-smoke", "20260102-default"):
        (runs / name).mkdir(parents=True)
        (runs / name / "manifest.json").touch()
    assert find_run(str(runs / "20260101-default"), below=runs).path.name == "20260101-default"
    assert find_run("smoke", below=runs).path.name == "20260102-smoke"
    with pytest.raises(RecordsUnreadable, match="20260101-default, 20260102-default"):
        find_run("default", below=runs)
    with pytest.raises(RecordsUnreadable, match="the latest there is 20260102-smoke"):
        find_run("nothing", below=runs)


def test_a_port_fixed_by_hand_that_is_taken_is_refused_by_key():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(PortTaken, match=rf"port {port}, fixed by hand for client-1.socks"),
            allocated_ports({"client-1.socks": port}, address="127.0.0.1"),
        ):
            pass


def test_runs_side_by_side_get_different_ports():
    needed = {f"relay-{n}.or": None for n in range(150)}
    with (
        allocated_ports(needed, address="127.0.0.1") as one,
        allocated_ports(needed, address="127.0.0.1") as other,
    ):
        assert len(set(one.values())) == len(set(other.values())) == 150
        assert not set(one.values()) & set(other.values())


def test_ports_that_other_programs_use_are_not_blamed_on_other_runs(monkeypatch):
    monkeypatch.setattr(ports, "is_free", lambda *_: False)
    with (
        pytest.raises(PortTaken, match=r"other programs use those of \d+ that are not free \(ss"),
        allocated_ports({"relay-1.or": None}, address="127.0.0.1"),
    ):
        pass


def test_ports_that_other_runs_hold_are_blamed_on_them(monkeypatch):
    monkeypatch.setattr(ports, "_claimed", lambda _: None)
    with (
        pytest.raises(PortTaken, match="other runs hold them; wait for one to end"),
        allocated_ports({"relay-1.or": None}, address="127.0.0.1"),
    ):
        pass


def test_a_port_fixed_by_hand_is_given_and_no_other_is_equal():
    needed = {f"n{n}": None for n in range(20)}
    # its block is held meanwhile, so nobody beside this test takes it
    with (
        allocated_ports({"a": None}, address="127.0.0.1") as held,
        allocated_ports({**needed, **held}, address="127.0.0.1") as given,
    ):
        port = held["a"]
        assert given["a"] == port
        assert len(set(given.values())) == 21
        assert all(is_free("127.0.0.1", number) for number in given.values())


def test_records_are_private(tmp_path):
    os.umask(0o022)
    with Appender(tmp_path / "x.jsonl"):
        assert (tmp_path / "x.jsonl").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("target", [None, "500Mbit"])
def test_a_run_is_read_back_as_it_was_written(tmp_path, target):
    run = RunDirectory.create(tmp_path / "run")
    asked = {"verdict": {"target": target}} if target else {}
    run.write_manifest(msgspec.structs.replace(manifest(), experiment=asked))
    with Appender(run.sample_path("sink")) as record:
        record.append(sample(HOLD))
    run.transfers_path.mkdir()
    with Appender(run.transfers_path / "sink.jsonl") as record:
        record.append(transfer())
    with Appender(run.events_path) as record:
        record.append(scheduled(hold_seconds=10))
    recording = run.recording()
    assert [one.limit for one in recording.thresholds] == ([5e8] if target else [])
    assert recording.sinks == {"sink": [sample(HOLD)]}
    assert recording.transfers == [transfer()]
    assert recording.events == [scheduled(hold_seconds=10)]
    result = finish(run)
    assert run.read_result() == result
    assert result.status == "aborted"
