"""A dialler before a SOCKS port that can misbehave as a client tor can: every dial is told of."""

import json
import signal
from contextlib import ExitStack
from itertools import combinations, pairwise

import pytest

from onionrig.analysis.backends.dials import served
from onionrig.engine.local.engine import entered_local
from onionrig.engine.local.equipment import Equipment
from onionrig.experiment.decode import experiment_from
from onionrig.experiment.names import DIALLER
from onionrig.experiment.placement import placement
from onionrig.movers.payload import head_line
from onionrig.records.events import Noted, Phase, PhaseBegan, Waiting
from onionrig.records.streams.transfers import Ending
from onionrig.rig.allocation import Allocation
from onionrig.rig.model import Host, Rig
from onionrig.rig.movers import dialler, sampler
from onionrig.rig.placement import Placement
from onionrig.run.dials import dial_all
from onionrig.run.journal import Journal
from onionrig.store.run_directory import RunDirectory
from support.processes.fake_socks import FakeSocks, Ignore, Refuse, Say, Serve
from support.processes.movers_bench import ADDRESS, PORT, free_port, hold_up, stop
from support.waiting import HANG_SECONDS, until

pytestmark = pytest.mark.process


def by_number(dials):
    return sorted(dials, key=lambda dial: dial.stream)


def most_at_once(dials):
    """How many dials overlapped: the most that had begun and not ended when one began."""
    spans = [
        (d.started_wall_seconds, d.started_wall_seconds + d.ended_after_seconds) for d in dials
    ]
    return max(sum(begin <= at < end for begin, end in spans) for at, _ in spans)


def each_had_a_turn_of_its_own(dials, every_seconds):
    """Whether dials began no oftener than their interval lets them.

    One that is late may begin just before the next, and be held up on top of it between taking its
    turn and beginning: then the next two follow at once. From then on each waits for its turn.
    """
    starts = enumerate(dial.started_wall_seconds for dial in dials)
    return all(
        later - sooner > every_seconds * (second - first - 2)
        for (first, sooner), (second, later) in combinations(starts, 2)
    )


def left_out(bench):
    """How many dials the dialler says that it left out."""
    before, _, _ = bench.stderr("dialler").partition(" dials were left out: ")
    return int(before.split()[-1])


def dial_each(bench, behaviours, **changed):
    """Dial once to each behaviour, all at once; return the dials in their order."""
    (bench.directory / "dials.jsonl").unlink(missing_ok=True)
    with ExitStack() as stack:
        ports = [
            stack.enter_context(FakeSocks(lambda *_, each=each: each)).port for each in behaviours
        ]
        dialler = bench.start_dialler(*ports, count=len(ports), at_once=len(ports), **changed)
        assert dialler.wait(HANG_SECONDS) == 0
    return by_number(bench.dials)


# A number of dials


def test_the_ordered_dials_are_made_each_on_its_own_circuit_and_then_the_dialler_ends(bench):
    bench.serve(("0", "1"))

    def behaviour(number, _):
        return Serve(bench.socket(str(number % 2)))

    with FakeSocks(behaviour) as even, FakeSocks(behaviour) as odd:
        dialler = bench.start_dialler(even.port, odd.port, count=9)
        assert dialler.wait(HANG_SECONDS) == 0
        seen = even.dials + odd.dials

    dials = by_number(bench.dials)
    assert [dial.stream for dial in dials] == list(range(9))
    assert [dial.client for dial in dials] == ["client 0", "client 1"] * 4 + ["client 0"]
    assert all(served(dial) and dial.ending is Ending.SERVED for dial in dials)
    assert sorted(dial.backend for dial in dials) == ["0"] * 5 + ["1"] * 4
    assert all(8192 <= dial.verified_bytes < 8192 + (64 << 10) for dial in dials)
    assert all(
        0
        < dial.connected_after_seconds
        <= dial.first_byte_after_seconds
        <= dial.ended_after_seconds
        for dial in dials
    )
    assert len({(dial.username, dial.password) for dial in seen}) == 9
    assert {(dial.address, dial.port) for dial in seen} == {(ADDRESS, PORT)}
    assert bench.stderr("dialler") == ""


