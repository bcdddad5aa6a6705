"""What of a machine would end a rig midway is told before anything is made."""

import os
from pathlib import Path

import msgspec
import pytest

from onionrig.cli import catalogue
from onionrig.cli.question import ask
from onionrig.engine.local import confinement, fitness, inherited_limits
from onionrig.engine.local.confinement import confining, refusal
from onionrig.engine.local.fitness import Needs, obstacles, unreadable_system, usable_cache
from onionrig.errors import Unequipped
from onionrig.movers.sampler.others import sees_all_processes
from onionrig.processes.limits import Room
from onionrig.rig.needs import lacking_files, tasks_of
from onionrig.store.refusals import explained
from onionrig.tor import identities
from onionrig.tor.identities import LOCK

TOR = "/usr/bin/tor"


def smoke():
    """Return the needs of the smallest profile, without sockets: pytest's paths may be too long."""
    needs = Needs.of(ask(None, "smoke", [], {}).experiment)
    return msgspec.structs.replace(needs, longest_socket="")


@pytest.fixture(autouse=True)
def no_tmpdir(monkeypatch):
    monkeypatch.delenv("TMPDIR", raising=False)


def whys(needs=None, tor=None):
    return [obstacle.why for obstacle in obstacles(needs or smoke(), tor=tor)]


def test_open_files_are_counted_against_what_tor_and_the_streams_take():
    assert lacking_files(256, tors=9, streams=4) == (
        "at most 256 files may be open at once, and every tor wants 1000: raise the hard limit "
        "(ulimit -Hn, LimitNOFILE of a unit of systemd, --ulimit nofile of a container)"
    )
    assert lacking_files(1000, tors=9, streams=4) is None
    assert lacking_files(256, tors=0, streams=4) is None
    assert "4000 streams take 4064" in lacking_files(1024, tors=9, streams=4000)


def test_tasks_grow_with_tors_and_cores_up_to_what_tor_starts():
    tasks_on_two_cores = tasks_of(["relay-1", "backend-1"], movers=5, cores=2)
    assert tasks_of(["relay-1", "backend-1"], movers=5, cores=4) == tasks_on_two_cores + 2
    assert tasks_of(["backend-1"], movers=0, cores=16) == tasks_of(
        ["backend-1"], movers=0, cores=96
    )


def test_the_error_for_too_few_processes_names_the_limit(monkeypatch):
    monkeypatch.setattr(fitness, "task_room", lambda: Room(tasks=12, limit="the limit of X"))
    (why,) = whys()
    assert why.startswith("12 more processes and threads may be started, and the rig takes up to ")
    assert "raise the limit of X" in why


def test_a_full_temporary_directory_is_an_obstacle(monkeypatch, tmp_path):
    monkeypatch.setattr(fitness.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(fitness.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 65536}))
    (why,) = whys()
    assert why.startswith(f"64.0 KiB are free in the temporary directory {tmp_path}, and the state")
    assert "TMPDIR" in why


def test_where_there_is_no_temporary_directory_tmpdir_is_named(monkeypatch):
    def nowhere():
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(fitness.tempfile, "gettempdir", nowhere)
    (why,) = whys(tor=TOR)
    assert why.startswith("there is no temporary directory in which a file can be written")
    assert "set TMPDIR" in why


def test_a_temporary_directory_whose_name_is_not_utf_8_is_an_obstacle(monkeypatch):
    monkeypatch.setattr(fitness.tempfile, "gettempdir", lambda: os.fsdecode(b"/tmp/b\xff"))
    (why,) = whys()
    assert "cannot be used: its path is not UTF-8" in why


def test_check_and_doctor_make_the_checks_of_a_run(monkeypatch):
    needs = Needs.of(ask(None, "smoke", [], {}).experiment)
    monkeypatch.setenv("LD_PRELOAD", "/usr/lib/libtorsocks.so")
    monkeypatch.setattr(fitness.tempfile, "gettempdir", lambda: "/" + "x" * 100)
    monkeypatch.setattr(
        fitness.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1 << 40})
    )
    preloaded, long = whys(needs, tor=TOR)
    assert preloaded.startswith("torsocks (/usr/lib/libtorsocks.so) is loaded")
    assert "too long for the unix sockets below it" in long


