"""How much CPU may be used: affinity and quotas, laid out as files and as records."""

import msgspec
import pytest

from onionrig.movers.sampler.allowed_cpu import (
    QuotaFiles,
    allowed_cpu,
    own_groups,
    quota_cores,
    throttled_seconds,
)
from support.files import lay_out
from support.records.manifests import host, manifest
from support.records.recordings import watched
from support.verdicts import bottleneck_of, evidence, trust_of

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
    found = allowed(wide, tight, affinity=2)
    assert (found.cores, found.whole_cores) == (0.5, 1)
    assert found.restriction == "a CPU quota of control group /a/b allows 0.5 of 4 cores"


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
            "sys/fs/cgroup/cgroup.procs": "",
            "sys/fs/cgroup/a/b/cpu.max": "max 100000",
            "sys/fs/cgroup/cpu,cpuacct/cgroup.procs": "",
        },
    )
    assert [name for name, _ in own_groups(tmp_path)] == ["/", "/a/b", "/a", "/"]


def test_throttled_time_is_read_in_both_versions():
    assert throttled_seconds(["nr_throttled 3\nthrottled_usec 1500000\n", None]) == 1.5
    assert throttled_seconds(["nr_throttled 3\nthrottled_time 2500000000\n"]) == 2.5
    assert throttled_seconds(["usage_usec 7\n"]) is None


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
        f"the machine's CPU was full as far as the rig may use it: 0.99 of 1 core ({PINNED})"
    )
    assert evidence(verdict, "CPU of here that the rig may use").at_limit


def test_half_a_core_is_counted_as_half_a_core():
    whole = watched(cores={"relay-1": 0.48})
    assert bottleneck_of(restricted(whole, 0.5)).kind == "machine CPU"
    assert bottleneck_of(restricted(whole, 0.6)).kind == "load"


def test_others_on_cores_that_the_rig_may_not_use_take_nothing_from_it():
    whole = restricted(watched(cores={"relay-1": 0.5}, others=0.9, busy=1.4))
    assert bottleneck_of(whole).kind == "load"


def test_a_restriction_is_told_beside_the_figures():
    said = trust_of(restricted(watched()))
    assert said.trusted is True
    assert f"not all of the CPU of here could be used: {PINNED}" in said.missing
