"""What commands for the hosts of an inventory make of what hosts print and keep: the pure parts."""

from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from types import SimpleNamespace

import msgspec
import pytest

from onionrig.cluster.choosing import (
    named_run,
    only_run,
    refuse_while_it_goes_on,
    runs_there,
    standing_or_newest,
)
from onionrig.cluster.frontend_key import FrontendKey, keep_key, key_from
from onionrig.cluster.logs import LogLines, ServiceLog, chosen_logs
from onionrig.cluster.merging import say_that_nobody_saw_the_end, store_files, unseen_end
from onionrig.cluster.state import SCRIPT, state_from
from onionrig.engine.ansible.scripts import archive, fetch_argv, unpacked
from onionrig.errors import HostsInUse, RecordsUnreadable, UsageError
from onionrig.records.events import Failed, Finished, Phase, PhaseBegan, Scheduled
from onionrig.records.streams.schedule import Schedule
from onionrig.rig.model import File
from onionrig.rig.units import HostRun
from onionrig.run.load import put_on_load
from onionrig.store.lines import read_all
from onionrig.store.run_directory import RunDirectory
from onionrig.tor.identities import address_of_key, frontend_identity

NOW = 1_795_900_000.5
SCHEDULE = Schedule(ramp_second=100, hold_second=105, end_second=145, streams=4)
HELD = Scheduled(
    wall_seconds=92.0,
    since_start_seconds=40.0,
    ramp_second=100,
    hold_second=105,
    end_second=145,
    streams=4,
)
PARTS = {
    "now": str(NOW),
    "provisioned": '{\n "version": "0.1.0+abcdef012345"}',
    "lock": "0a1b2c3d\nsmoke, by ann on desk",
    "services": msgspec.json.encode(
        [
            {"unit": "onionrig-0a1b2c3d-backend-1.service", "active": "active", "sub": "running"},
            {"unit": "onionrig-0a1b2c3d-sink-pi1.service", "active": "failed", "sub": "failed"},
            {"unit": "onionrig-0a1b2c3d-stand-down.service", "active": "inactive", "sub": "dead"},
        ]
    ).decode(),
    "timers": msgspec.json.encode(
        [
            {"unit": "onionrig-0a1b2c3d-grace.timer", "next": None},
            {"unit": "onionrig-0a1b2c3d-load.timer", "next": int((NOW + 42) * 1e6)},
        ]
    ).decode(),
    "left": "/run/onionrig:\n0a1b2c3d\nclaims\nlock\n\n/run/systemd/system:\nonionrig-0a1b2c3d.slice",
    "memory": "MemTotal:  1000 kB\nMemAvailable:    500 kB",
    "disk": "     Avail\n123456",
    "temperature": "41000\n52500",
    "records": "smoke-0a1b2c3d\t4096\t1795900000\tyes\t"
    + msgspec.json.encode(SCHEDULE).decode()
    + "\nmy run-ffffffff\t12\t1795800000\tno\t\nlost+found\t1\t1\tno\t",
}


def printed(**parts):
    """Return what a host prints whose parts are these, or as above."""
    return "".join(f"\n=== {name}\n{text}\n" for name, text in (PARTS | parts).items())


def state(**parts):
    return state_from(printed(**parts))


def test_a_host_in_a_load_says_its_run_services_and_when_it_stands_down():
    loaded = state()
    assert loaded.claim.run_id == "0a1b2c3d"
    assert loaded.claim.who == "smoke, by ann on desk"
    assert loaded.in_load
    assert loaded.stands_down_in_seconds == 42
    assert loaded.services == {"backend-1": "running", "sink-pi1": "failed"}
    assert loaded.version == "0.1.0+abcdef012345"
    assert loaded.available_memory_bytes == 512_000
    assert loaded.free_disk_bytes == 123456
    assert loaded.temperature_celsius == 52.5
    assert loaded.leftover_run_ids == ()


def test_records_are_known_by_run_whatever_it_is_called():
    standing, other = state().records
    assert (standing.run, standing.run_id, standing.has_manifest) == ("smoke", "0a1b2c3d", True)
    assert standing.schedule == SCHEDULE
    assert (other.run, other.run_id, other.schedule) == ("my run", "ffffffff", None)


