"""Where control groups may be made, as the kernel's own lists have it; what a share is in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.engine.emulation.cpu_shares import limits
from onionrig.processes.cgroups import hierarchies, mount_from, own_groups

FIRST = """\
22 1 0:20 / /proc rw - proc proc rw
30 24 0:26 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:11 - cgroup cgroup rw,cpu,cpuacct
31 24 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
32 24 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
"""


def test_the_hierarchy_that_has_the_cpu_controller_comes_first():
    first, second = hierarchies(FIRST, "4:cpu,cpuacct:/user/a\n3:memory:/\n0::/init\n")
    assert (first.unified, second.unified) == (False, True)
    assert first.parents == (
        "/sys/fs/cgroup/cpu,cpuacct/user/a",
        "/sys/fs/cgroup/cpu,cpuacct/user",
        "/sys/fs/cgroup/cpu,cpuacct",
    )
    assert second.own == "/init"


def test_a_container_sees_its_own_groups_from_the_top_of_what_is_mounted():
    mounted = "30 24 0:26 /docker/c1 /sys/fs/cgroup rw - cgroup2 cgroup rw\n"
    (inside,) = hierarchies(mounted, "0::/docker/c1/run\n")
    (outside,) = hierarchies(mounted, "0::/../other\n")
    assert (inside.own, outside.own) == ("/run", "/")


def test_a_mount_point_with_a_blank_is_read():
    mount = mount_from(r"30 24 0:26 / /my\040groups rw - cgroup2 cgroup rw")
    assert mount is not None
    assert mount.mount_point == "/my groups"


@given(st.text())
def test_any_text_is_read_without_an_error(text):
    hierarchies(text, text)
    assert all(path.startswith("/") for path in own_groups(text).values())


@pytest.mark.parametrize(("cores", "text"), [(0.25, "5000 20000"), (1.5, "30000 20000")])
def test_a_share_is_a_quota_of_each_period(cores, text):
    assert limits(cores, unified=True) == {"cpu.max": text}


@given(st.floats(min_value=0.01, max_value=1024))
def test_a_share_is_kept_to_a_hundredth_and_no_quota_is_below_the_kernels_least(cores):
    written = limits(cores, unified=False)
    period, quota = int(written["cpu.cfs_period_us"]), int(written["cpu.cfs_quota_us"])
    assert quota >= 1000
    assert period <= 1_000_000
    assert quota / period == pytest.approx(cores, rel=0.01)
