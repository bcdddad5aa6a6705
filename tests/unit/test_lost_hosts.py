"""A host that is lost in the hold: what its absence means, and what it must not be taken for."""

import msgspec
import pytest

from onionrig.analysis.load.loads import load_of
from onionrig.analysis.over_time.series import series
from onionrig.analysis.result import analyse, results_by_load
from onionrig.cli import live
from onionrig.cli.measurement import finish
from onionrig.errors import HostLost
from onionrig.records.result import Result
from onionrig.views.export.prometheus import exposition
from onionrig.views.report.run.report import run_report
from onionrig.views.summary.aftermath import done_text
from onionrig.views.summary.run import headline
from support.bottlenecks import bottleneck_of, evidence, trust_of
from support.records.events import held, scheduled
from support.records.remote_hosts import cluster, lost_at
from support.records.run_directories import write_run
from support.records.samples import HOLD
from support.views.terminal import summary_of

LOSS = "pi2 was lost 6 s into the hold: its connection closed"


def test_a_run_that_lost_a_host_is_complete_and_names_it():
    result = analyse(cluster(lost="pi2"))
    assert (result.status, result.failure) == ("complete", None)
    (lost,) = result.lost_hosts
    assert (lost.name, lost.second, lost.reason) == ("pi2", 6.0, "its connection closed")
    assert result.goodput.mean_bits_per_second == pytest.approx(40e6 + 0.6 * 40e6)


@pytest.mark.parametrize("target", [1e6, 1e9])
def test_no_verdict_is_given(target):
    assert analyse(cluster(target=target)).verdict.met is (target == 1e6)
    result = analyse(cluster(target=target, lost="pi2"))
    assert (result.verdict.target_bits_per_second, result.verdict.met) == (target, None)
    assert headline(result).plain == (
        "64.0 Mbit/s sustained through one onion address: not compared with the target of "
        f"{'1.00 Mbit/s' if target == 1e6 else '1.00 Gbit/s'} — do not trust it: {LOSS}"
    )


def test_the_loss_is_the_first_doubt_and_the_bottleneck():
    whole = cluster(lost="pi2")
    assert trust_of(whole).doubts == (LOSS,)
    assert trust_of(whole).trusted is False
    verdict = bottleneck_of(whole)
    assert (verdict.kind, verdict.subject) == ("lost host", "pi2")
    assert verdict.sentence == f"{LOSS}; its work is missing from then on"
    piece = evidence(verdict, "seconds of the hold before pi2")
    assert (piece.measured, piece.limit, piece.at_limit) == (6.0, 10.0, True)


def test_instances_on_it_have_not_stalled():
    verdict = bottleneck_of(cluster(seconds=20, lost="pi2"))
    assert verdict.kind == "lost host"
    assert not any(piece.at_limit for piece in verdict.evidence if "silence" in piece.what)
    other = bottleneck_of(cluster(seconds=20, lost="pi1"))
    assert other.subject == "pi1"


def test_an_instance_on_another_host_that_stalls_is_seen_beside_it():
    whole = cluster(seconds=20, lost="pi2")
    stalling = msgspec.structs.replace(
        whole,
        sinks={
            "sink-laptop": [
                msgspec.structs.replace(sample, verified_bytes={"backend-1": 0, "backend-2": 9})
                if sample.second > HOLD + 8
                else sample
                for sample in whole.sinks["sink-laptop"]
            ]
        },
    )
    silent = evidence(bottleneck_of(stalling), "longest silence of backend-1")
    assert (silent.measured, silent.at_limit) == (11.0, True)


def agreement(whole):
    return {piece.what: piece for piece in trust_of(whole).agreement}


def test_other_counts_are_compared_without_it():
    pieces = agreement(cluster(lost="pi2"))
    assert pieces["sources"].explained
    assert pieces["sources"].sink_bytes == pieces["sources"].other_bytes == 50_000_000
    assert pieces["sources"].cause.startswith("without pi2, lost: ")
    assert pieces["interfaces"].explained
    assert pieces["interfaces"].sink_bytes == 50_000_000


def test_nothing_is_compared_with_a_sink_that_was_lost():
    pieces = agreement(cluster(lost="pi2", sinks=("laptop", "pi2")))
    cause = "sink-pi2 was lost with its host: what it had not recorded is missing"
    assert {piece.cause for piece in pieces.values()} == {cause}
    assert {piece.explained for piece in pieces.values()} == {None}


def test_a_lost_sink_misses_no_seconds_after_its_loss():
    whole = cluster(lost="pi2", sinks=("laptop", "pi2"))
    assert analyse(whole).goodput.missing_seconds == 0
    assert not any("lack a sample" in doubt for doubt in trust_of(whole).doubts)


