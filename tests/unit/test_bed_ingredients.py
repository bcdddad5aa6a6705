"""What the bed of hosts is made from: mirrors of this machine, a cache that is shared."""

import threading

import pytest

from support.bed.cache import cached
from support.bed.sources import debian_sources
from support.files import lay_out

STANZAS = """\
# where this image came from
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/debian.gpg

Types: deb
URIs: http://mirror.example/security
Suites: bookworm-security
Components: main

Types: deb-src
URIs: http://mirror.example/sources
Suites: bookworm
Components: main
"""
LINES = """\
deb [arch=amd64 signed-by=/usr/share/keyrings/debian.gpg] http://mirror.example/debian bookworm main non-free
# deb http://mirror.example/commented bookworm main
deb https://other.example/docker bookworm stable
deb https://other.example/tools tools-bookworm main
"""


@pytest.fixture(autouse=True)
def cache_home(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_another_suite_comes_from_this_machines_own_mirrors(tmp_path):
    lay_out(tmp_path, {"sources.list.d/debian.sources": STANZAS})
    assert debian_sources("trixie", etc=tmp_path, codename="bookworm") == (
        "Types: deb\n"
        "URIs: http://mirror.example/debian\n"
        "Suites: trixie trixie-updates\n"
        "Components: main\n"
        "Signed-By: /usr/share/keyrings/debian.gpg\n"
        "\n"
        "Types: deb\n"
        "URIs: http://mirror.example/security\n"
        "Suites: trixie-security\n"
        "Components: main\n"
    )


def test_one_line_sources_are_read_and_those_of_others_are_left_out(tmp_path):
    lay_out(tmp_path, {"sources.list": LINES})
    assert debian_sources("bookworm", etc=tmp_path, codename="bookworm") == (
        "Types: deb\n"
        "URIs: http://mirror.example/debian\n"
        "Suites: bookworm\n"
        "Components: main\n"
        "Signed-By: /usr/share/keyrings/debian.gpg\n"
    )


def test_a_machine_without_debian_sources_is_told_so(tmp_path):
    with pytest.raises(RuntimeError, match="no source of Debian's bookworm"):
        debian_sources("trixie", etc=tmp_path, codename="bookworm")


def test_the_cache_makes_a_thing_once_and_anew_when_it_is_made_from_something_else():
    made = []

    def make(directory):
        made.append(directory.name)
        (directory / "content").write_text("whole")

    first = cached("thing", {"of": 1}, make)
    assert cached("thing", {"of": 1}, make) == first
    assert (first / "content").read_text() == "whole"
    assert cached("thing", {"of": 2}, make) != first
    assert len(made) == 2


def test_two_that_ask_at_once_share_what_one_of_them_makes():
    made, waiting = [], threading.Barrier(2)

    def ask():
        waiting.wait()
        cached("thing", {}, made.append)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_what_a_maker_that_failed_left_is_made_again():
    def fail(directory):
        (directory / "half").write_text("")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        cached("thing", {}, fail)
    place = cached("thing", {}, lambda directory: (directory / "whole").write_text(""))
    assert [path.name for path in place.iterdir()] == ["whole"]
