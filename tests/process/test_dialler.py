"""A dialler before a SOCKS port that can misbehave as a client tor can: every dial is told of."""

import json
import signal
import sys
from itertools import pairwise

import pytest

from fake_socks import FakeSocks, Ignore, Refuse, Say, Serve
from movers_bench import ADDRESS, DEADLINE_SECONDS, PORT, free_port, stop, wait_until
from onionrig.analysis.dials import served
from onionrig.engine.dials import dial_all
from onionrig.engine.journal import Journal
from onionrig.engine.local import LocalEngine
from onionrig.engine.processes import Fleet
from onionrig.records.events import Noted, Phase, PhaseBegan, Waiting
from onionrig.records.transfers import Ending
from onionrig.rig.allocation import Allocation, Programs
from onionrig.rig.model import Host, Rig, Role
from onionrig.rig.movers import dialler
from onionrig.rig.names import DIALLER
from onionrig.rig.placement import Placement
from onionrig.traffic.payload import head_line

pytestmark = pytest.mark.process


def by_number(dials):
    return sorted(dials, key=lambda dial: dial.stream)


def most_at_once(dials):
    """How many dials overlapped: the most that had begun and not ended when one began."""
    spans = [
        (d.started_wall_seconds, d.started_wall_seconds + d.ended_after_seconds) for d in dials
    ]
    return max(sum(begin <= at < end for begin, end in spans) for at, _ in spans)


# A number of dials


def test_so_many_dials_are_made_each_on_a_circuit_of_its_own_and_then_it_ends(bench):
    bench.serve(("0", "1"))

    def behaviour(number, _):
        return Serve(bench.socket(str(number % 2)))

    with FakeSocks(behaviour) as even, FakeSocks(behaviour) as odd:
        dialler = bench.start_dialler(even.port, odd.port, count=9)
        assert dialler.wait(DEADLINE_SECONDS) == 0
        seen = even.dials + odd.dials

    dials = by_number(bench.dials)
    assert [dial.stream for dial in dials] == list(range(9))
    assert [dial.client for dial in dials] == ["client 0", "client 1"] * 4 + ["client 0"]
    assert all(served(dial) and dial.ending is Ending.RUN_ENDED for dial in dials)
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


def test_dials_that_fail_are_told_with_their_reason_and_are_no_error(bench):
    bench.serve()
    misbehaving = [
        Refuse(0xF2), Ignore(), Say(b""), Say(head_line("here", "0")), Say(b"SSH-2.0-OpenSSH\r\n"),
        Say(head_line("here", "0") + bytes(9)), Serve(bench.socket("0"), limit_bytes=3000),
    ]  # fmt: skip
    with FakeSocks(lambda number, _: misbehaving[number]) as socks:
        dialler = bench.start_dialler(socks.port, count=7, at_once=1, timeout_seconds=1.0)
        assert dialler.wait(DEADLINE_SECONDS) == 0

    assert [dial.reason for dial in by_number(bench.dials)] == [
        "SOCKS refused: F2 onion service introduction failed",
        "connect timeout",
        "no first byte",
        "stalled",
        "not our source",
        "corrupt payload",
        "closed by the other side",
    ]
    assert not any(served(dial) for dial in bench.dials)


def test_no_more_dials_than_allowed_are_under_way_at_once(bench):
    with FakeSocks(lambda *_: Ignore()) as socks:
        dialler = bench.start_dialler(socks.port, count=8, at_once=3, timeout_seconds=0.5)
        assert dialler.wait(DEADLINE_SECONDS) == 0

    assert len(bench.dials) == 8
    assert most_at_once(bench.dials) == 3


def test_a_client_tor_that_is_not_there_fails_its_dials_and_no_others(bench):
    bench.serve()
    with FakeSocks(lambda *_: Serve(bench.socket("0"))) as socks:
        dialler = bench.start_dialler(free_port(), socks.port, count=4)
        assert dialler.wait(DEADLINE_SECONDS) == 0

    assert [dial.ending for dial in by_number(bench.dials)] == [
        Ending.CLIENT_UNREACHABLE,
        Ending.RUN_ENDED,
    ] * 2


# Dials at an interval


def test_dials_go_on_at_their_interval_while_earlier_ones_hang(bench):
    with FakeSocks(lambda *_: Ignore()) as socks:
        dialler = bench.start_dialler(socks.port, every_seconds=0.3, at_once=100)
        wait_until(lambda: len(socks.dials) >= 8, "eight dials")
        assert stop(dialler) == 0

    dials = by_number(bench.dials)
    assert most_at_once(dials) == len(dials) >= 8
    starts = [dial.started_wall_seconds for dial in dials]
    assert starts[-1] - starts[0] == pytest.approx(0.3 * (len(starts) - 1), abs=0.25)
    assert all(later > sooner for sooner, later in pairwise(starts))
    assert bench.stderr("dialler") == ""


