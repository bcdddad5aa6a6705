import io
import time
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from onionrig.analysis.result import analyse
from onionrig.records.events import Failed, Noted, Phase, PhaseBegan, Starved, Waiting
from onionrig.records.findings import Agreement, Repetitions
from onionrig.records.result import Bytes, Verdict
from onionrig.records.streams.transfers import Ending
from onionrig.views.live.progress import Progress
from onionrig.views.live.table import LiveTable, PlainLines, progress_drawing, view_for
from onionrig.views.summary.run import headline, summary
from support.records.events import scheduled
from support.records.manifests import manifest
from support.records.recordings import recording
from support.records.results import result
from support.records.samples import HOLD, host_sample, sink_sample, transfer
from support.views.terminal import printed


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
    samples = host_sample(0, {"relay-1": 1.0}), host_sample(1, {"relay-1": 2.5})
    known.used(("sampler", sample) for sample in samples)
    return known


def test_the_load_is_told_in_numbers(progress):
    shown = printed(progress_drawing(progress, elapsed_seconds=61.0, cores=2))
    assert "hold   61 s" in shown
    assert "100 Mbit/s now" in shown
    assert "100 Mbit/s over the hold (2 of 60 s)" in shown
    assert "target 500 Mbit/s" in shown
    assert "streams 16 of 16 up, 3 failed" in shown
    assert "CPU 1.50 of 2 cores" in shown
    assert "80.0 Mbit/s" in shown
    assert "20.0 Mbit/s" in shown


def test_a_process_that_was_started_again_counts_from_its_start():
    known = Progress(target_bits_per_second=None, streams=1)
    samples = host_sample(0, {"relay-1": 90.0}), host_sample(1, {"relay-1": 0.5, "relay-2": 0.25})
    known.used(("sampler", sample) for sample in samples)
    assert known.rig_cores == 0.75


def test_seconds_before_the_hold_do_not_count_to_its_mean():
    known = Progress(target_bits_per_second=None, streams=1)
    known.tell(scheduled(hold_seconds=60))
    known.sampled([sink_sample(HOLD - 1, {"backend-1": 10**9})])
    assert known.hold_bits_per_second is None
    assert known.goodput_bits_per_second == 8e9