def test_a_loopback_that_is_down_is_an_obstacle_unless_every_host_has_its_own(monkeypatch):
    monkeypatch.setattr(fitness, "LOOPBACK", "192.0.2.1")  # an address that no machine has
    (why,) = whys()
    assert why.startswith("nothing can be reached on 192.0.2.1 (Cannot assign requested address")
    assert "ip link set lo up" in why
    assert whys(msgspec.structs.replace(smoke(), loopback=False)) == []


@pytest.mark.parametrize(
    ("limit", "most", "message"),
    [
        (inherited_limits.resource.RLIMIT_FSIZE, 51200, "a file may have at most 50.0 KiB"),
        (inherited_limits.resource.RLIMIT_AS, 500 << 20, "an address space of at most 500 MiB"),
        (inherited_limits.resource.RLIMIT_CPU, 60, "may use CPU for at most 60s"),
    ],
)
def test_a_limit_that_would_end_a_process_midway_is_an_obstacle(monkeypatch, limit, most, message):
    infinite = inherited_limits.resource.RLIM_INFINITY
    monkeypatch.setattr(
        inherited_limits.resource,
        "getrlimit",
        lambda number: (most if number == limit else infinite, infinite),
    )
    (why,) = whys()
    assert message in why
    assert "raise the limit (ulimit -" in why


def test_unreadable_figures_of_the_machine_are_an_obstacle(tmp_path):
    for name in fitness.SYSTEM_FILES:
        (tmp_path / name).write_text("")
    assert unreadable_system(tmp_path) is None
    (tmp_path / "stat").unlink()
    assert "subset=pid" in unreadable_system(tmp_path)


def test_processes_of_others_are_seen_or_hidden(tmp_path):
    assert not sees_all_processes(tmp_path)
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "stat").write_text("1 (init)")
    assert sees_all_processes(tmp_path)


def test_keys_are_kept_in_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert usable_cache() == (tmp_path / "onionrig", None)
    assert [path.name for path in (tmp_path / "onionrig").iterdir()] == [LOCK]


