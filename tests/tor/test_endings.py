"""Every way in which a run can end before its load and after it, and what it leaves."""

import socket

import pytest

from onionrig.records.events import Milestone, Reached
from support.processes.started_run import ended_well


@pytest.mark.parametrize("subject", ["a consensus", "to bootstrap", "Onionbalance to publish"])
def test_ctrl_c_in_bring_up_cleans_up(start, subject):
    run = start()
    run.until_waiting(subject)
    ended_well(run, run.interrupt, code=130, error="Interrupted")
    assert "interrupted by Ctrl-C" in run.stderr
    reached = {event.reached for event in run.events() if isinstance(event, Milestone)}
    assert Reached.FRONTEND not in reached, "it went on with what it was at"


def test_a_daemon_that_dies_in_bring_up_ends_the_run_with_the_warnings_that_count(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        run = start("--set", f'network.torrc=["HTTPTunnelPort {address}"]')
        assert run.ends() == 7
    assert f"Could not bind to {address}" in run.stderr
    assert "Failed to bind one of the listener ports" in run.stderr
    assert "see warnings above" not in run.stderr
    assert run.leaves_nothing([])
    assert run.file("result.json")["status"] == "aborted"


def test_a_missed_target_is_an_exit_code_of_its_own(start):
    run = start("--target", "100Gbit", "--set", "verdict.corrupt_bytes=0")
    assert run.ends() == 3
    assert run.file("result.json")["verdict"]["met"] is False
    assert run.file("result.json")["status"] == "complete"
    assert "misses the target of 100 Gbit/s, meets the other threshold" in run.stdout
    assert "error: sustained rate: at least 100 Gbit/s was asked, " in run.stderr
    assert "corrupt bytes" not in run.stderr
