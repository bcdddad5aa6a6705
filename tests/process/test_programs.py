"""Programs of others are run by one function, and whatever they do is answered in words."""

import errno
import sys
import time
from pathlib import Path

import pytest

from onionrig import programs
from onionrig.errors import Unequipped
from onionrig.programs import NotRun, found, run_program
from onionrig.tor.program import refuse_missing_modules
from support.files import PROJECT, write_program

pytestmark = pytest.mark.process

SOURCE = PROJECT / "src" / "onionrig"
STARTERS = {
    "programs.py": "it is the function",
    "processes/owned.py": "what runs for as long as a rig does",
    "processes/keeper.py": "our own program, after the controller",
    "processes/workspace.py": "the keeper",
    "engine/ansible/connection.py": "ssh, awaited",
    "engine/ansible/clocks.py": "talks with a shell while it runs",
}
"""Modules that know subprocess, and why."""


@pytest.fixture
def program(tmp_path):
    """Write a program, and return its path."""

    def write(script):
        write_program(tmp_path / "bin", "tor", script)
        return str(tmp_path / "bin" / "tor")

    return write


def test_only_one_function_starts_other_programs():
    knowing = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if "import subprocess" in path.read_text(encoding="utf-8")
    }
    assert knowing == set(STARTERS)


def test_a_program_gets_its_input_and_its_output_is_returned(program):
    ended = run_program([program("cat; echo no >&2; exit 3")], seconds=10, given=b"given")
    assert (ended.code, ended.out, ended.err) == (3, "given", "no\n")
    assert ended.complaint == "exit code 3: no"


def test_bytes_that_are_not_utf_8_are_replaced(program):
    ended = run_program([program(r"printf '\377tor'; printf '\376' >&2")], seconds=10)
    assert (ended.out, ended.err) == ("\ufffdtor", "\ufffd")


def test_a_program_that_does_not_end_is_killed_with_its_children(program, tmp_path):
    grandchild = "import os, sys, time; print(os.getpid(), flush=True); time.sleep(3600)"
    script = f"{sys.executable} -c '{grandchild}' > {tmp_path}/pid & wait"
    begun = time.monotonic()
    with pytest.raises(
        NotRun, match=r"bin/tor had not ended after 2 s and was killed: .*tor here$"
    ):
        run_program([program(script), "here"], seconds=2)
    assert time.monotonic() - begun < 60
    pid = int((tmp_path / "pid").read_text(encoding="ascii"))
    ends = time.monotonic() + 60
    while _runs(pid) and time.monotonic() < ends:
        time.sleep(0.05)
    assert not _runs(pid)


def _runs(pid):
    try:
        with Path(f"/proc/{pid}/stat").open(encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x7fELF\x02\x01\x01" + bytes(57), "is damaged, or for another architecture"),
        (b"", "is damaged, or for another architecture"),
        (b"#!/nowhere/sh\n", "the interpreter or loader that it needs is missing"),
    ],
)
def test_a_program_that_cannot_be_run_is_an_error(program, content, message):
    path = program("")
    Path(path).write_bytes(content)
    with pytest.raises(NotRun, match=message):
        run_program([path], seconds=10)


def test_what_to_do_is_named_where_too_few_files_may_be_open(monkeypatch):
    def too_few(*_, **__):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(programs.subprocess, "Popen", too_few)
    with pytest.raises(NotRun, match=r"^tor cannot be started: Too many open files; raise the"):
        run_program(["tor"], seconds=10)


def test_a_program_that_prints_without_end_is_killed(program):
    with pytest.raises(NotRun, match=r"bin/tor printed more than 64 MiB and was killed$"):
        run_program([program("exec yes")], seconds=600)


def test_a_program_that_prints_and_reads_much_gets_and_gives_all(program):
    much = b"x" * (5 << 20)
    assert run_program([program("exec cat")], seconds=60, given=much).out == much.decode()
    assert run_program([program("exit 0")], seconds=60, given=much).code == 0


def test_a_program_below_a_relative_directory_of_path_is_found_from_anywhere(
    program, tmp_path, monkeypatch
):
    path = program("exit 0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "bin")
    assert found("tor") == path
    monkeypatch.setenv("PATH", "")
    assert found("tor") is None
    assert found("tor", elsewhere="bin") == path


def test_a_missing_program_is_an_error():
    with pytest.raises(
        NotRun, match=r"^/nowhere/tor cannot be started: No such file or directory$"
    ):
        run_program(["/nowhere/tor"], seconds=10)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exec sleep 3600", "had not ended after 10 s"),
        (r"printf '\377\376'", "does not name a version of tor"),
        ("echo 'libevent-2.1.so.7: cannot open' >&2; exit 127", "exit code 127: libevent-2.1.so.7"),
        ("kill -ILL $$", "exit code -4"),
        (
            "[ $1 = --version ] && echo 'Tor version 0.4.8.12.' || printf 'relay: no\\ndirauth: no\\n'",
            "without the modules relay, dirauth",
        ),
    ],
)
def test_doctor_and_check_answer_whatever_tor_does(onionrig, program, script, message):
    path = f"{program(script).rpartition('/')[0]}:/usr/bin:/bin"
    done = onionrig("doctor", "--json", PATH=path)
    assert done.returncode == 4
    assert message in done.stdout
    assert done.stderr == ""
    done = onionrig("check", "--json", PATH=path)
    assert done.returncode == 0
    assert "no tor was asked about torrc lines" in done.stderr
    assert message in done.stderr
    done = onionrig("run", "--profile", "smoke", PATH=path)
    assert done.returncode == 4
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_module_that_tor_does_not_list_counts_as_there():
    refuse_missing_modules("tor", "")
    refuse_missing_modules("tor", "relay: yes\ndirauth: yes\ndircache: yes\npow: no\n")
    with pytest.raises(Unequipped, match="dircache"):
        refuse_missing_modules("tor", "relay: yes\ndirauth: yes\ndircache: no\n")