def test_failed_dials_are_recorded_with_their_reason_and_are_not_an_error(bench):
    bench.serve()
    dials = dial_each(
        bench,
        [
            Refuse(0xF2),
            Say(b"SSH-2.0-OpenSSH\r\n"),
            Say(head_line("here", "0") + bytes(9)),
            Serve(bench.socket("0"), limit_bytes=3000),
        ],
    )

    assert [dial.reason for dial in dials] == [
        "SOCKS refused: F2 onion service introduction failed",
        "not our source",
        "corrupt payload",
        "closed by the other side",
    ]
    assert not any(served(dial) for dial in dials)


def test_dials_that_time_out_are_recorded_with_what_they_waited_for(bench):
    silent = [Ignore(), Say(b""), Say(head_line("here", "0"))]
    reasons = ["connect timeout", "no first byte", "stalled"]
    for timeout_seconds in (1.0, 10.0, 100.0):  # until this machine gets as far meanwhile
        dials = dial_each(bench, silent, timeout_seconds=timeout_seconds)
        shown = [dial.reason for dial in dials]
        assert all(is_ in reasons[: end + 1] for end, is_ in enumerate(shown))
        assert all(dial.ended_after_seconds >= timeout_seconds for dial in dials)
        assert not any(served(dial) for dial in dials)
        if shown == reasons:
            break

    assert shown == reasons


def test_no_more_dials_than_allowed_are_under_way_at_once(bench):
    with FakeSocks(lambda *_: Ignore()) as socks:
        dialler = bench.start_dialler(socks.port, count=8, at_once=3, timeout_seconds=0.5)
        assert dialler.wait(HANG_SECONDS) == 0

    assert len(bench.dials) == 8
    assert most_at_once(bench.dials) == 3


def test_a_missing_client_tor_fails_only_its_own_dials(bench):
    bench.serve()
    with FakeSocks(lambda *_: Serve(bench.socket("0"))) as socks:
        dialler = bench.start_dialler(free_port(), socks.port, count=4)
        assert dialler.wait(HANG_SECONDS) == 0

    assert [dial.ending for dial in by_number(bench.dials)] == [
        Ending.CLIENT_UNREACHABLE,
        Ending.SERVED,
    ] * 2


# Dials at an interval


def test_dials_go_on_at_their_interval_while_earlier_ones_hang(bench):
    with FakeSocks(lambda *_: Ignore()) as socks:
        dialler = bench.start_dialler(socks.port, every_seconds=0.3, at_once=10_000)
        until(lambda: len(socks.dials) >= 8, "eight dials")
        assert stop(dialler) == 0

    dials = by_number(bench.dials)
    assert most_at_once(dials) == len(dials) >= 8
    assert each_had_a_turn_of_its_own(dials, 0.3)


def test_a_dial_under_way_at_the_end_has_neither_failed_nor_been_served(bench):
    bench.serve()
    serving, silent = FakeSocks(lambda *_: Serve(bench.socket("0"))), FakeSocks(lambda *_: Ignore())
    with serving, silent:
        dialler = bench.start_dialler(serving.port, silent.port, every_seconds=0.5)
        until(lambda: silent.dials and bench.dials, "a dial that hangs, and one that does not")
        assert stop(dialler, signal.SIGINT) == 0

    first, *others = by_number(bench.dials)
    hanging = [dial for dial in others if dial.client == "client 1"]
    assert served(first)
    assert hanging
    assert not any(dial.failed for dial in others)
    assert not any(served(dial) for dial in hanging)
    assert {dial.ending for dial in hanging} == {Ending.STILL_WAITING}


def test_dials_beyond_the_bound_are_left_out_and_reported(bench):
    with FakeSocks(lambda *_: Ignore()) as socks:
        dialler = bench.start_dialler(
            socks.port, every_seconds=0.05, at_once=3, timeout_seconds=1.5
        )
        until(lambda: len(bench.dials) >= 3, "three dials given up")
        assert stop(dialler) == 0

    dials = by_number(bench.dials)
    given_up = [dial for dial in dials if dial.failed]
    assert len(given_up) >= 3
    assert most_at_once(dials) <= 3
    assert "dials were left out: 3 were under way" in bench.stderr("dialler")
    # between two starts each turn was taken or left out, and few were taken
    turns = (dials[-1].started_wall_seconds - dials[0].started_wall_seconds) / 0.05
    assert left_out(bench) >= turns - len(dials)
    assert left_out(bench) >= 20