def test_a_dial_under_way_at_the_end_has_neither_failed_nor_been_served(bench):
    bench.serve()

    def behaviour(number, _):
        return Serve(bench.socket("0")) if number == 0 else Ignore()

    with FakeSocks(behaviour) as socks:
        dialler = bench.start_dialler(socks.port, every_seconds=0.5)
        wait_until(lambda: len(socks.dials) >= 2 and bench.dials, "a dial that hangs")
        assert stop(dialler, signal.SIGINT) == 0

    first, *others = by_number(bench.dials)
    assert served(first)
    assert others
    assert not any(dial.failed or served(dial) for dial in others)
    assert {dial.ending for dial in others} == {Ending.RUN_ENDED}


def test_dials_beyond_the_bound_are_left_out_and_that_is_said(bench):
    with FakeSocks(lambda *_: Ignore()) as socks:
        dialler = bench.start_dialler(
            socks.port, every_seconds=0.05, at_once=3, timeout_seconds=1.5
        )
        wait_until(lambda: len(bench.dials) >= 3, "three dials given up")
        assert stop(dialler) == 0

    assert most_at_once(bench.dials) == 3
    assert "dials were left out: 3 were under way" in bench.stderr("dialler")


def test_a_dialler_that_was_held_up_makes_up_for_nothing_in_a_burst(bench):
    bench.serve()
    with FakeSocks(lambda *_: Serve(bench.socket("0"))) as socks:
        dialler = bench.start_dialler(socks.port, every_seconds=0.3, at_once=100)
        wait_until(lambda: len(bench.dials) >= 3 and bench.source_samples, "three dials")
        dialler.send_signal(signal.SIGSTOP)
        stopped = bench.source_samples[-1].second
        wait_until(lambda: bench.source_samples[-1].second >= stopped + 4, "four seconds")
        dialler.send_signal(signal.SIGCONT)
        seen = len(bench.dials)
        wait_until(lambda: len(bench.dials) >= seen + 5, "dials after the gap")
        assert stop(dialler) == 0

    starts = [dial.started_wall_seconds for dial in by_number(bench.dials)]
    gaps = [later - sooner for sooner, later in pairwise(starts)]
    assert max(gaps) > 2.5
    # a dozen dials were missed; one is made at once, the next when it is due
    after = starts[gaps.index(max(gaps)) + 1 :]
    assert after[-1] - after[0] > 0.3 * (len(after) - 2) - 0.1
    assert "dials were left out" in bench.stderr("dialler")


# Ends that are errors


@pytest.mark.parametrize("told", [{}, {"count": 3, "every_seconds": 1.0}])
def test_orders_without_an_end_or_with_two_are_refused(bench, told):
    dialler = bench.start_dialler(free_port(), **told)
    assert dialler.wait(DEADLINE_SECONDS) == 2
    assert bench.stderr("dialler").startswith("error: a dialler is told either how many dials")


def test_a_dialler_whose_disk_is_full_says_so_and_exits_with_8(bench):
    dialler = bench.start_dialler(free_port(), count=3, record="/dev/full")
    assert dialler.wait(DEADLINE_SECONDS) == 8
    assert "error: /dev/full: the disk is full" in bench.stderr("dialler")


# As the engine runs it


def rig_of(place, socks, count):
    """A rig of a dialler and what stands in for its sampler, which is told of processes."""
    return Rig(
        hosts=(Host(name="here", address="127.0.0.1"),),
        services=(
            place.service("sampler", Role.SAMPLER, ("/bin/true",)),
            *([dialler(place, DIALLER, ADDRESS, ["client-1"], count=count)] if count else []),
        ),
        address=ADDRESS,
        port=PORT,
        mode="anonymous",
        expected_points=0,
    )


async def dialled(tmp_path, socks, count):
    """Have the engine make the dials; return the events."""
    (tmp_path / "logs").mkdir()
    place = Placement(
        Allocation(
            host="here",
            address="127.0.0.1",
            workspace=str(tmp_path / "workspace"),
            run_directory=str(tmp_path),
            made_second=0,
            ports={"client-1.socks": socks.port},
            programs=Programs(tor="", onionbalance="", python=sys.executable),
        )
    )
    events = []
    journal = Journal(tmp_path / "events.jsonl", events.append)
    async with Fleet({}) as fleet:
        engine = LocalEngine(rig_of(place, socks, count), fleet, others={})
        engine.prepare()
        await dial_all(engine, journal)
    journal.close()
    return events


async def test_the_engine_makes_the_dials_in_a_phase_of_their_own(bench, tmp_path):
    bench.serve()

    def behaviour(number, _):
        return Refuse(0xF7) if number == 3 else Serve(bench.socket("0"))

    with FakeSocks(behaviour) as socks:
        events = await dialled(tmp_path, socks, 6)

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
    lines = (tmp_path / "dials.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["stream"] for line in lines) == list(range(6))


async def test_without_dials_the_engine_does_nothing(tmp_path):
    with FakeSocks(lambda *_: Ignore()) as socks:
        assert await dialled(tmp_path, socks, 0) == []