def test_a_host_that_was_never_provisioned_is_free():
    nothing = dict.fromkeys(PARTS, "")
    free = state_from(printed(**(nothing | {"now": "1.0"})))
    assert free.version is free.claim is free.stands_down_in_seconds is None
    assert free.services == {}
    assert free.records == free.run_ids == ()


def test_a_run_whose_timers_are_gone_does_not_stand_down_by_itself():
    assert state(timers="[]").stands_down_in_seconds is None
    infinite = msgspec.json.encode(
        [{"unit": "onionrig-0a1b2c3d-grace.timer", "next": (1 << 64) - 1}]
    ).decode()
    assert state(timers=infinite).stands_down_in_seconds is None


def test_remains_of_runs_that_a_host_is_not_in_use_for_are_seen():
    unused = state(lock="")
    assert unused.claim is None
    assert unused.leftover_run_ids == unused.run_ids == ("0a1b2c3d",)


def test_malformed_output_of_a_host_raises_the_documented_errors():
    for text in ("", printed(now="today"), printed(services="<html>")):
        with pytest.raises((KeyError, ValueError, msgspec.MsgspecError)):
            state_from(text)


def test_every_part_that_is_read_is_asked_for():
    assert [line.split()[1].rstrip(";") for line in SCRIPT.splitlines() if line[:5] == "part "] == [
        *PARTS
    ]


def states(**records):
    """Return states of hosts that have records of runs: directory and when it was changed."""
    return {
        host: state(
            lock=lock,
            records="\n".join(f"{name}\t1\t{changed}\tyes\t" for name, changed in several.items()),
        )
        for host, (lock, several) in records.items()
    }


def test_the_run_that_stands_comes_before_a_newer_one():
    runs = runs_there(
        states(
            pi1=("", {"old-00000001": 10, "new-00000002": 30}),
            pi2=("00000001\nold, by ann on desk", {"old-00000001": 20}),
        )
    )
    assert [*runs] == ["old-00000001", "new-00000002"]
    assert standing_or_newest(runs).run == "old"
    assert standing_or_newest(runs).standing == ("pi2",)
    assert [*runs["old-00000001"].kept] == ["pi1", "pi2"]
    assert named_run(runs, "new").run_id == "00000002"
    assert named_run(runs, "00000001").run == "old"
    assert named_run(runs, "other") is None
    odd = runs_there(states(pi1=("", {"my_run__1-00000003": 1})))
    assert named_run(odd, "my run #1").run_id == "00000003"


def test_without_a_name_the_only_run_is_meant_and_several_are_listed():
    runs = runs_there(states(pi1=("", {"run-00000001": 1})))
    assert only_run(runs).run == "run"
    with pytest.raises(RecordsUnreadable, match="no host has records"):
        only_run({})
    several = runs_there(states(pi1=("", {"a-00000001": 1}), pi2=("", {"b-00000002": 2})))
    with pytest.raises(RecordsUnreadable, match=r"a \(on pi1\), b \(on pi2\)"):
        only_run(several)
    twice = runs_there(states(pi1=("", {"a-00000001": 1, "a-00000002": 2})))
    with pytest.raises(RecordsUnreadable, match="a-00000001, a-00000002"):
        named_run(twice, "a")


def test_nothing_is_collected_while_a_run_stands_and_it_is_said_until_when():
    states_by_host = {"pi1": state()}
    run = runs_there(states_by_host)["smoke-0a1b2c3d"]
    with pytest.raises(HostsInUse, match=r"ann on desk: it still stands.* on pi1 within 42 s"):
        refuse_while_it_goes_on(run, states_by_host)

    loaded = msgspec.structs.replace(SCHEDULE, end_second=int(NOW) + 30)
    line = f"smoke-0a1b2c3d\t1\t1\tyes\t{msgspec.json.encode(loaded).decode()}"
    states_by_host = {"pi1": state(records=line)}
    with pytest.raises(HostsInUse, match=r"its load is on until \d\d:\d\d:\d\d UTC, for 30 s more"):
        refuse_while_it_goes_on(runs_there(states_by_host)["smoke-0a1b2c3d"], states_by_host)

    states_by_host = {"pi1": state(timers="[]")}
    with pytest.raises(HostsInUse, match="nothing ends it on pi1"):
        refuse_while_it_goes_on(run, states_by_host)
    states_by_host = {"pi1": state(lock="")}
    refuse_while_it_goes_on(runs_there(states_by_host)["smoke-0a1b2c3d"], states_by_host)


