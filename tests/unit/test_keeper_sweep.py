"""How long the keeper looks for processes of a run that was killed."""

from types import SimpleNamespace

import pytest

from onionrig.processes import keeper


class Machine:
    """Takes its time for every look at all processes; of the first looks each finds one more."""

    def __init__(self, look_seconds, finds):
        self.now = 0.0
        self.looks = 0
        self._look_seconds = look_seconds
        self._finds = finds

    def look(self, _mark, _workspace):
        self.now += self._look_seconds
        self.looks += 1
        return int(self.looks <= self._finds)

    def sleep(self, seconds):
        self.now += seconds


def swept(monkeypatch, machine):
    clock = SimpleNamespace(monotonic=lambda: machine.now, sleep=machine.sleep)
    monkeypatch.setattr(keeper, "time", clock)
    monkeypatch.setattr(keeper, "_kill_marked", machine.look)
    keeper.sweep("mark", "/tmp/onionrig-mark")
    return machine


@pytest.mark.parametrize("look_seconds", [0.01, 3.0])
def test_the_sweep_looks_until_three_looks_have_found_nothing_however_long_each_takes(
    monkeypatch, look_seconds
):
    assert swept(monkeypatch, Machine(look_seconds, finds=4)).looks == 4 + 3


def test_the_sweep_ends_although_new_processes_come_for_ever(monkeypatch):
    assert 60 <= swept(monkeypatch, Machine(0.5, finds=10**9)).now < 62