def test_what_it_had_not_recorded_before_is_missing():
    whole = cluster(lost="pi2", sinks=("laptop", "pi2"))
    torn = {**whole.sinks, "sink-pi2": whole.sinks["sink-pi2"][:4]}
    assert analyse(msgspec.structs.replace(whole, sinks=torn)).goodput.missing_seconds == 2
    late = cluster(lost="pi2", at=-1.0, sinks=("laptop", "pi2"))
    assert load_of(late).sink_seconds.missing_in(load_of(late).hold) == 0


def test_whether_the_hold_was_steady_is_not_judged():
    whole = cluster(seconds=40, lost="pi2", at=20.0)
    assert trust_of(whole).trend.steady is None
    assert "whether the hold was steady is not judged: a host was lost" in trust_of(whole).missing
    assert trust_of(cluster(seconds=40)).trend.steady


def test_an_instance_that_served_nothing_is_explained_by_it():
    result = analyse(cluster(lost="pi2", at=-2.0))
    (starved,) = result.fairness.starved
    assert (starved.name, starved.reason) == (
        "backend-2",
        "its host pi2 was lost, and it did not answer for all of the hold",
    )
    assert trust_of(cluster(lost="pi2", at=-2.0)).doubts == (
        "pi2 was lost before the hold: its connection closed",
    )


def test_costs_are_of_the_seconds_in_which_it_was_there():
    result = analyse(cluster(lost="pi2"))
    assert result.costs["backend"].cores == pytest.approx(0.6)
    assert result.costs["backend"].processes == 2


def repeated():
    """Two holds, with a host lost in the first."""
    first = cluster(lost="pi2")
    later = cluster().sinks["sink-laptop"]
    moved = [
        msgspec.structs.replace(sample, second=sample.second + 20, verified_bytes={"backend-1": 9})
        for sample in later
    ]
    loads = [
        scheduled(hold_seconds=10),
        lost_at("pi2", 6.0),
        held(),
        scheduled(hold_seconds=10, ramp=HOLD + 15),
        held(),
    ]
    return msgspec.structs.replace(
        first,
        events=[*loads, first.events[-1]],
        sinks={"sink-laptop": [*first.sinks["sink-laptop"], *moved]},
    )


def test_a_host_that_was_lost_in_an_earlier_hold_is_missing_in_later_ones():
    one, two = results_by_load(repeated())
    assert [(lost.name, lost.second) for lost in one.lost_hosts] == [("pi2", 6.0)]
    assert [(lost.name, lost.second) for lost in two.lost_hosts] == [("pi2", -14.0)]
    assert two.bottleneck.kind == "lost host"
    whole = analyse(repeated())
    assert [(lost.name, lost.second) for lost in whole.lost_hosts] == [("pi2", 6.0)]
    assert whole.verdict.met is None


def test_two_lost_hosts_are_both_named():
    verdict = bottleneck_of(cluster(lost="pi2", events=[lost_at("pi1", 8.0, "no route to it")]))
    assert verdict.subject == "pi2 and pi1"
    assert verdict.sentence.startswith(f"{LOSS}; so was pi1 8 s into the hold; their work")


def test_charts_mark_when_it_was_lost():
    (mark,) = series(cluster(lost="pi2")).faults
    assert (mark.at, mark.verb, mark.subject) == (6.0, "lost", "pi2")
    assert done_text(mark.verb, mark.subject) == "pi2 lost"


def test_every_view_says_it(tmp_path):
    whole = cluster(lost="pi2")
    result = analyse(whole)
    assert f"doubt: {LOSS}" in summary_of(whole)
    assert f"bottleneck: {LOSS}" in summary_of(whole)
    assert LOSS in run_report(result, None, None).html
    assert "onionrig_lost_hosts" in exposition(result)
    run = write_run(tmp_path / "run", whole)
    run.write_result(result)
    assert run.read_result() == result
    assert run.recording().events == list(whole.events)


def test_the_command_prints_the_result_writes_the_report_and_exits_as_a_lost_host_does(
    tmp_path, capsys
):
    whole = cluster(lost="pi2")
    run, result = write_run(tmp_path / "run", whole), analyse(whole)
    run.write_result(result)
    with pytest.raises(HostLost) as raised:
        finish(result, run, report=True, json=True)
    assert str(raised.value) == (
        f"{LOSS}; the run went on, and no verdict is given. Once pi2 can be reached again, "
        "`onionrig cluster collect` fetches the records that are missing"
    )
    told = msgspec.json.decode(capsys.readouterr().out, type=Result)
    assert told.lost_hosts == result.lost_hosts
    assert (run.path / "report.html").exists()
    finish(analyse(cluster()), run, report=False, json=True)


def test_a_series_is_told_of_a_run_that_lost_a_host(monkeypatch):
    result = analyse(cluster(lost="pi2"))
    monkeypatch.setattr(live, "opening_for", lambda _experiment: None)
    monkeypatch.setattr(live, "run_watched", lambda *_: result)

    class Question:
        experiment = None

    with pytest.raises(HostLost, match="pi2 was lost"):
        live.runs_watched(None)(Question, None, None)
