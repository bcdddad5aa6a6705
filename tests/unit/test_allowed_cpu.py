"""How much CPU may be used: affinity and quotas, laid out as files and as records."""

import msgspec
import pytest

from onionrig.analysis.limits.withheld_cpu import most_waiting_threads
from onionrig.movers.sampler.allowed_cpu import (
    QuotaFiles,
    Throttled,
    allowed_cpu,
    own_groups,
    quota_cores,
    throttled_together,
)
from support.bottlenecks import bottleneck_of, evidence, trust_of
from support.files import lay_out
from support.records.manifests import host, manifest
from support.records.recordings import watched

PINNED = "its CPU affinity allows 1 of 2 cores"


def allowed(*quotas, affinity=4):
    return allowed_cpu(machine_cores=4, affinity_cores=affinity, quotas=quotas)


def test_all_cores_may_be_used_where_nothing_restricts_them():
    free = allowed(QuotaFiles(group="/", cpu_max="max 100000\n"))
    assert (free.cores, free.restriction, free.whole_cores) == (4.0, None, 4)


def test_the_tightest_of_affinity_and_quotas_counts_and_is_named():
    wide = QuotaFiles(group="/a", cpu_max="300000 100000\n")
    tight = QuotaFiles(group="/a/b", cfs_quota_us="50000\n", cfs_period_us="100000\n")
    assert allowed(wide, affinity=2).restriction == "its CPU affinity allows 2 of 4 cores"
    allowance = allowed(wide, tight, affinity=2)
    assert (allowance.cores, allowance.whole_cores) == (0.5, 1)
    assert allowance.restriction == "a CPU quota of control group /a/b allows 0.5 of 4 cores"


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu_max": "150000 100000\n"}, 1.5),
        ({"cpu_max": "max 100000\n"}, None),
        ({"cpu_max": "nonsense"}, None),
        ({"cfs_quota_us": "-1\n", "cfs_period_us": "100000\n"}, None),
        ({"cfs_quota_us": "20000\n", "cfs_period_us": "10000\n"}, 2.0),
        ({"cfs_quota_us": "20000\n", "cfs_period_us": "0\n"}, None),
        ({}, None),
    ],
)
def test_a_quota_is_read_in_both_versions(files, cores):
    assert quota_cores(QuotaFiles(group="/", **files)) == cores


def test_groups_are_found_up_to_the_root_and_from_inside_a_container(tmp_path):
    lay_out(
        tmp_path,
        {
            "proc/self/cgroup": "2:cpu,cpuacct:/docker/1f\n1:cpuset:/x\n0::/a/b\n",
            "proc/self/mountinfo": (
                "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
                "31 1 0:27 /docker/1f /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup "
                "rw,cpu,cpuacct\n"
            ),
        },
    )
    assert [name for name, _ in own_groups(tmp_path)] == ["/", "/a/b", "/a", "/"]


def test_throttled_time_and_periods_are_read_in_both_versions():
    second = "nr_periods 10\nnr_throttled 3\nthrottled_usec 1500000\n"
    assert throttled_together([second, None]) == Throttled(seconds=1.5, periods=3, quota_periods=10)
    first = "nr_periods 90\nnr_throttled 40\nthrottled_time 2500000000\n"
    assert throttled_together([first]) == Throttled(seconds=2.5, periods=40, quota_periods=90)
    assert throttled_together(["usage_usec 7\n"]) == Throttled()


def test_a_group_that_is_throttled_now_counts_beside_one_that_was_throttled_for_longer_before():
    long_ago = "nr_periods 9000\nnr_throttled 9000\nthrottled_usec 900000000\n"
    before, after = (
        throttled_together(
            [f"nr_periods {at}0\nnr_throttled {at}\nthrottled_usec {at}00000\n", long_ago]
        )
        for at in (1, 6)
    )
    assert after.seconds - before.seconds == pytest.approx(0.5)
    assert after.periods - before.periods == 5


def restricted(whole, allowed_cores=1.0, restriction=PINNED):
    """Return a recording on a machine of 2 cores of which fewer may be used."""
    facts = msgspec.structs.replace(
        host("here"), cores=1, machine_cores=2,
        allowed_cores=allowed_cores, cpu_restriction=restriction,
    )  # fmt: skip
    return msgspec.structs.replace(whole, manifest=manifest(hosts=(facts,)))


def test_a_cpu_is_full_when_all_of_it_that_may_be_used_is():
    verdict = bottleneck_of(restricted(watched(cores={"relay-1": 0.99})))
    assert verdict.kind == "machine CPU"
    assert verdict.sentence == (
        f"the machine's CPU was full up to the rig's limit: 0.99 of 1 core ({PINNED})"
    )
    assert evidence(verdict, "CPU of here that the rig may use").at_limit


def test_half_a_core_is_counted_as_half_a_core():
    whole = watched(cores={"relay-1": 0.48})
    assert bottleneck_of(restricted(whole, 0.5)).kind == "machine CPU"
    assert bottleneck_of(restricted(whole, 0.6)).kind == "load"