def test_a_delayed_dialler_does_not_catch_up_in_a_burst(bench):
    bench.serve()
    with FakeSocks(lambda *_: Serve(bench.socket("0"))) as socks:
        dialler = bench.start_dialler(socks.port, every_seconds=0.3, at_once=10_000)
        until(lambda: len(bench.dials) >= 3, "three dials")
        began, ended = hold_up(dialler, 4)
        seen = len(bench.dials)
        until(lambda: len(bench.dials) >= seen + 5, "dials after the gap")
        assert stop(dialler) == 0

    dials = by_number(bench.dials)
    starts = [dial.started_wall_seconds for dial in dials]
    assert max(later - sooner for sooner, later in pairwise(starts)) >= ended - began
    # a dozen dials were missed; one is made at once, the next when it is due
    assert each_had_a_turn_of_its_own(dials, 0.3)
    assert left_out(bench) >= 12


# Ends that are errors


@pytest.mark.parametrize("told", [{}, {"count": 3, "every_seconds": 1.0}])
def test_orders_without_an_end_or_with_two_are_refused(bench, told):
    dialler = bench.start_dialler(free_port(), **told)
    assert dialler.wait(HANG_SECONDS) == 2
    assert bench.stderr("dialler").startswith("error: a dialler is told either how many dials")


def test_a_dialler_whose_disk_is_full_says_so_and_exits_with_8(bench):
    dialler = bench.start_dialler(free_port(), count=3, record="/dev/full")
    assert dialler.wait(HANG_SECONDS) == 8
    assert "error: /dev/full: the disk is full" in bench.stderr("dialler")


# As the engine runs it


def rig_of(place, socks, count):
    """A rig of a dialler and what stands in for its sampler, which is told of processes."""
    return Rig(
        hosts=(Host(name="here", address="127.0.0.1"),),
        services=(
            sampler(place, "sampler"),
            *([dialler(place, DIALLER, ADDRESS, ["client-1"], count=count)] if count else []),
        ),
        address=ADDRESS,
        port=PORT,
        mode="anonymous",
        expected_points=0,
    )


async def dialled(tmp_path, socks, count):
    """Have the engine make the dials; return the events, and where they are recorded."""
    directory = RunDirectory.create(tmp_path / "run")
    events = []
    journal = Journal(directory.events_appender(), events.append)
    async with entered_local(Equipment(), directory) as engine:
        host = engine.hosts[0].name
        experiment = experiment_from([])
        place = Placement(
            experiment,
            Allocation(
                hosts=engine.hosts,
                layouts={host: engine.layout(host)},
                places=placement(experiment, here=host),
                ports={"client-1.socks": socks.port},
                made_second=0,
            ),
        )
        rig = rig_of(place, socks, count)
        await engine.prepare(rig)
        await dial_all(engine, rig, journal)
    journal.close()
    return events, directory.dials_path


async def test_the_engine_makes_the_dials_in_a_phase_of_their_own(bench, tmp_path, monkeypatch):
    monkeypatch.setattr("onionrig.rig.movers.DIAL_SECONDS", HANG_SECONDS)
    bench.serve()

    def behaviour(number, _):
        return Refuse(0xF7) if number == 3 else Serve(bench.socket("0"))

    with FakeSocks(behaviour) as socks:
        events, recorded = await dialled(tmp_path, socks, 6)

    began, *waits, note = events
    assert isinstance(began, PhaseBegan)
    assert began.phase is Phase.DIALS
    assert waits
    assert all(isinstance(event, Waiting) for event in waits)
    assert waits[0].subject.startswith("6 dials; ")
    assert isinstance(note, Noted)
    assert note.text.startswith("6 dials in ")
    assert note.text.endswith(
        ", 1 failed: SOCKS refused: F7 onion service introduction timed out (1)"
    )
    lines = (recorded / "dialler.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["stream"] for line in lines) == list(range(6))


async def test_without_dials_the_engine_does_nothing(tmp_path):
    with FakeSocks(lambda *_: Ignore()) as socks:
        events, _ = await dialled(tmp_path, socks, 0)
    assert events == []
