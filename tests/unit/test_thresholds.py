"""Thresholds of a run: asked for in TOML, judged from the records, told, and refused by name."""

from __future__ import annotations

import math
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.analysis.result import analyse, results_by_load
from onionrig.analysis.several_runs.until_known import repeat_result
from onionrig.analysis.thresholds import judged_as, repeated_thresholds
from onionrig.cli.measurement import finish
from onionrig.errors import ThresholdsMissed, UsageError
from onionrig.experiment.checks import refuse_impossible
from onionrig.experiment.decode import experiment_from, layer_from_toml, plain
from onionrig.experiment.schema import Thresholds
from onionrig.experiment.thresholds import THRESHOLD_KINDS, roles_of, thresholds_of
from onionrig.records.events import Failed
from onionrig.records.result import Result, Verdict
from onionrig.records.series.repetition import RepeatPlan
from onionrig.records.streams.transfers import Ending
from onionrig.records.thresholds import Threshold, ThresholdFigure
from onionrig.store.mending import asked_of
from onionrig.store.run_directory import RunDirectory
from onionrig.units import Share
from onionrig.views.export.prometheus import exposition
from onionrig.views.report.run.report import run_report
from onionrig.views.summary.repetition import repetition_summary
from onionrig.views.summary.run import headline, summary
from onionrig.views.summary.thresholds import missed_text
from support.records.recordings import recording, watched
from support.records.results import result
from support.records.samples import HOLD, sink_sample, transfer
from support.rigs import direct_rig_of, experiment_of, rig_of
from support.views.page import Page
from support.views.terminal import printed

EVERY = """
[load]
dials_a_backend = 5

[verdict]
target = "1Mbit"
smallest_backend_share = "10%"
corrupt_bytes = 0
failed_streams = 2
doubts = 1

[verdict.time_to_first_byte]
p50 = "500ms"
p95 = "2s"

[verdict.cpu_seconds_per_gbit]
backend = 3
"""


def asked(text):
    return experiment_from([layer_from_toml(text, origin="test")])


def only(figure, limit, *, of="", bound="at most", unit=""):
    key = f"verdict.{figure}"
    return Threshold(key=key, figure=figure, of=of, bound=bound, limit=limit, unit=unit)


def judged(made):
    (threshold,) = analyse(made).verdict.thresholds
    return threshold


def dialled(*waits, failed=0, at=HOLD + 1):
    """Dials that began at a second: served after these waits, and failed ones."""
    return [
        *(transfer(n, started=float(at), first_byte=wait) for n, wait in enumerate(waits)),
        *(
            transfer(n, started=float(at), verified=0, first_byte=None, backend=None,
                     ending=Ending.CONNECT_TIMEOUT)
            for n in range(failed)
        ),
    ]  # fmt: skip


# asked for


def test_every_threshold_is_read_with_its_unit_and_written_as_it_was_read():
    experiment = asked(EVERY)
    refuse_impossible(experiment)
    assert [(one.name, one.bound, one.limit) for one in thresholds_of(experiment)] == [
        ("sustained rate", "at least", 1e6),
        ("smallest backend share", "at least", 0.1),
        ("time to first byte, p50", "at most", 0.5),
        ("time to first byte, p95", "at most", 2.0),
        ("CPU-s per Gbit, backend", "at most", 3.0),
        ("corrupt bytes", "at most", 0),
        ("failed streams", "at most", 2),
        ("doubts", "at most", 1),
    ]
    written = plain(experiment)
    assert written["verdict"]["smallest_backend_share"] == "10%"
    assert written["verdict"]["time_to_first_byte"] == {"p50": "500ms", "p95": "2s"}
    assert experiment_from([written]) == experiment


