"""The program that delays links: built once for each version of its source, or said why not."""

import os
import shutil
import subprocess
import sys
from importlib import resources

import pytest

from onionrig.engine.emulation.delaybox import delaybox
from onionrig.errors import Unequipped
from support.files import write_program

CC = shutil.which("cc")

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(CC is None, reason="there is no C compiler here"),
]


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A path of its own, to put programs on."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    return directory


def test_the_delaybox_is_built_once_and_reused(tmp_path):
    built = delaybox(tmp_path / "cache")
    built_at = built.stat().st_mtime_ns
    assert delaybox(tmp_path / "cache").stat().st_mtime_ns == built_at
    names = {path.name for path in built.parent.iterdir()}
    assert names == {built.name, f"{built.name}.sha256"}
    completed = subprocess.run([built], capture_output=True, text=True, check=False)
    assert (completed.returncode, completed.stderr[:15]) == (2, "usage: delaybox")


@pytest.mark.parametrize("damage", [b"", bytes(17416)])
def test_a_delaybox_that_a_power_cut_has_damaged_is_built_again(tmp_path, damage):
    built = delaybox(tmp_path / "cache")
    whole = built.read_bytes()
    built.write_bytes(damage)
    assert delaybox(tmp_path / "cache").read_bytes() == whole


def test_the_delaybox_compiles_without_a_warning(tmp_path):
    source = resources.files("onionrig.engine.emulation") / "delaybox.c"
    flags = ["-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    completed = subprocess.run(
        [CC, *flags, "-o", tmp_path / "box", source], capture_output=True, text=True, check=False
    )
    assert completed.returncode == 0, completed.stderr


def test_without_a_compiler_the_package_is_named(tmp_path, programs):
    with pytest.raises(Unequipped, match="apt-get install gcc libc6-dev"):
        delaybox(tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_the_output_of_a_failing_compiler_is_in_the_error(tmp_path, programs):
    write_program(programs, "cc", "echo 'fatal error: linux/if_packet.h' >&2; exit 1")
    with pytest.raises(Unequipped, match=r"linux/if_packet\.h"):
        delaybox(tmp_path / "cache")


def test_the_delaybox_is_built_ahead_of_time_into_the_users_cache(tmp_path):
    completed = subprocess.run(
        [sys.executable, "-m", "onionrig.engine.emulation.delaybox"],
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    (built,) = (path for path in (tmp_path / "onionrig").iterdir() if path.suffix != ".sha256")
    assert completed.stdout == f"{built}\n"
    assert built.parent.stat().st_mode & 0o777 == 0o700