def test_of_two_copies_the_longer_is_kept_and_the_controllers_files_are_its_own(tmp_path):
    files = [
        (PurePosixPath("manifest.json"), b"theirs, which is longer"),
        (PurePosixPath("samples/sink.jsonl"), b"1\n2\n3\n"),
        (PurePosixPath("logs/relay.log"), b"one\n"),
        (PurePosixPath("logs/empty.log"), b""),
        (PurePosixPath("transfers/sink.jsonl"), b"1\n"),
        (PurePosixPath("result.json"), b"not for a host to say"),
    ]
    (tmp_path / "samples").mkdir()
    (tmp_path / "logs").mkdir()
    (tmp_path / "manifest.json").write_text("ours")
    (tmp_path / "samples/sink.jsonl").write_text("1\n2")
    (tmp_path / "logs/relay.log").write_text("one\ntwo\n")
    stored = store_files(files, tmp_path)
    assert [*map(str, stored)] == ["samples/sink.jsonl", "logs/empty.log", "transfers/sink.jsonl"]
    assert (tmp_path / "manifest.json").read_text() == "ours"
    assert (tmp_path / "samples/sink.jsonl").read_text() == "1\n2\n3\n"
    assert (tmp_path / "logs/relay.log").read_text() == "one\ntwo\n"
    assert not (tmp_path / "result.json").exists()
    assert (tmp_path / "transfers").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "transfers/sink.jsonl").stat().st_mode & 0o777 == 0o600
    assert [*map(str, store_files(files, tmp_path))] == ["logs/empty.log"]


def test_an_end_that_no_controller_saw_is_recorded_once(tmp_path):
    run = RunDirectory.create(tmp_path / "run")
    with run.events_appender() as appender:
        appender.append(HELD)
    say_that_nobody_saw_the_end(run, handed_on=True)
    say_that_nobody_saw_the_end(run, handed_on=True)
    _, end = read_all(run.events_path, Scheduled | Failed)
    assert end.error == "Killed"
    assert "last event is from before the hold" in end.message
    assert "faults, lost hosts and how the run ended are not known" in end.message


def test_an_end_that_the_controller_recorded_is_left_as_it_is(tmp_path):
    run = RunDirectory.create(tmp_path / "run")
    with run.events_appender() as appender:
        appender.append(Finished(wall_seconds=1.0, since_start_seconds=1.0))
    before = run.events_path.read_bytes()
    say_that_nobody_saw_the_end(run, handed_on=False)
    assert run.events_path.read_bytes() == before


def test_the_end_says_from_when_the_controllers_last_event_is():
    later = Failed(
        wall_seconds=117.0, since_start_seconds=1.0, error="", message="", exit_code=1
    )  # any event
    began = PhaseBegan(wall_seconds=105.01, since_start_seconds=1.0, phase=Phase.HOLD)
    for events, when in (
        ([HELD, later], "12 s into the hold,"),
        ([HELD, began], "the beginning of the hold,"),  # no event comes until the hold is over
        ([HELD, HELD, later], "12 s into the hold of load 2,"),
        ([], "before any load,"),
    ):
        assert f"is from {when}" in unseen_end(events, handed_on=False).message


def test_records_are_fetched_without_what_the_controller_wrote_there():
    run = HostRun(
        run_id="0a1b2c3d",
        workspace=PurePosixPath("/w"),
        records=PurePosixPath("/r"),
        longest_seconds=1,
    )
    left_out = {word for word in fetch_argv(run) if word.startswith("--exclude")}
    assert left_out == {
        "--exclude=./manifest.json", "--exclude=./schedule.json", "--exclude=./events.jsonl",
    }  # fmt: skip


