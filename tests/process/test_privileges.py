"""Who may have emulated hosts, and what those are told who may not."""

import subprocess
import sys

import pytest

from onionrig.engine.emulation import privileges
from onionrig.errors import Unequipped
from support.files import write_program
from support.waiting import HANG_SECONDS

pytestmark = pytest.mark.process


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """The only programs there are: whatever a test puts there."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    monkeypatch.setattr(privileges, "ROOTS_PATH", str(directory))
    for name in privileges.TOOLS:
        write_program(directory, name, "exit 0")
    return directory


def test_nothing_is_done_where_namespaces_can_be_made(programs):
    # the evidence: it returns; else it would raise, or another program would take this one's place
    privileges.enter_user_namespace_if_needed()


@pytest.mark.parametrize(
    ("missing", "package"), [("ip", "iproute2"), ("tc", "iproute2"), ("nsenter", "util-linux")]
)
def test_a_missing_program_is_named_with_its_package(programs, missing, package):
    (programs / missing).unlink()
    with pytest.raises(Unequipped, match=f"made with {missing}, .*apt-get install {package}"):
        privileges.enter_user_namespace_if_needed()


def test_a_program_that_is_only_on_roots_path_is_found(programs, monkeypatch, tmp_path):
    (tmp_path / "sbin").mkdir()
    monkeypatch.setattr(privileges, "ROOTS_PATH", str(tmp_path / "sbin"))
    (programs / "tc").rename(tmp_path / "sbin" / "tc")
    assert privileges.tool("tc") == str(tmp_path / "sbin" / "tc")
    privileges.enter_user_namespace_if_needed()


def test_the_error_says_why_namespaces_cannot_be_made(programs):
    write_program(programs, "unshare", "exit 1")
    with pytest.raises(Unequipped, match="this user may not make any"):
        privileges.enter_user_namespace_if_needed()


def test_it_tries_once_only(programs, monkeypatch):
    write_program(programs, "unshare", '[ "$1" = --user ]')
    monkeypatch.setenv(privileges.IN_USER_NAMESPACE, "1")
    with pytest.raises(Unequipped):
        privileges.enter_user_namespace_if_needed()


AGAIN = """
import os, sys
from onionrig.engine.emulation.privileges import IN_USER_NAMESPACE, enter_user_namespace_if_needed
if IN_USER_NAMESPACE not in os.environ:
    enter_user_namespace_if_needed()
print(os.getpid(), os.getppid(), sys.argv[1:])
"""


def test_it_is_started_again_with_the_same_id_and_the_same_command_line(programs, tmp_path):
    # grants what is asked within --user only, as for somebody who is not root
    write_program(
        programs, "unshare", '[ "$1" = --user ] || exit 1; shift 3; [ "$1" = unshare ] || exec "$@"'
    )
    program = tmp_path / "again.py"
    program.write_text(AGAIN)
    process = subprocess.Popen(
        [sys.executable, program, "run", "a b", "--hold=3"],
        env={"PATH": str(programs)},
        stdout=subprocess.PIPE,
        text=True,
    )
    stdout, _ = process.communicate(timeout=HANG_SECONDS)
    pid, _, arguments = stdout.split(" ", 2)
    assert int(pid) == process.pid
    assert arguments.strip() == "['run', 'a b', '--hold=3']"
