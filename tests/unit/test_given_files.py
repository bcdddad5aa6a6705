"""A small file that somebody named may be a pipe, a device, or saved by an editor on Windows."""

import errno
import os
import threading
from pathlib import Path

import pytest

from onionrig.cli.question import layers_of
from onionrig.errors import UsageError
from onionrig.store.given_files import MOST_BYTES, given_bytes, given_text

EXPERIMENT = "[load]\nstreams = 7\n"


def test_a_pipe_is_read_to_its_end_however_late_it_is_written_to(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writing = threading.Thread(target=pipe.write_text, args=(EXPERIMENT,))
    writing.start()
    assert given_text(pipe) == EXPERIMENT
    writing.join()


def test_a_pipe_that_nobody_writes_to_is_given_up(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(TimeoutError, match=r"nothing was written to it for 0\.01 s"):
        given_bytes(tmp_path / "pipe", silent_seconds=0.01)


def test_a_device_that_never_ends_is_another_file():
    with pytest.raises(UsageError, match=r"/dev/zero cannot be read: it has more than 1\.00 MiB"):
        layers_of(Path("/dev/zero"), None, [])


def test_a_file_of_the_greatest_size_is_read_and_a_larger_one_is_not(tmp_path):
    path = tmp_path / "large"
    path.write_bytes(b"#" * MOST_BYTES)
    assert len(given_bytes(path)) == MOST_BYTES
    path.write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(OSError, match="so it is another file") as caught:
        given_bytes(path)
    assert caught.value.errno == errno.EFBIG


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_editors_on_windows_save_is_read(tmp_path, encoding, end):
    path = tmp_path / "mine.toml"
    path.write_text(EXPERIMENT, encoding=encoding, newline=end)
    assert layers_of(path, None, [])[-1] == {"load": {"streams": 7}}


@pytest.mark.parametrize(
    ("encoding", "message"),
    [("utf-16", "it is UTF-16; save it as UTF-8"), ("latin-1", "'utf-8' codec can't decode")],
)
def test_what_is_not_utf_8_is_refused_with_what_it_is(tmp_path, encoding, message):
    path = tmp_path / "mine.toml"
    path.write_text('description = "Zwölf"\n', encoding=encoding)
    with pytest.raises(UsageError) as caught:
        layers_of(path, None, [])
    assert str(caught.value).startswith(f"{path} is not UTF-8: ")
    assert message in str(caught.value)