def test_others_on_cores_that_the_rig_may_not_use_take_nothing_from_it():
    whole = restricted(watched(cores={"relay-1": 0.5}, others=0.9, busy=1.4))
    assert bottleneck_of(whole).kind == "load"


def test_others_that_fill_the_machine_are_named_beside_the_cores_that_may_be_used():
    verdict = bottleneck_of(restricted(watched(cores={"relay-1": 0.84}, others=1.14)))
    assert verdict.sentence == (
        "the machine's CPU was full: the rig used 0.84 of 2 cores, of which it may use 1, other "
        "processes 1.14"
    )


def waiting(whole, threads=None, throttled=None, periods=None):
    """Return a recording whose relay-1 waits so much, and whose group is so much throttled.

    ``periods`` is in how many of the ten periods of each second it is.
    """
    samples = [
        msgspec.structs.replace(
            sample,
            processes={
                name: msgspec.structs.replace(
                    use, main_thread_wait_seconds=None if threads is None else 3 + threads * at
                )
                for name, use in sample.processes.items()
            },
            throttled_seconds=None if throttled is None else 9 + throttled * at,
            throttled_periods=None if periods is None else 70 + periods * at,
            quota_periods=None if periods is None else 800 + 10 * at,
        )
        for at, sample in enumerate(whole.samplers["sampler"])
    ]
    return msgspec.structs.replace(whole, samplers={"sampler": samples})


def test_threads_that_wait_beside_idle_cores_are_withheld_cpu_and_a_doubt():
    whole = waiting(watched(cores={"relay-1": 1.0}), threads=5.5)
    verdict = bottleneck_of(whole)
    assert (verdict.kind, verdict.subject) == ("CPU withheld", "here")
    assert verdict.sentence == (
        "CPU of here was withheld: 5.5 threads on average were ready to run and waited although "
        "the hold used 1.00 of 2 cores"
    )
    assert verdict.sentence in trust_of(whole).doubts


def test_a_throttled_group_is_withheld_cpu():
    whole = waiting(watched(), throttled=0.3)
    assert bottleneck_of(whole).kind == "CPU withheld"
    assert "its group was throttled for 3.0 s (summed over cores)" in trust_of(whole).doubts[0]


def test_the_doubt_names_the_periods_in_which_a_group_was_throttled():
    (doubt,) = trust_of(waiting(watched(), throttled=0.3, periods=4)).doubts
    assert doubt == (
        "CPU of here was withheld: its group was throttled for 3.0 s (summed over cores), in 40 of "
        "the 100 periods of its quota, although the hold used 0.60 of 2 cores"
    )


def test_a_little_waiting_and_waiting_for_full_cores_are_no_doubt():
    little = waiting(watched(cores={"relay-1": 0.6}), threads=0.8, throttled=0.0)
    full = waiting(watched(cores={"relay-1": 1.95}), threads=9.0)
    assert trust_of(little).doubts == trust_of(full).doubts == ()
    assert (bottleneck_of(little).kind, bottleneck_of(full).kind) == ("load", "machine CPU")


UNRESTRICTED = (
    # how full two cores were, and the threads that waited
    ("one stream", 0.18, 0.10),
    ("two streams", 0.28, 0.26),
    ("4 streams, 32 Mbit/s", 0.19, 0.12),
    ("8 streams, 64 Mbit/s", 0.30, 0.38),
    ("8 streams, 96 Mbit/s", 0.43, 0.79),
    ("12 streams, 128 Mbit/s", 0.50, 1.26),
    ("16 streams, 160 Mbit/s", 0.69, 3.01),
    ("emulated hosts, 2 links of 8 Mbit/s", 0.12, 0.10),
    ("emulated hosts, 2 links of 20 Mbit/s", 0.33, 0.47),
    ("emulated hosts, 2 links of 36 Mbit/s", 0.51, 1.21),
    ("emulated hosts, the nearest to a false doubt", 0.575, 1.85),
    ("beside a neighbour that used 0.86 of a core", 0.59, 1.33),
    ("beside a neighbour that used 1.23 cores", 0.75, 1.38),
)
RESTRICTED = (
    ("4 streams on one of two cores", 0.46, 5.23),
    ("the same, ten seconds later", 0.47, 5.76),
    ("8 streams under a quota of one core", 0.50, 6.74),
    ("the same, ten seconds later", 0.50, 7.06),
)
MARGIN = 1.9
"""How many times as many threads may wait, or as few, before a measured pair would be misjudged."""


@pytest.mark.parametrize(("what", "fullness", "threads"), UNRESTRICTED)
def test_waits_measured_without_a_restriction_are_far_from_a_doubt(what, fullness, threads):
    assert most_waiting_threads(fullness, 2) > MARGIN * threads, what


@pytest.mark.parametrize(("what", "fullness", "threads"), RESTRICTED)
def test_waits_measured_on_one_of_two_cores_are_far_beyond_what_may_wait(what, fullness, threads):
    assert most_waiting_threads(fullness, 2) < threads / MARGIN, what


def test_a_restriction_is_reported_beside_the_figures():
    trust = trust_of(restricted(watched()))
    assert trust.trusted is True
    assert f"not all of the CPU of here could be used: {PINNED}" in trust.missing
