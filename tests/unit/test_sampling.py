"""When the sampler samples and asks tors, by a clock that stands still but for what is waited for.

So nothing is late but what is made to be: what a busy machine does to a real one has no part in it.
"""

import signal
import socket

import msgspec
import pytest

from onionrig.movers.sampler import program as sampler
from onionrig.movers.sampler.tors import TorsWatch
from onionrig.records.samples import HostSample, TorSample
from onionrig.records.streams.schedule import Schedule
from onionrig.rig.orders import MetricsEndpoint, SamplerOrders
from onionrig.store.lines import read_all
from support.records.samples import host_sample
from support.waiting import until

START = 1000


class Clock:
    """Says that next to no time is left to wait: it has passed already."""

    def __init__(self, leaps=()):
        self.now = START + 0.25
        self._leaps = dict(leaps)

    def wall_seconds(self):
        return self.now

    def second(self):
        return int(self.now)

    def until(self, second):
        self.now = max(self.now, second)
        self.now = self._leaps.pop(self.now, self.now)
        return 1e-3


@pytest.fixture
def orders(tmp_path):
    def made(*tors):
        return SamplerOrders(
            record_path=str(tmp_path / "sampler.jsonl"),
            processes_path=str(tmp_path / "processes.json"),
            tors=tors,
            tors_record_path=str(tmp_path / "tors.jsonl"),
            schedule_path=str(tmp_path / "schedule.json"),
        )

    return made


def sampled(orders, monkeypatch, *, lines, taking):
    """Run the sampler for so many lines; return their seconds, and when each was taken.

    ``taking`` says what sampling a second takes.
    """
    clock, taken_at = Clock(), []

    class Sampler:
        def __init__(self, *_):
            pass

        def sample(self, second):
            taken_at.append(clock.now)
            clock.now += taking.get(second, 0.0)
            return host_sample(second, {})

    def told_to_end(_numbers, _seconds):
        return signal.SIGTERM if len(taken_at) == lines else None

    monkeypatch.setattr(sampler, "SteadyClock", lambda: clock)
    monkeypatch.setattr(sampler, "Sampler", Sampler)
    monkeypatch.setattr(signal, "pthread_sigmask", lambda *_: None)
    monkeypatch.setattr(signal, "sigtimedwait", told_to_end)
    sampler.run(orders())
    return [line.second for line in read_all(orders().record_path, HostSample)], taken_at


def test_every_second_has_a_line_that_is_taken_as_it_ends(orders, monkeypatch):
    slow = dict.fromkeys(range(START, START + 10), 0.9)
    seconds, taken_at = sampled(orders, monkeypatch, lines=10, taking=slow)
    assert seconds == list(range(START, START + 10))
    assert taken_at == [second + 1 for second in seconds]


def test_the_seconds_that_pass_while_the_sampler_is_held_up_have_none(orders, monkeypatch):
    held_up = {START + 2: 3.5}
    seconds, taken_at = sampled(orders, monkeypatch, lines=6, taking=held_up)
    assert seconds == [START + run for run in (0, 1, 2, 6, 7, 8)]
    assert taken_at == [second + 1 for second in seconds]


@pytest.fixture
def asked(orders, tmp_path):
    """Return when a tor was asked in a hold: of each line its second and the time, from START."""
    schedule = Schedule(
        ramp_second=START + 3, hold_second=START + 5, end_second=START + 26, streams=1
    )

    def told(leaps=()):
        (tmp_path / "schedule.json").write_bytes(msgspec.json.encode(schedule))
        clock = Clock(leaps)
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))  # and nobody listens there
            dead = MetricsEndpoint(name="dead", host="127.0.0.1", port=bound.getsockname()[1])
            with TorsWatch(orders(dead), clock):
                until(lambda: clock.now > START + 60, "the hold to be over")
        lines = read_all(orders().tors_record_path, TorSample)
        return [(line.second - START, line.wall_seconds - START) for line in lines]

    return told


def test_tors_are_asked_as_each_of_their_seconds_begins(asked):
    assert asked() == [(5, 5.0), (15, 15.0), (25, 25.0), (26, 26.0)]


def test_a_second_that_the_sampler_comes_to_late_is_asked_for_and_one_too_late_is_not(asked):
    leaps = {START + 10: START + 19, START + 20: START + 30}
    assert asked(leaps) == [(5, 5.0), (15, 19.0), (26, 30.0)]
