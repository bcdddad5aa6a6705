"""Control groups that runs have left, on trees of directories that look like them."""

from onionrig.processes.leftover_groups import leftover_groups, members_below, remove_empty
from onionrig.processes.leftovers import NAME

MARK = "0123456789abcdef"


def left(below):
    group = below / f"onionrig-{MARK}"
    (group / "host-pi1").mkdir(parents=True)
    return group


def test_groups_are_found_wherever_a_run_was_started(tmp_path):
    groups = [left(tmp_path), left(tmp_path / "user.slice" / "session-3")]
    assert leftover_groups([tmp_path], NAME) == dict.fromkeys(groups, MARK)


def test_groups_of_others_are_not(tmp_path):
    (tmp_path / "onionrig-not-a-mark").mkdir()
    (tmp_path / "system.slice" / "tor.service").mkdir(parents=True)
    assert leftover_groups([tmp_path, tmp_path / "absent"], NAME) == {}


def test_processes_are_seen_in_whichever_of_its_groups_they_are(tmp_path):
    group = left(tmp_path)
    assert members_below(group) == []
    (group / "host-pi1" / "cgroup.procs").write_text("41\n42\n")
    assert members_below(group) == [41, 42]


def test_a_group_is_removed_with_those_below_it(tmp_path):
    group = left(tmp_path)
    remove_empty(group)
    assert not group.exists()
