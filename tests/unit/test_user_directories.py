"""Where a user's own files and caches are: as the XDG Base Directory Specification has it."""

import pytest

from onionrig.cli.catalogue import own_boards
from onionrig.engine.local.equipment import cache_directory


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_without_a_word_they_are_below_the_home_directory(home):
    assert cache_directory() == home / ".cache" / "onionrig"
    assert own_boards() == home / ".config" / "onionrig" / "boards.toml"


def test_the_environment_says_otherwise(monkeypatch, home):
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "fast"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "etc"))
    assert cache_directory() == home / "fast" / "onionrig"
    assert own_boards() == home / "etc" / "onionrig" / "boards.toml"


@pytest.mark.parametrize("invalid", ["", "relative/path", "./here"])
def test_an_empty_or_a_relative_value_counts_as_none(monkeypatch, home, invalid):
    monkeypatch.setenv("XDG_CACHE_HOME", invalid)
    monkeypatch.setenv("XDG_CONFIG_HOME", invalid)
    assert cache_directory() == home / ".cache" / "onionrig"
    assert own_boards() == home / ".config" / "onionrig" / "boards.toml"
