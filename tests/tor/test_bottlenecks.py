"""The bottleneck, on one real rig that is given a different cause in each of three holds.

A machine may be full of other things as well, and then that is the verdict: here each verdict has
to be what its own evidence says. That the right verdict follows from the evidence of each cause is
judged in tests/unit/test_bottleneck.py and tests/unit/test_stalled_backends.py.
"""

import socket
import threading
from contextlib import contextmanager, suppress

import msgspec
import psutil
import pytest

from onionrig.analysis.limits.stalls import STALLED_SECONDS
from onionrig.analysis.result import results_by_load
from onionrig.records.events import Phase, PhaseBegan, Scheduled
from onionrig.store.run_directory import RunDirectory
from support.bottlenecks import kinds_by_evidence
from support.processes.started_run import smoke_run

HOLDS = 3
LAST_LINE = b"\r\n250 NumCPUs"
"""Begins the last line of an answer; those before it begin with 250-."""


@contextmanager
def kept_busy(control_path):
    """Ask a tor for its configuration again and again: it costs its main thread far more than us."""
    stop = threading.Event()
    question = b"GETCONF " + b" ".join([b"NumCPUs"] * 200) + b"\r\n"

    def ask():
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(control_path))
            control.settimeout(10)
            control.sendall(b"AUTHENTICATE\r\n" + question * 200)
            rest = b""
            while not stop.is_set():
                answer = rest + control.recv(1 << 20)
                control.sendall(question * answer.count(LAST_LINE))
                rest = answer[-len(LAST_LINE) + 1 :]

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        stop.set()
        asking.join()


def held(run, number, phase=Phase.HOLD):
    """Wait for the hold (or drain) of the load of that number."""
    run.until_found(
        lambda: (
            sum(isinstance(each, PhaseBegan) and each.phase is phase for each in run.events())
            >= number
        )
    )


def served(run, number):
    """Wait until a byte has come in the hold of the load of that number, or that hold is over.

    What has not served yet cannot stall: on a machine that is full that may take a while.
    """
    held(run, number)
    load = [each for each in run.events() if isinstance(each, Scheduled)][number - 1]
    run.until_found(
        lambda: any(
            sample.second + 1 >= load.end_second
            or (sample.second >= load.hold_second and any(sample.verified_bytes.values()))
            for sample in run.sunk()
        )
    )


@pytest.fixture(scope="module")
def results(tmp_path_factory, cache):
    """The three holds: a tor that is busy with something else, nothing, a backend that is stopped."""
    options = ("--streams", "1", "--backends", "1", "--repeat", str(HOLDS), "--hold", "20")
    out = tmp_path_factory.mktemp("runs") / "bound"
    with smoke_run(out, *options, "--no-report", cache=cache) as run:
        run.until_phase(Phase.READY)
        (workspace,) = run.workspaces()
        backend = run.services()["backend-1"]
        with suppress(psutil.AccessDenied):  # not as root: then others may leave it no whole core
            run.services()["client-1"].nice(-15)
        with kept_busy(workspace / "client-1" / "control"):
            held(run, 1, Phase.DRAIN)
        held(run, 2, Phase.DRAIN)
        served(run, 3)
        backend.suspend()
        run.ends()
        yield results_by_load(RunDirectory(run.out).recording())


def test_the_verdict_is_what_its_evidence_says(results):
    for result in results[:2]:
        found = msgspec.to_builtins(result.bottleneck)
        assert found["kind"] in kinds_by_evidence(found["evidence"]), found


def test_a_tor_whose_main_thread_is_full_is_named_unless_the_machine_is(results):
    found = results[0].bottleneck
    if found.kind == "main thread":
        assert found.subject == "client-1", found
    else:
        assert found.kind == "machine CPU" or main_threads(found)["main thread of client-1"] < 0.95


def test_a_backend_that_stopped_is_named(results):
    found = results[2].bottleneck
    silences = [each for each in found.evidence if each.what.startswith("longest silence of ")]
    if not silences or silences[0].measured < STALLED_SECONDS:
        pytest.skip(f"it served too late in its hold to be stopped for long: {found}")
    assert (found.kind, found.subject) == ("stalled backend", "backend-1"), found


def test_the_causes_show_in_the_evidence(results):
    if "machine CPU" in {results[0].bottleneck.kind, results[1].bottleneck.kind}:
        pytest.skip(f"no thread has what it would take: {results[0].bottleneck.sentence}")
    busy, unbound, _ = (main_threads(result.bottleneck) for result in results)
    assert max(busy, key=busy.get) == "main thread of client-1"
    assert busy["main thread of client-1"] > 2 * unbound["main thread of client-1"]


def main_threads(bottleneck):
    return {each.what: each.measured for each in bottleneck.evidence if "main thread" in each.what}