def test_bring_up_says_what_it_waits_for(progress):
    progress.tell(event(Waiting, subject="a consensus of 15 relays"))
    assert "waiting for a consensus of 15 relays" in printed(
        progress_drawing(progress, elapsed_seconds=1, cores=2)
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


def several_loads():
    progress = Progress(target_bits_per_second=None, streams=4, loads=2)
    progress.whole_ends_seconds = time.monotonic() + 1000
    progress.after_loads_seconds = (600.0, 0.0)
    return progress


def test_of_several_loads_the_one_under_way_is_named():
    progress = several_loads()
    for phase, said in (
        (Phase.READY, "ready"),
        (Phase.RAMP, "ramp 1 of 2"),
        (Phase.HOLD, "hold 1 of 2"),
        (Phase.DRAIN, "drain 1 of 2"),
        (Phase.RAMP, "ramp 2 of 2"),
        (Phase.TEAR_DOWN, "tear down"),
    ):
        if phase is Phase.RAMP:
            progress.tell(scheduled(hold_seconds=10))
        progress.tell(event(PhaseBegan, phase=phase))
        first_line = printed(progress_drawing(progress, elapsed_seconds=1, cores=2)).splitlines()[0]
        assert f"onionrig  {said}  " in first_line


def test_the_time_left_is_a_guess_until_a_load_is_scheduled_then_counted():
    progress = several_loads()
    assert "about 17 min left" in printed(progress_drawing(progress, elapsed_seconds=1, cores=2))
    ends = msgspec.structs.replace(scheduled(hold_seconds=10), end_second=int(time.time()) + 120)
    progress.tell(ends)
    assert "about 12 min left" in printed(progress_drawing(progress, elapsed_seconds=1, cores=2))
    progress.tell(ends)
    assert "about 2 min left" in printed(progress_drawing(progress, elapsed_seconds=1, cores=2))


def test_the_summary_begins_with_the_verdict():
    assert str(headline(summarised(target=1e8))) == (
        "100 Mbit/s sustained through one onion address: meets the target of 100 Mbit/s"
    )
    assert "misses the target of 101 Mbit/s" in str(headline(summarised(target=1.01e8)))
    assert str(headline(summarised())) == "100 Mbit/s sustained through one onion address"


def test_the_summary_has_every_part_that_a_reader_looks_for():
    refused = transfer(verified=0, ending=Ending.SOCKS_REFUSED, detail="F2 introduction failed")
    shown = printed(summary(summarised(transfers=[refused]), Path("runs/r")))
    for said in ("median", "lowest mean of any 10 s", "backend-1", "100.0 %", "backend-2 served nothing",
                 "1 time SOCKS refused: F2 introduction failed", "none corrupt", "runs/r",
                 "network up after 12.0 s", "anonymous", "Onionbalance 0.2.4"):  # fmt: skip
        assert said in shown


def changed(whole, **fields):
    return msgspec.structs.replace(whole, **fields)


def test_a_figure_that_is_not_to_be_trusted_says_so_in_the_headline():
    assert str(headline(result(255, doubts=("the sinks lost a tenth.",)))) == (
        "255 Mbit/s sustained through one onion address — do not trust it: the sinks lost a tenth"
    )
    said = str(headline(result(255, doubts=("one", "two", "three"))))
    assert said.endswith("— do not trust it: one, and 2 more doubts")
    assert "trust" not in str(headline(result(255)))
    old = changed(result(255), trust=None)
    assert str(headline(old)) == "255 Mbit/s sustained through one onion address"


def test_distrust_stands_beside_the_verdict_on_the_target():
    met = Verdict(target_bits_per_second=2e8, met=True)
    said = str(headline(changed(result(255, doubts=("noise",)), verdict=met)))
    assert said.endswith("meets the target of 200 Mbit/s — do not trust it: noise")


def test_a_baseline_does_not_speak_of_onions():
    baseline = changed(result(12_300), mode="without tor")
    assert str(headline(baseline)) == "12.3 Gbit/s sustained over plain TCP, without Tor"
    shown = printed(summary(baseline, Path("r")))
    assert "stock" not in shown
    assert "bring-up" not in shown
    assert "1000 B verified" in shown


def test_a_foreign_peers_bytes_are_marked_unverified():
    foreign = changed(
        result(500), mode="without tor", bytes=Bytes(verified=0, corrupt=0, unverified=3 << 20)
    )
    assert "without Tor, unverified: the other side is foreign" in str(headline(foreign))
    assert "3.00 MiB unverified" in printed(summary(foreign, Path("r")))


@pytest.mark.parametrize(
    ("lowest", "highest", "text"),
    [(248e6, 262e6, "248 to 262 Mbit/s"), (980e6, 1.02e9, "980 Mbit/s to 1.02 Gbit/s")],
)
def test_repetitions_are_told_with_their_range(lowest, highest, text):
    held = Repetitions(
        count=3, sustained_bits_per_second=(lowest, 255e6, highest), lowest_bits_per_second=lowest,
        highest_bits_per_second=highest, spread=0.055,
    )  # fmt: skip
    repeated = changed(result(255), repetitions=held)
    assert "through one onion address, the median of 3 holds" in str(headline(repeated))
    shown = printed(summary(repeated, Path("r")))
    assert text in shown
    assert "of 3 holds, spread 5.5 %" in shown
    single = changed(held, count=1, spread=None)
    assert "holds" not in printed(summary(changed(result(255), repetitions=single), Path("r")))


def test_what_bound_the_rate_and_how_counts_agree_are_told():
    whole = result(255)
    tor = Agreement(
        what="tor", sink_bytes=1000, other_bytes=950, difference=-0.05, expected=(0.0, 0.01),
        cause="", explained=False,
    )  # fmt: skip
    loopback = changed(tor, what="interfaces", difference=None, explained=None)
    trust = changed(whole.trust, agreement=(*whole.trust.agreement, tor, loopback))
    shown = printed(summary(changed(whole, trust=trust), Path("r")))
    assert "bottleneck: the machine's CPU was full" in shown
    assert "sources +0.2 %, tor −5.0 % (unexplained); interfaces not judged, because" in shown  # noqa: RUF001 - as printed
    assert "20 ms   " in shown
    assert "highest 50 ms; overall minimum 10 ms" in shown


def test_doubts_and_gaps_are_listed_each_on_its_line():
    doubted = result(255, doubts=("one", "two"))
    trust = changed(doubted.trust, missing=("samples/tors.jsonl is missing",))
    notes = ("result.json is missing: this is made from the records",)
    shown = printed(summary(changed(doubted, trust=trust), Path("r"), notes)).splitlines()
    for line in ("doubt: one", "doubt: two", f"note: {notes[0]}",
                 "note: samples/tors.jsonl is missing"):  # fmt: skip
        assert line in [shown_line.rstrip() for shown_line in shown]
    assert "every check" not in "".join(shown)
    assert "trust: every check that could be made passed" in printed(
        summary(result(255), Path("r"))
    )


def test_what_a_load_had_otherwise_is_told():
    shown = printed(summary(result(255, settings={"load.streams": "64"}), Path("r")))
    assert "load.streams  64" in shown


def test_a_result_of_before_the_findings_is_summarised():
    old = changed(result(255), trust=None, bottleneck=None, round_trip=None)
    shown = printed(summary(old, Path("r")))
    assert "255 Mbit/s" in shown
    for absent in ("bottleneck", "agreement", "round trip", "gap:"):
        assert absent not in shown


def test_an_aborted_run_says_why_and_what_was_measured():
    failed = event(Failed, error="DaemonDied", message="relay-1 was killed", exit_code=7)
    said = str(headline(summarised(events=[failed], done=False, hold_seconds=60)))
    assert said == "Aborted: relay-1 was killed; 100 Mbit/s sustained in what was recorded"


def test_a_run_that_measured_nothing_is_shown_without_figures():
    nothing = msgspec.structs.replace(recording([], done=False), manifest=manifest(()))
    assert "-" in printed(summary(analyse(nothing), Path("r")))
