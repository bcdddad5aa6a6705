"""How many processes and threads may still be started, and what memory is left."""

import pytest

from onionrig.processes import limits
from onionrig.processes.limits import is_exempt, memory_room, task_room, tasks_of_user
from support.files import lay_out

IDENTITY = "         0          0 4294967295\n"
ROOT = "Uid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\n"
PLAIN = "Uid:\t1000\t1000\t1000\t1000\nCapEff:\t0000000000000000\n"
FIRST = "40 32 0:35 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
SECOND = "30 25 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"


@pytest.fixture
def unlimited(monkeypatch):
    monkeypatch.setattr(
        limits.resource, "getrlimit", lambda _: (limits.resource.RLIM_INFINITY,) * 2
    )


def machine(root, mounts, own, groups):
    """Write what the kernel says of control groups: each with its most and its current tasks."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/mountinfo").write_text(mounts)
    (root / "proc/self/cgroup").write_text(own)
    for path, (most, current) in groups.items():
        directory = root / path
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "pids.max").write_text(f"{most}\n")
        (directory / "pids.current").write_text(f"{current}\n")
    return root


def process(proc, pid, uid, threads):
    (proc / str(pid)).mkdir(parents=True)
    (proc / str(pid) / "status").write_text(
        f"Name:\tx\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nThreads:\t{threads}\n"
    )


@pytest.mark.usefixtures("unlimited")
def test_a_group_of_version_1_limits_those_below_it(tmp_path):
    groups = {
        "sys/fs/cgroup/pids/a": ("40", "30"),
        "sys/fs/cgroup/pids/a/b": ("max", "20"),
    }
    room = task_room(machine(tmp_path, FIRST, "8:pids:/a/b\n", groups))
    assert room is not None
    assert room.tasks == 10
    assert "limit of 40 processes (/sys/fs/cgroup/pids/a/pids.max)" in room.limit


@pytest.mark.usefixtures("unlimited")
def test_the_tightest_group_of_version_2_counts(tmp_path):
    groups = {
        "sys/fs/cgroup/user.slice": ("1000", "300"),
        "sys/fs/cgroup/user.slice/app": ("64", "70"),
    }
    room = task_room(machine(tmp_path, SECOND, "0::/user.slice/app\n", groups))
    assert room is not None
    assert room.tasks == 0
    assert "user.slice/app/pids.max" in room.limit


@pytest.mark.usefixtures("unlimited")
def test_without_a_limit_there_is_room(tmp_path):
    assert task_room(machine(tmp_path, SECOND, "0::/\n", {})) is None
    assert task_room(tmp_path / "nowhere") is None


def test_the_users_limit_counts_threads_of_all_that_is_the_users(tmp_path, monkeypatch):
    monkeypatch.setattr(limits.resource, "getrlimit", lambda _: (50, 50))
    monkeypatch.setattr(limits.os, "getuid", lambda: 1000)
    root = machine(tmp_path, "", "", {})
    (root / "proc/self/status").write_text(PLAIN)
    (root / "proc/self/uid_map").write_text(IDENTITY)
    process(root / "proc", 10, 1000, 12)
    process(root / "proc", 11, 1000, 1)
    process(root / "proc", 12, 0, 700)
    room = task_room(root)
    assert room is not None
    assert room.tasks == 50 - 13
    assert "limit of 50 on this user's processes (ulimit -u), which has 13" in room.limit


def test_a_process_that_ends_meanwhile_counts_as_none(tmp_path):
    (tmp_path / "10").mkdir()
    assert tasks_of_user(tmp_path, 1000) == 0


@pytest.mark.parametrize(
    ("status", "uid_map", "exempt"),
    [
        (ROOT, IDENTITY, True),
        (PLAIN, IDENTITY, False),
        (PLAIN.replace("CapEff:\t0000000000000000", "CapEff:\t0000000001000000"), IDENTITY, True),
        (ROOT, "0 1000 1\n", False),  # root of a user namespace is the user outside
        ("", "", False),
    ],
)
def test_exemption_from_the_users_limit_follows_privileges(status, uid_map, exempt):
    assert is_exempt(status, uid_map) is exempt


GIB = 1 << 30


@pytest.mark.parametrize(
    ("mounts", "own", "directory", "files"),
    [
        (
            "31 1 0:27 /docker/1f /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
            "4:memory:/docker/1f\n",
            "sys/fs/cgroup/memory",
            {
                "memory.limit_in_bytes": 2 * GIB,
                "memory.usage_in_bytes": GIB,
                "memory.stat": f"inactive_file 7\ntotal_inactive_file {GIB // 2}\n",
            },
        ),
        (
            SECOND,
            "0::/user.slice/app\n",
            "sys/fs/cgroup/user.slice",
            {
                "memory.max": 2 * GIB,
                "memory.current": GIB,
                "memory.stat": f"anon 9\ninactive_file {GIB // 2}\n",
            },
        ),
    ],
)
def test_memory_is_what_a_container_may_use_of_it(tmp_path, mounts, own, directory, files):
    root = machine(tmp_path, mounts, own, {})
    lay_out(root / directory, {name: f"{text}\n" for name, text in files.items()})
    room = memory_room(total_bytes=64 * GIB, available_bytes=60 * GIB, root=root)
    assert (room.limit_bytes, room.free_bytes) == (2 * GIB, GIB + GIB // 2)


def test_memory_without_a_limit_is_the_machines(tmp_path):
    groups = {"sys/fs/cgroup/user.slice": ("max", "1")}
    root = machine(tmp_path, SECOND, "0::/user.slice\n", groups)
    lay_out(root / "sys/fs/cgroup/user.slice", {"memory.max": "max\n", "memory.current": "5\n"})
    room = memory_room(total_bytes=64 * GIB, available_bytes=60 * GIB, root=root)
    assert (room.limit_bytes, room.free_bytes) == (64 * GIB, 60 * GIB)
