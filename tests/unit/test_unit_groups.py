"""Processes and CPU time of systemd units, read from control groups that were made for the test."""

import os

import pytest

from onionrig.movers.clock import SteadyClock
from onionrig.movers.sampler.processes import Processes
from onionrig.movers.sampler.program import Sampler
from onionrig.movers.sampler.units import (
    UnitGroups,
    cpu_seconds,
    parent_id,
    process_ids,
    slice_path,
)
from onionrig.rig.orders import SamplerOrders

SLICE = "onionrig-1a2b3c4d.slice"
PREFIX = "onionrig-1a2b3c4d-"
SYSTEMD, STRANGER = 1, 77
STAT = "usage_usec {}\nuser_usec 1\nsystem_usec 2\n"


class Tree:
    """Control groups and processes below a directory that stands for the root."""

    def __init__(self, root, mount="sys/fs/cgroup"):
        self.root = root
        self.slice = root / mount / "onionrig.slice" / SLICE

    def has(self, unit, processes, *, usec=0):
        """Have a unit's group with these processes, each with its parent."""
        group = self.slice / f"{unit}.service"
        group.mkdir(parents=True, exist_ok=True)
        (group / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in processes))
        (group / "cpu.stat").write_text(STAT.format(usec))
        for pid, parent in processes.items():
            (self.root / f"proc/{pid}").mkdir(parents=True, exist_ok=True)
            (self.root / f"proc/{pid}/stat").write_text(f"{pid} (a) b) c) S {parent} 1 1 0")

    @property
    def groups(self):
        return UnitGroups(self.root, slice_name=SLICE, unit_prefix=PREFIX)


@pytest.fixture(params=["sys/fs/cgroup", "sys/fs/cgroup/unified", "sys/fs/cgroup/systemd"])
def tree(tmp_path, request):
    return Tree(tmp_path, request.param)


def test_the_units_of_a_slice_are_the_services(tree):
    tree.has(f"{PREFIX}relay-1", {500: SYSTEMD}, usec=1_250_000)
    tree.has(f"{PREFIX}sink-south", {600: SYSTEMD}, usec=12)
    tree.has("onionrig-other-relay-1", {700: SYSTEMD}, usec=99)
    groups = tree.groups
    assert groups.new() == {"relay-1": 500, "sink-south": 600}
    assert groups.group_cpu_seconds("relay-1") == 1.25
    assert groups.group_cpu_seconds("sink-south") == 0.0
    assert groups.group_cpu_seconds("relay-2") is None


def test_the_main_process_is_the_one_whose_parent_is_outside_the_group(tree):
    tree.has(f"{PREFIX}balancer", {501: 502, 502: SYSTEMD, 503: 501})
    groups = tree.groups
    assert groups.new() == {"balancer": 502}
    assert groups.beside() == {501, 502, 503}


def test_without_a_main_process_the_lowest_process_id_counts(tree):
    tree.has(f"{PREFIX}balancer", {502: 501, 501: 502})
    assert tree.groups.new() == {"balancer": 501}


def test_a_slice_that_comes_later_and_a_unit_that_ends_are_noticed(tree):
    groups = tree.groups
    assert groups.new() == {}
    tree.has(f"{PREFIX}relay-1", {500: SYSTEMD}, usec=5)
    assert groups.new() == {"relay-1": 500}
    tree.has(f"{PREFIX}relay-1", {})
    assert groups.new() == {}
    for path in (tree.slice / f"{PREFIX}relay-1.service").iterdir():
        path.unlink()
    (tree.slice / f"{PREFIX}relay-1.service").rmdir()
    assert groups.new() == {}
    assert groups.group_cpu_seconds("relay-1") is None


def test_a_watched_process_brings_what_its_group_has_used(tree):
    tree.has(f"{PREFIX}me", {os.getpid(): SYSTEMD, STRANGER: os.getpid()}, usec=7_000_000)
    processes = Processes(tree.groups)
    used = processes.use()["me"]
    assert used.cgroup_cpu_seconds == 7.0
    assert used.rss_bytes > 0
    assert processes.ever_watched == {os.getpid(), STRANGER}


def test_a_sampler_that_is_told_of_a_slice_reads_no_list(tree, tmp_path):
    tree.has(f"{PREFIX}me", {os.getpid(): SYSTEMD}, usec=3_000_000)
    (tmp_path / "processes.json").write_text('{"other": 1}')
    orders = SamplerOrders(
        record_path="", tors=(), tors_record_path="", schedule_path="",
        processes_path=str(tmp_path / "processes.json"), slice=SLICE, unit_prefix=PREFIX,
    )  # fmt: skip
    sample = Sampler(orders, SteadyClock(), root=tree.root).sample(1000)
    assert list(sample.processes) == ["me"]
    assert sample.processes["me"].cgroup_cpu_seconds == 3.0


def test_slices_nest_by_their_dashes():
    assert slice_path("onionrig.slice") == "onionrig.slice"
    assert slice_path("a-b-c.slice") == "a.slice/a-b.slice/a-b-c.slice"


@pytest.mark.parametrize("text", [None, "", "0\n", "usage_usec", "usage_usec x", "nr_periods x"])
def test_values_that_a_kernel_file_lacks_are_unknown(text):
    assert process_ids(text) == []
    assert parent_id(text) is None
    assert cpu_seconds(text) is None
