"""A run for which the hosts are not free begins nothing, and leaves nothing."""

import io
import json

import pytest
from rich.console import Console

from onionrig.cli.live import run_watched
from onionrig.errors import HostsInUse
from onionrig.store.run_directory import RunDirectory
from onionrig.views.live.event_lines import EventLines
from support.fake_engine.engine import FakeOpening
from support.fake_engine.runs import BASELINE, fake_question, script


@pytest.fixture
def in_use():
    """An engine whose hosts another run has claimed."""
    scripted = script()
    scripted.fails_at, scripted.failure = 1, HostsInUse("pi1 is in use by another run")
    return FakeOpening(scripted)


def test_no_directory_is_left(in_use, tmp_path):
    run = RunDirectory.create(tmp_path / "run")
    with pytest.raises(HostsInUse, match="pi1 is in use"):
        run_watched(fake_question(BASELINE), in_use, run, Console(file=io.StringIO()))
    assert list(tmp_path.iterdir()) == []


def test_the_last_event_line_says_so(in_use, tmp_path):
    lines = []
    run = RunDirectory.create(tmp_path / "run")
    with pytest.raises(HostsInUse):
        told = EventLines(lines.append, with_results=True)
        run_watched(fake_question(BASELINE), in_use, run, told)
    last = json.loads(lines[-1])
    assert (last["kind"], last["exit_code"]) == ("run ended", HostsInUse.exit_code)
    assert last["result_path"] is last["status"] is None
