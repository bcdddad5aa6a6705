"""CPU time by control groups and by processes: which one counts, and when they are said to differ."""

import msgspec
import pytest

from onionrig.analysis.hosts.cpu import cpu_counts, used_cpu_seconds
from onionrig.analysis.over_time.series import series
from onionrig.analysis.result import analyse
from onionrig.views.report.run.report import run_report
from support.bottlenecks import trust_of
from support.records.recordings import watched
from support.records.remote_hosts import cluster
from support.records.samples import host_sample
from support.views.terminal import summary_of

SAME = dict.fromkeys(("pi1", "pi2", "laptop"), 1.0)


def grouped(**factors):
    """A run with control groups, which count so many times what the processes of a host used."""
    return cluster(cores={"laptop": 1.0, "pi1": 1.0, "pi2": 1.0}, groups=SAME | factors)


def test_without_control_groups_nothing_is_compared():
    said = trust_of(watched())
    assert said.cpu == ()
    assert "control groups" not in summary_of(watched())


def test_counts_that_are_alike_agree_by_role():
    said = trust_of(grouped(pi1=1.02, pi2=0.98))
    backend, relay = said.cpu
    assert (backend.role, backend.agrees) == ("backend", True)
    assert backend.process_cpu_seconds == pytest.approx(20)
    assert backend.group_cpu_seconds == pytest.approx(20)
    assert (relay.role, relay.agrees) == ("relay", True)
    assert said.doubts == ()
    assert said.missing == trust_of(cluster()).missing


def test_what_lived_too_short_to_be_sampled_is_said_and_no_doubt():
    said = trust_of(grouped(laptop=1.05))
    assert said.doubts == ()
    assert (
        "processes of the role relay that lived too short to be sampled used 0.50 CPU-seconds in "
        "the hold (5.0 % of what was sampled): control groups counted it, and costs include it"
    ) in said.missing
    assert not said.cpu[1].agrees


def test_groups_that_count_less_are_a_doubt():
    (doubt,) = trust_of(grouped(pi1=0.9, pi2=0.9)).doubts
    assert doubt == (
        "the control groups of the role backend counted 10.0 % less CPU time than the processes in "
        "them"
    )


def test_next_to_nothing_may_differ_by_what_is_read_apart():
    idle = {"laptop": 0.002, "pi1": 1.0, "pi2": 1.0}
    said = trust_of(cluster(cores=idle, groups={**SAME, "laptop": 3.4}))
    assert said.cpu[1].agrees
    assert not trust_of(cluster(cores=idle, groups={**SAME, "laptop": 3.6})).cpu[1].agrees


def test_costs_and_curves_are_those_of_the_groups():
    whole = grouped(laptop=1.5)
    costs = analyse(whole).costs
    assert costs["relay"].cores == pytest.approx(1.5)
    assert costs["relay"].cpu_seconds_per_gbit == pytest.approx(1.5 / 0.08)
    assert costs["backend"].cores == pytest.approx(2.0)
    assert series(whole).cores.lines["relay"][6] == pytest.approx(1.5)


def sampled(second, used, counted):
    sample = host_sample(second, {"relay-1": used})
    use = msgspec.structs.replace(sample.processes["relay-1"], cgroup_cpu_seconds=counted)
    return msgspec.structs.replace(sample, processes={"relay-1": use})


def test_a_group_that_could_not_be_read_once_is_not_mixed_with_its_process():
    samples = [sampled(0, 10.0, 10.5), sampled(1, 11.0, None), sampled(2, 12.0, 12.5)]
    assert cpu_counts(samples) == [{"relay-1": 10.0}, {"relay-1": 11.0}, {"relay-1": 12.0}]
    assert used_cpu_seconds(samples) == {"relay-1": 2.0}


def test_a_unit_that_was_started_again_counts_from_its_start():
    samples = [sampled(0, 10.0, 10.5), sampled(1, 0.5, 0.6), sampled(2, 1.5, 1.7)]
    assert used_cpu_seconds(samples) == {"relay-1": pytest.approx(1.7)}


def test_every_view_has_both():
    whole = grouped(laptop=1.05)
    assert (
        "CPU of control groups compared with processes: backend +0.0 %, relay +5.0 % (differs)"
    ) in summary_of(whole)
    page = run_report(analyse(whole), None, None).html
    assert "CPU time by control groups and by sampled processes" in page