def test_a_cache_that_cannot_be_written_is_not_used(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    path, why = usable_cache()
    assert path is None
    assert why.startswith(f"{tmp_path}/file/onionrig cannot be written (Not a directory), so keys")


def test_a_file_system_without_locks_keeps_no_keys_and_no_workspace(monkeypatch, tmp_path):
    def flock(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(fitness.fcntl, "flock", flock)
    path, why = usable_cache()
    assert path is None
    assert why.startswith(f"{tmp_path}/onionrig cannot be written (No locks available), so")
    (why,) = whys()
    assert why.endswith("set TMPDIR to a directory on a local disk")


def test_a_cache_that_another_user_has_left_is_not_used(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(identities.os, "geteuid", lambda: -1)
    path, why = usable_cache()
    assert path is None
    assert why.startswith(f"{tmp_path}/onionrig belongs to another user, so keys are made in")


def test_a_cache_without_room_is_not_used(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(identities.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 0}))
    path, why = usable_cache()
    assert path is None
    assert "has no room for keys" in why


def test_a_directory_in_place_of_the_caches_lock_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "onionrig" / LOCK).mkdir(parents=True)
    path, why = usable_cache()
    assert path is None
    assert why.startswith(f"{tmp_path}/onionrig/lock cannot be written (Is a directory)")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may replace everything")
def test_a_cache_with_an_entry_that_cannot_be_replaced_is_not_used(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "onionrig" / "relay-1").mkdir(parents=True)
    (tmp_path / "onionrig" / "relay-1").chmod(0o500)
    path, why = usable_cache()
    assert path is None
    assert why.startswith(f"{tmp_path}/onionrig/relay-1 cannot be replaced")


def homeless(*_):
    raise RuntimeError("could not determine the home directory for '~/.cache'")


def test_a_user_without_a_home_has_no_cache_and_no_boards_file(monkeypatch):
    monkeypatch.setattr(fitness.platformdirs, "user_cache_path", homeless)
    monkeypatch.setattr(catalogue.platformdirs, "user_config_path", homeless)
    assert catalogue.own_boards() is None
    assert catalogue.catalogue()
    path, why = usable_cache()
    assert path is None
    assert why.startswith("this user has no home directory, so keys are made in every run")


def test_whatever_else_needs_a_home_names_it():
    with pytest.raises(RuntimeError) as caught:
        homeless()
    assert "set HOME" in str(explained(caught.value))
    with pytest.raises(RuntimeError) as caught:
        Path("~nobody-at-all/x").expanduser()
    assert "set HOME" in str(explained(caught.value))


def test_a_tmpdir_that_cannot_be_written_is_not_passed_over(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", "/nonexistent/b")
    monkeypatch.setattr(fitness.tempfile, "gettempdir", lambda: str(tmp_path))
    (why,) = whys()
    assert why.startswith("TMPDIR is /nonexistent/b, and no file can be written there: free space")


@pytest.fixture
def root(tmp_path):
    (tmp_path / "etc/apparmor.d/disable").mkdir(parents=True)
    return tmp_path


def profile(root, file, text):
    (root / "etc/apparmor.d" / file).write_text(text)


def loaded(root, text):
    (root / "sys/kernel/security/apparmor").mkdir(parents=True)
    (root / "sys/kernel/security/apparmor/profiles").write_text(text)


def test_debians_profile_confines_only_the_systems_own_tor(root):
    profile(root, "system_tor", "profile system_tor flags=(attach_disconnected) {\n  /x r,\n}\n")
    assert confining(TOR, root) is None
    loaded(root, "system_tor (enforce)\n")
    assert confining(TOR, root) is None


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("/usr/bin/tor {", TOR),
        ("profile tor /usr/bin/tor {", "tor"),
        ("profile tor /usr/bin/tor flags=(attach_disconnected) {", "tor"),
    ],
)
def test_a_profile_that_is_attached_to_the_path_confines(root, header, name):
    profile(root, "usr.bin.tor", f"#include <tunables/global>\n{header}\n}}\n")
    assert confining(TOR, root) == name
    (root / "etc/apparmor.d/disable/usr.bin.tor").touch()
    assert confining(TOR, root) is None


def test_the_kernels_list_counts_before_what_is_on_the_disk(root):
    profile(root, "usr.bin.tor", "profile tor /usr/bin/tor {\n}\n")
    loaded(root, "tor (complain)\n/usr/sbin/cupsd (enforce)\n")
    assert confining(TOR, root) is None
    loaded_path = root / "sys/kernel/security/apparmor/profiles"
    loaded_path.write_text("tor (enforce)\n")
    assert confining(TOR, root) == "tor"


def test_without_apparmor_nothing_confines(tmp_path):
    assert confining(TOR, tmp_path) is None


def test_the_error_names_what_confines_tor_and_what_to_do(monkeypatch, tmp_path):
    def confined(*_):
        raise Unequipped(refusal(TOR, tmp_path, "Permission denied", "tor"))

    monkeypatch.setattr(fitness, "refuse_confined", confined)
    (why,) = whys(tor=TOR)
    assert why.startswith(f"{TOR} cannot use files in {tmp_path}: Permission denied; ")
    assert "the AppArmor profile tor confines it" in why
    assert "aa-complain /usr/bin/tor" in why
    assert "a snap, SELinux" in refusal(TOR, tmp_path, "x", None)


def test_the_line_of_tor_that_counts_is_its_first_warning(monkeypatch, tmp_path):
    printed = (
        "Nov 29 10:19:14.309 [warn] Directory /x/data cannot be read: Permission denied\n"
        "Nov 29 10:19:14.309 [err] Reading config failed--see warnings above.\n"
    )
    ended = type("Ended", (), {"code": 1, "out": printed})
    monkeypatch.setattr(confinement, "run_program", lambda *_, **__: ended)
    monkeypatch.setattr(confinement, "confining", lambda _: None)
    with pytest.raises(
        Unequipped, match=r"cannot use files in .*: Directory /x/data cannot be read"
    ):
        confinement.refuse_confined(TOR, tmp_path)
    assert list(tmp_path.iterdir()) == []