def test_what_the_controller_wrote_is_put_in_place_for_whoever_collects_the_run():
    manifest = File(path=PurePosixPath("/r/manifest.json"), text="{}")
    ((path, content),) = unpacked(archive((), (), PurePosixPath("/w/controls"), [manifest]))
    assert (str(path), content) == ("r/manifest.json", b"{}")


async def test_a_load_is_in_the_events_that_hosts_are_handed_with_it():
    order = []

    class Told(Exception):
        pass

    class Engine:
        lead_seconds = 1

        @contextmanager
        def outliving_hosts(self, _tell):
            yield

        async def start(self, services):
            assert not services

        async def write_schedule(self, *_):
            order.append("hosts")
            raise Told

    class Journal:
        def scheduled(self, *_):
            order.append("events")

    load = SimpleNamespace(ramp=1, hold=5, streams_asked=4, reached="address")
    planned = SimpleNamespace(load=load, settings={})
    with pytest.raises(Told):
        no_services = SimpleNamespace(with_role=lambda _: ())
        await put_on_load(Engine(), no_services, planned, (), Journal())
    assert order == ["events", "hosts"]


LOGS = {
    host: tuple(
        ServiceLog(service=name, host=host, path=PurePosixPath(f"/logs/{name}.log"))
        for name in names
    )
    for host, names in {"pi1": ("backend-1", "source-pi1"), "pi2": ("relay-1",), "pi3": ()}.items()
}


def test_logs_are_chosen_by_service_or_host_and_the_error_names_those_there_are():
    def services(name):
        return [log.service for log in chosen_logs(LOGS, name, "run")]

    assert services(None) == ["backend-1", "source-pi1", "relay-1"]
    assert services("pi1") == ["backend-1", "source-pi1"]
    assert services("relay-1") == ["relay-1"]
    with pytest.raises(RecordsUnreadable, match="no log of backend-2; there is backend-1"):
        services("backend-2")
    with pytest.raises(RecordsUnreadable, match="its services and hosts are backend-1, pi1, pi2"):
        services("???")
    with pytest.raises(RecordsUnreadable, match="no service has printed anything yet"):
        chosen_logs({"pi1": ()}, None, "run")


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_lines_of_several_logs_are_passed_on_whole(size):
    passed_on = []
    lines = LogLines(lambda service, line: passed_on.append((service, line)))
    text = b"==> /l/a.log <==\none\ntwo\n\n==> /l/b-1.log <==\nthr\xff"
    for at in range(0, len(text), size):
        lines.take(text[at : at + size])
    lines.end()
    assert passed_on == [("a", "one"), ("a", "two"), ("b-1", "thr\ufffd")]


def key_file(directory):
    directory.mkdir()
    return Path(frontend_identity(directory).key_paths["frontend.pem"])


def test_a_key_is_kept_for_its_owner_alone_and_never_overwrites(tmp_path):
    pem = key_file(tmp_path / "made").read_bytes()
    key_path = tmp_path / "kept.pem"
    keep_key(key_path, pem)
    assert key_path.stat().st_mode & 0o777 == 0o600
    assert key_from(key_path) == pem
    for place in (key_path, Path("/dev/null"), Path("-")):
        with pytest.raises(UsageError):
            keep_key(place, pem)
    assert key_path.read_bytes() == pem


def test_a_file_that_is_not_a_key_or_is_open_to_others_is_refused(tmp_path):
    key_path = key_file(tmp_path / "made")
    key_path.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        key_from(key_path)
    key_path.write_text("no key")
    key_path.chmod(0o600)
    with pytest.raises(UsageError, match="is not the key of an onion address"):
        key_from(key_path)
    with pytest.raises(UsageError, match="No such file"):
        key_from(tmp_path / "missing")


def test_a_key_is_not_in_what_is_printed_of_it(tmp_path):
    pem = key_file(tmp_path / "made").read_bytes()
    key = FrontendKey(host="pi1", address=address_of_key(pem), pem=pem)
    assert pem.decode().splitlines()[1] not in repr(key)
    assert key.address in repr(key)