def test_an_experiment_without_thresholds_is_written_as_before_there_were_several():
    assert plain(asked(""))["verdict"] == {"target": None}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[verdict.time_to_first_byte]\np95 = '1s'", "this run makes no dials"),
        (
            ("network.kind = 'none'\n[load]\ndials_a_backend = 9\n[verdict.time_to_first_byte]\n"
            "p95 = '1s'"),
            "a baseline makes no dials",
        ),
        ("[verdict.time_to_first_byte]\nmedian = '1s'", "time_to_first_byte.median: write a perc"),
        ("[verdict.time_to_first_byte]\np0 = '1s'", "above p0 and up to p100"),
        ("[verdict.time_to_first_byte]\np101 = '1s'", "above p0 and up to p100"),
        ("[verdict.time_to_first_byte]\np95 = 3", 'Expected text with a unit, as in "60s"'),
        ("[verdict.cpu_seconds_per_gbit]\nbackends = 3", 'this run has no role "backends"; its'),
        ("[verdict.cpu_seconds_per_gbit]\ndialler = 3", 'this run has no role "dialler"'),
        ("[verdict.cpu_seconds_per_gbit]\ndelay = 3", 'this run has no role "delay"'),
        ("[verdict.cpu_seconds_per_gbit]\nbackend = nan", "a number of CPU-seconds above 0"),
        ("[verdict.cpu_seconds_per_gbit]\nbackend = -1", "a number of CPU-seconds above 0"),
        (
            "network.kind = 'none'\n[verdict.cpu_seconds_per_gbit]\nrelay = 3",
            'no role "relay"; its roles are controller, keeper, sampler, sink, source, yardstick',
        ),
        ("[verdict]\nsmallest_backend_share = '26%'", "of 4 backend instances the smallest serves"),
        ("[verdict]\nsmallest_backend_share = '101%'", "more than the whole"),
        ("[verdict]\nsmallest_backend_share = 'some'", "as a share"),
        ("[verdict]\ncorrupt_bytes = -1", ">= 0"),
        ("[verdict]\nfailed_stream = 3", "did you mean verdict.failed_streams?"),
        (
            ("network.kind = 'none'\n[baseline]\npeer = 'pi:9'\n"
            "[verdict]\nsmallest_backend_share = '1%'"),
            "what baseline.peer serves is not known by backend",
        ),
        (
            "network.kind = 'none'\n[baseline]\nlisten = 'pi:9'\n[verdict]\ndoubts = 0",
            "verdict.doubts: baseline.listen serves and measures nothing",
        ),
    ],
)  # fmt: skip
def test_a_threshold_that_a_run_could_not_be_compared_with_is_refused_by_name(text, message):
    with pytest.raises(UsageError) as refused:
        refuse_impossible(asked(text))
    assert message in str(refused.value)
    assert "verdict." in str(refused.value)


@pytest.mark.parametrize(
    "load", [{"dials_a_backend": 1}, {"dial_every": "1s"}], ids=lambda load: next(iter(load))
)
def test_a_run_with_dials_has_times_to_first_byte(load):
    experiment = experiment_of({"load": load, "verdict": {"time_to_first_byte": {"p99.9": "1s"}}})
    refuse_impossible(experiment)


@pytest.mark.parametrize("load", [{}, {"dial_every": "1s"}])
def test_the_roles_that_costs_can_be_limited_of_are_those_of_the_rig(load):
    experiment = experiment_of({"load": load})
    assert roles_of(experiment) == {str(one.role) for one in rig_of(experiment).services}
    direct = experiment_of({"network": {"kind": "none"}})
    assert roles_of(direct) == {str(one.role) for one in direct_rig_of(direct).services}


@given(st.floats(0, 1))
def test_a_share_is_read_as_it_is_written(share):
    assert Share.parse(str(Share(round(share, 6)))) == pytest.approx(round(share, 6), abs=1e-9)


def test_of_an_experiment_of_another_version_the_target_is_known():
    known = asked_of({"verdict": {"target": "5Mbit"}, "unheard": 1}, [])
    assert [(one.figure, one.limit) for one in known.thresholds] == [("sustained rate", 5e6)]


# judged


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_a_figure_at_its_limit_meets_it_whichever_way_it_is_bound(limit, value):
    least = judged_as(only("sustained rate", limit, bound="at least"), value)
    most = judged_as(only("failed streams", limit), value)
    assert (least.outcome == "met") is (value >= limit)
    assert (most.outcome == "met") is (value <= limit)


def test_a_recorded_run_is_compared_with_every_threshold():
    thresholds = thresholds_of(asked(EVERY))
    made = watched(other={"dials": dialled(0.1, 0.2, 0.4, 3.0), "thresholds": thresholds})
    told = {one.name: (one.measured, one.outcome) for one in analyse(made).verdict.thresholds}
    assert told["sustained rate"] == (8e6, "met")
    assert told["smallest backend share"] == (0.0, "missed")  # backend-2 served nothing
    assert told["time to first byte, p50"] == (0.2, "met")
    assert told["time to first byte, p95"] == (3.0, "missed")
    assert told["CPU-s per Gbit, backend"] == (pytest.approx(0.2 / 0.008), "missed")
    assert told["corrupt bytes"] == (0, "met")
    assert told["failed streams"] == (0, "met")
    assert told["doubts"][1] == "met"


def test_the_verdict_is_the_same_for_a_load_alone_and_for_the_run():
    made = watched(other={"thresholds": thresholds_of(asked(EVERY))})
    (alone,) = results_by_load(made)
    assert alone.verdict == analyse(made).verdict


