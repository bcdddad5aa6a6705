import io
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from onionrig.analysis.result import analyse
from onionrig.records.events import Failed, Noted, Phase, PhaseBegan, Starved, Waiting
from onionrig.records.transfers import Ending
from onionrig.views.live import LiveTable, PlainLines, drawn, view_for
from onionrig.views.progress import Progress
from onionrig.views.summary import headline, summary
from recordings import HOLD, host_sample, manifest, recording, scheduled, sink_sample, transfer


def printed(renderable):
    console = Console(file=io.StringIO(), width=140)
    console.print(renderable)
    return console.file.getvalue()


def event(kind, **fields):
    return kind(wall_seconds=0.0, since_start_seconds=1.0, **fields)


@pytest.fixture
def progress():
    known = Progress(target_bits_per_second=5e8, streams=16)
    known.tell(event(PhaseBegan, phase=Phase.HOLD))
    known.tell(scheduled(hold_seconds=60))
    known.sampled(
        sink_sample(HOLD + n, {"backend-1": 10_000_000, "backend-2": 2_500_000},
                    streams={"backend-1": 12, "backend-2": 4}, failed=3)
        for n in range(2)
    )  # fmt: skip
    known.used([host_sample(0, {"relay-1": 1.0}), host_sample(1, {"relay-1": 2.5})])
    return known


def test_the_load_is_told_in_numbers(progress):
    shown = printed(drawn(progress, elapsed_seconds=61.0, cores=2))
    assert "hold   61 s" in shown
    assert "100 Mbit/s now" in shown
    assert "100 Mbit/s over the hold (2 of 60 s)" in shown
    assert "target 500 Mbit/s" in shown
    assert "streams 16 of 16 up, 3 failed" in shown
    assert "CPU 1.50 of 2 cores" in shown
    assert "80.0 Mbit/s" in shown
    assert "20.0 Mbit/s" in shown


def test_seconds_before_the_hold_do_not_count_to_its_mean():
    known = Progress(target_bits_per_second=None, streams=1)
    known.tell(scheduled(hold_seconds=60))
    known.sampled([sink_sample(HOLD - 1, {"backend-1": 10**9})])
    assert known.hold_bits_per_second is None
    assert known.goodput_bits_per_second == 8e9


def test_bring_up_says_what_it_waits_for(progress):
    progress.tell(event(Waiting, subject="a consensus of 15 relays"))
    assert "waiting for a consensus of 15 relays" in printed(
        drawn(progress, elapsed_seconds=1, cores=2)
    )


def test_plain_lines_tell_each_thing_once():
    known = Progress(target_bits_per_second=None, streams=1)
    console = Console(file=io.StringIO(), width=140)
    lines = PlainLines(console, cores=2)
    known.tell(event(PhaseBegan, phase=Phase.BRING_UP))
    for subject in ("3 of 9 tors to bootstrap; relay-1 is at 5 %", "4 of 9 tors to bootstrap"):
        known.tell(event(Waiting, subject=subject))
        lines.show(known)
    known.tell(event(Starved, backend="backend-2", reason="shared"))
    known.tell(event(Noted, text="a note"))
    lines.show(known)
    lines.show(known)
    shown = console.file.getvalue()
    assert shown.count("bring up") == 1
    assert shown.count("tors to bootstrap") == 1
    assert shown.count("backend-2 is starved: shared") == 1
    assert shown.count("a note") == 1


def test_a_terminal_gets_the_table_and_a_pipe_gets_lines():
    assert isinstance(view_for(Console(file=io.StringIO()), cores=2), PlainLines)
    terminal = Console(file=io.StringIO(), force_terminal=True)
    assert isinstance(view_for(terminal, cores=2), LiveTable)


def summarised(**more):
    samples = [sink_sample(HOLD + n, {"backend-1": 12_500_000, "backend-2": 0}) for n in range(10)]
    return analyse(recording(samples, **more))


def test_the_summary_begins_with_the_verdict():
    assert str(headline(summarised(target=1e8))) == (
        "100 Mbit/s sustained through one onion address: meets the target of 100 Mbit/s"
    )
    assert "misses the target of 101 Mbit/s" in str(headline(summarised(target=1.01e8)))
    assert str(headline(summarised())) == "100 Mbit/s sustained through one onion address"


def test_the_summary_has_every_part_that_a_reader_looks_for():
    refused = transfer(verified=0, ending=Ending.SOCKS_REFUSED, detail="F2 introduction failed")
    shown = printed(summary(summarised(transfers=[refused]), Path("runs/r")))
    for said in ("median second", "worst 10 s", "backend-1", "100.0 %", "backend-2 served nothing",
                 "1 times SOCKS refused: F2 introduction failed", "none corrupt", "runs/r",
                 "network 12.0 s", "anonymous, stock 0.2.4"):  # fmt: skip
        assert said in shown


def test_an_aborted_run_says_why_and_what_was_measured():
    failed = event(Failed, error="DaemonDied", message="relay-1 was killed", exit_code=7)
    said = str(headline(summarised(events=[failed], done=False, hold_seconds=60)))
    assert said == "Aborted: relay-1 was killed; until then 100 Mbit/s sustained"


def test_a_run_that_measured_nothing_is_shown_without_figures():
    nothing = msgspec.structs.replace(recording([], done=False), manifest=manifest(()))
    assert "-" in printed(summary(analyse(nothing), Path("r")))
