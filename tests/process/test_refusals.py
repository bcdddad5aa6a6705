"""Whatever the system refuses is answered in words, with the path and an exit code of ours."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from onionrig.cli import main
from onionrig.errors import (
    UNEXPECTED,
    OnionrigError,
    RecordsUnreadable,
    RunDirectoryError,
    Unequipped,
)
from onionrig.store.refusals import explained
from support.files import PROJECT
from support.processes.command_line import ONIONRIG, SHORT_BASELINE

pytestmark = pytest.mark.process

LONG = "x" * 300
NOT_UTF_8 = os.fsdecode(b"b\xff")


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "--set", f"cluster.inventory={LONG}"),
        ("check", LONG),
        ("check", "--inventory", LONG),
        ("show", LONG),
        ("report", LONG),
        ("runs", "--directory", LONG),
        ("run", "--profile", "smoke", "--out", LONG),
        ("baseline", "--out", LONG),
        ("compare", LONG, LONG),
        ("export", LONG, "--csv"),
        ("export", LONG, "--prometheus-file", LONG),
        ("plan", "--target", "100Mbit", "--from", LONG),
        ("plan", "--target", "100Mbit", "--report", LONG),
        ("plan", "--target", "100Mbit", "--probe", LONG),
        ("probe", "--out", LONG),
        ("sweep", "--resume", LONG),
        ("descriptor", LONG),
        ("cluster", "check", "--inventory", LONG),
        ("check", "--set", "backends.daemons=2", f"{LONG}/{LONG}"),
    ],
    ids=lambda arguments: " ".join(arguments).replace(LONG, "x…"),
)
def test_a_name_that_is_too_long_is_no_traceback(onionrig, arguments):
    done = onionrig(*arguments)
    assert "Traceback" not in done.stderr
    assert done.returncode in {2, 4, 8, 11}
    assert done.stdout == ""


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [("check", "--profile", "smoke"), ("--version",)])
def test_a_disk_that_is_full_is_told_of_what_is_printed(arguments, unbuffered):
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "onionrig", *arguments],
            env={**os.environ, "PYTHONPATH": f"{PROJECT}/src", "PYTHONUNBUFFERED": unbuffered},
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
    assert done.returncode == RunDirectoryError.exit_code
    assert done.stderr.startswith("error: ")
    assert "standard output" in done.stderr
    assert "No space left on device" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (
            PermissionError(errno.EACCES, "Permission denied", "/a/b"),
            RecordsUnreadable,
            "/a/b: Per",
        ),
        (OSError(errno.EROFS, "Read-only file system", b"/a"), RunDirectoryError, "/a: Read-only"),
        (OSError(errno.ENOSPC, "No space left"), RunDirectoryError, "a file: No space"),
        (OSError(errno.EMFILE, "Too many open files"), Unequipped, "ulimit -n"),
        (OSError(errno.EIO, "Input/output error"), OnionrigError, "Input/output error"),
        (OSError("no number"), OnionrigError, "no number"),
        (RuntimeError("Symlink loop from '/a'"), RecordsUnreadable, "from '/a'"),
    ],
)
def test_what_an_error_becomes(error, kind, message):
    assert type(explained(error)) is kind
    assert message in str(explained(error))


def test_a_link_to_itself_is_no_traceback(onionrig, tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    shutil.copytree(PROJECT / "tests" / "data" / "smoke-run", tmp_path / "r")
    for arguments in (
        ("export", "r", "--prometheus-file", "loop"),
        ("export", "r", "--bundle", "loop"),
        ("export", "r", "--csv", "loop"),
        ("report", "r", "--out", "loop"),
        ("report", "loop"),
        ("check", "loop"),
    ):
        done = onionrig(*arguments)
        assert done.returncode in {2, 8, 11}, done.stderr
        assert done.stderr.count("Traceback") == 0
        assert "loop" in done.stderr


def test_a_file_whose_name_is_not_utf_8_can_be_run(onionrig, tmp_path):
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xff.toml")).write_text("", encoding="utf-8")
    done = onionrig(
        *SHORT_BASELINE, os.fsdecode(b"b\xff.toml"), "--no-report", "--out", "o",
    )  # fmt: skip
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("baseline", "--out", NOT_UTF_8), 8, "not UTF-8"),
        (("sweep", "--over", "load.streams=1,2", "--out", NOT_UTF_8), 8, "not UTF-8"),
        (("compare", "smoke", "smoke", "--out", NOT_UTF_8), 8, "not UTF-8"),
        (("check", "--set", f"load.streams={NOT_UTF_8}"), 2, "load.streams = 'b\ufffd': "),
        (("check", "--set", f'backends.torrc=["#{NOT_UTF_8}"]'), 2, "backends.torrc = "),
        (("check", "--set", f"load.{NOT_UTF_8}=1"), 2, "not UTF-8"),
        (("check", f"{NOT_UTF_8}.toml"), 2, "No such file"),
        (("check", "-i", NOT_UTF_8), 2, "cluster.inventory = "),
        (("plan", "--target", "1Mbit", "--probe", NOT_UTF_8), 2, "No such file"),
        (("sweep", "--resume", NOT_UTF_8), 11, "is no sweep"),
        (("run", "--target", NOT_UTF_8), 2, "not UTF-8"),
        (("hardware", NOT_UTF_8), 2, "no such board"),
    ],
    ids=lambda value: " ".join(value).replace(NOT_UTF_8, "b?") if isinstance(value, tuple) else "",
)
def test_a_word_that_is_not_utf_8_is_no_traceback(onionrig, arguments, code, message):
    done = onionrig(*arguments)
    assert "Traceback" not in done.stderr
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr


def test_a_run_can_be_looked_at_where_its_directory_is_called_something_that_is_not_utf_8(
    onionrig, tmp_path
):
    shutil.copytree(PROJECT / "tests" / "data" / "smoke-run", tmp_path / NOT_UTF_8)
    for arguments in (
        ("show", NOT_UTF_8),
        ("show", NOT_UTF_8, "--json"),
        ("runs", "--under", "."),
        ("runs", "--under", ".", "--json"),
        ("compare", NOT_UTF_8, NOT_UTF_8, "--json"),
        ("export", NOT_UTF_8, "--csv", f"{NOT_UTF_8}-csv"),
        ("plan", "--target", "1Mbit", "--hardware", "pi3b", "--from", NOT_UTF_8, "--json"),
    ):
        done = onionrig(*arguments)
        assert (done.returncode in {0, 3}, done.stderr.count("Traceback")) == (True, 0), done.stderr
        assert "--json" not in arguments or json.loads(done.stdout)


@pytest.mark.parametrize(
    "arguments",
    [
        ("baseline",), ("run", "--profile", "smoke"), ("compare", "smoke", "smoke"),
        ("sweep", "--over", "load.streams=1,2"),
    ],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
def test_a_directory_that_was_removed_under_the_program_is_named(tmp_path, arguments):
    (tmp_path / "gone").mkdir()
    script = 'cd "$1" && rmdir "$1" && shift && exec "$@"'
    done = subprocess.run(
        ["/bin/sh", "-c", script, "sh", str(tmp_path / "gone"), *ONIONRIG, *arguments],
        env={**os.environ, "PYTHONPATH": f"{PROJECT}/src", "TMPDIR": "/tmp"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == RunDirectoryError.exit_code
    assert "the directory in which this was started is no longer there" in done.stderr


def test_a_record_that_would_hold_a_name_that_is_not_utf_8_is_refused():
    with pytest.raises(UnicodeEncodeError) as caught:
        msgspec.json.encode(NOT_UTF_8)
    assert type(explained(caught.value)) is RunDirectoryError
    assert str(explained(caught.value)).startswith("b\ufffd: this is not UTF-8")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look into every directory")
def test_a_directory_that_may_not_be_looked_into(onionrig, tmp_path):
    shut = tmp_path / "shut"
    shut.mkdir(mode=0o000)
    done = onionrig("show", str(shut / "run"))
    assert done.returncode == RecordsUnreadable.exit_code
    assert "Permission denied" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_nothing_explains_is_called_a_defect_below_its_traceback(monkeypatch, capfd):
    monkeypatch.setattr(sys, "argv", ["onionrig", "hardware"])
    monkeypatch.setattr(main, "application", lambda _: lambda _: {}["a key"])
    with pytest.raises(SystemExit) as ended:
        main.main()
    lines = capfd.readouterr().err.strip().splitlines()
    assert ended.value.code == UNEXPECTED
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-2] == "KeyError: 'a key'"
    assert lines[-1].startswith("error: onionrig failed in a way that it does not know")