@given(st.lists(st.floats(0.01, 50), max_size=30), st.integers(0, 10), st.integers(1, 100))
def test_the_percentile_is_the_least_wait_that_so_many_dials_had_at_most(waits, failed, percent):
    threshold = only("time to first byte", 1.0, of=f"p{percent}", unit="seconds")
    dials = dialled(*waits, failed=failed)
    found = judged(watched(other={"dials": dials, "thresholds": (threshold,)}))
    everything = len(waits) + failed
    if not everything:
        assert (found.measured, found.outcome) == (None, "unknown")
    elif found.measured is None:
        assert found.outcome == "missed"
        assert 100 * len(waits) < percent * everything
    else:
        within = [wait for wait in waits if wait <= found.measured]
        shorter = [wait for wait in waits if wait < found.measured]
        assert 100 * len(within) >= percent * everything > 100 * len(shorter)


def test_dials_under_load_count_and_those_before_it_only_without_them():
    before, under = dialled(9.0, at=HOLD - 100), dialled(0.5)
    threshold = (only("time to first byte", 1.0, of="p50", unit="seconds"),)
    both = judged(watched(other={"dials": [*before, *under], "thresholds": threshold}))
    assert (both.measured, both.note) == (0.5, "1 dial under load")
    alone = judged(watched(other={"dials": before, "thresholds": threshold}))
    assert (alone.measured, alone.note) == (9.0, "1 dial before the load")


def test_a_run_that_was_cut_short_is_not_judged():
    failed = Failed(
        wall_seconds=0, since_start_seconds=1, error="DaemonDied", message="x", exit_code=7
    )
    samples = [sink_sample(HOLD + n, {"backend-1": 100}) for n in range(12)]
    made = recording(
        samples, hold_seconds=60, events=[failed], done=False,
        thresholds=(only("failed streams", 5),),
    )  # fmt: skip
    assert (judged(made).outcome, judged(made).measured) == ("unknown", None)
    assert judged(made).note == "the run was cut short, so it is not judged"


def test_what_a_run_turns_out_not_to_have_is_unknown_with_the_reason():
    samples = [sink_sample(HOLD + n, {}, unverified=500) for n in range(10)]
    found = judged(recording(samples, thresholds=(only("corrupt bytes", 0, unit="bytes"),)))
    assert (found.outcome, found.note) == (
        "unknown", "the bytes of a foreign peer cannot be verified",
    )  # fmt: skip
    found = judged(recording(samples, thresholds=(only("CPU-s per Gbit", 1.0, of="keeper"),)))
    assert (found.outcome, found.note) == ("unknown", "no keeper was sampled in the hold")


def test_results_from_before_there_were_several_can_be_read():
    old = msgspec.to_builtins(result(100))
    del old["verdict"]["thresholds"]
    assert msgspec.convert(old, Result).verdict == Verdict(target_bits_per_second=None, met=None)


# told


def with_thresholds(measured, *thresholds, **fields):
    target = next((one.limit for one in thresholds if one.figure == "sustained rate"), None)
    met = next((one.outcome == "met" for one in thresholds if one.key == "verdict.target"), None)
    verdict = Verdict(target_bits_per_second=target, met=met, thresholds=thresholds)
    return msgspec.structs.replace(measured, verdict=verdict, **fields)


TARGET = msgspec.structs.replace(
    only("sustained rate", 2e8, bound="at least", unit="bits per second"), key="verdict.target"
)
MET = judged_as(TARGET, 255e6)
FAILED = judged_as(only("failed streams", 2), 4)
SLOW = judged_as(
    only("time to first byte", 0.8, of="p95", unit="seconds"), None,
    note="3 of 20 dials under load failed", beyond=True,
)  # fmt: skip
SHARED = judged_as(only("smallest backend share", 0.1, bound="at least", unit="share"), 0.25)


@pytest.mark.parametrize(
    ("thresholds", "expected_text"),
    [
        ((MET,), "meets the target of 200 Mbit/s"),
        ((MET, SHARED), "meets the target of 200 Mbit/s, meets the other threshold"),
        (
            (MET, FAILED, SLOW, SHARED),
            (
                "meets the target of 200 Mbit/s, misses 2 of 3 other thresholds (failed streams; "
                "time to first byte, p95)"
            ),
        ),
        ((SHARED,), "meets the threshold"),
        ((FAILED,), "misses the threshold (failed streams)"),
        ((SHARED, FAILED), "misses 1 of 2 thresholds (failed streams)"),
    ],
)
def test_the_headline_names_what_is_missed(thresholds, expected_text):
    text = headline(with_thresholds(result(255), *thresholds))
    assert text.plain == f"255 Mbit/s sustained through one onion address: {expected_text}"
    missed = any(one.outcome != "met" for one in thresholds)
    assert ("red" in str(text.style)) is missed


def test_each_threshold_has_a_line_in_the_summary_and_in_the_report():
    whole = with_thresholds(result(255), MET, FAILED, SLOW, SHARED)
    shown = [
        " ".join(line.split()) for line in printed(summary(whole, "r"), width=150).splitlines()
    ]
    assert "sustained rate at least 200 Mbit/s 255 Mbit/s met" in shown
    assert "failed streams at most 2 4 missed" in shown
    assert (
        "time to first byte, p95 at most 800 ms - missed 3 of 20 dials under load failed" in shown
    )
    assert "smallest backend share at least 10.0 % 25.0 % met" in shown
    page = Page(run_report(whole, None, None).html)
    assert page.of("h2")[0] == "Thresholds"
    assert page.of("h1")[0].startswith("255 Mbit/s sustained")
    assert {"at least 200 Mbit/s", "at most 2", "missed", "verdict.target"} <= set(page.of("td"))
    assert "2 of 4 missed: failed streams; time to first byte, p95." in page.words


def test_prometheus_has_each_limit_and_whether_it_is_met():
    text = exposition(with_thresholds(result(255), MET, FAILED))
    met = [line for line in text.splitlines() if line.startswith("onionrig_threshold_met{")]
    assert [line.rsplit(" ", 1)[1] for line in met] == ["1.0", "0.0"]
    assert 'threshold="failed streams"' in met[1]


def test_exit_code_3_names_those_missed(tmp_path, capsys):
    whole = with_thresholds(result(255), MET, FAILED, SLOW)
    with pytest.raises(ThresholdsMissed) as missed:
        finish(whole, RunDirectory(tmp_path), report=False, json=True)
    assert missed.value.exit_code == 3
    assert str(missed.value) == (
        "failed streams: at most 2 was asked, 4 was measured; time to first byte, p95: at most "
        "800 ms was asked, it was not reached (3 of 20 dials under load failed); every figure is "
        f"in {tmp_path}"
    )
    assert msgspec.json.decode(capsys.readouterr().out)["verdict"]["thresholds"][1] == {
        "key": "verdict.failed streams", "figure": "failed streams", "of": "", "bound": "at most",
        "limit": 2.0, "unit": "", "measured": 4.0, "outcome": "missed", "note": "",
    }  # fmt: skip
    finish(with_thresholds(result(255), MET), RunDirectory(tmp_path), report=False, json=True)


def test_an_unknown_figure_is_named_with_its_reason():
    unknown = judged_as(only("doubts", 0), None, note="no load was held that could be doubted")
    assert missed_text([unknown]) == (
        "doubts: at most 0 was asked, it is not known (no load was held that could be doubted)"
    )


# repetitions on fresh networks


def networks(*runs):
    return {
        f"{number:03d}": with_thresholds(result(mbit), *thresholds)
        for number, (mbit, thresholds) in enumerate(runs, start=1)
    }


def test_repetitions_are_judged_by_their_mean_rate_and_otherwise_by_the_worst():
    few = judged_as(only("failed streams", 2), 1)
    runs = networks((150, (judged_as(TARGET, 150e6), few)), (300, (MET, FAILED)))
    plan = RepeatPlan(
        name="default", started="2026-01-01T00:00:00+00:00", command=(), experiment={},
        within=0.05, budget_seconds=60.0, first_stage=4,
    )  # fmt: skip
    repeated = repeat_result(plan, runs)
    rate, failed = repeated.thresholds
    assert (rate.measured, rate.outcome) == (pytest.approx(math.sqrt(150 * 300) * 1e6), "met")
    assert (failed.measured, failed.outcome) == (4, "missed")
    assert failed.note == "worst of 2 repetitions, 002"
    assert "at most 2" in printed(repetition_summary(repeated, "here"), width=150)


def test_a_repetition_whose_figure_is_unknown_is_the_worst():
    unknown = judged_as(only("failed streams", 2), None, note="why")
    (failed,) = repeated_thresholds(networks((1, (FAILED,)), (1, (unknown,))), mean=None)
    assert (failed.outcome, failed.note) == ("unknown", "worst of 2 repetitions, 002: why")


def test_every_key_of_the_verdict_is_a_row_and_every_figure_belongs_to_one():
    assert [kind.key for kind in THRESHOLD_KINDS] == list(Thresholds.__struct_fields__)
    assert [kind.figure for kind in THRESHOLD_KINDS] == list(get_args(ThresholdFigure))
