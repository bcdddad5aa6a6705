"""What around the program would keep a run from working is told from the rest, and named."""

import pytest

from onionrig.errors import Unequipped
from onionrig.processes.surroundings import (
    MOST_SOCKET_BYTES,
    WORKSPACE,
    intercepting,
    refuse_intercepted,
    unfit,
    without_proxies,
)

MAPS = """\
55579dc02000-55579dc04000 r--p 00000000 fe:00 260386                     /usr/bin/python3.11
7f0e09aec000-7f0e09aef000 r--p 00000000 fe:00 5595221                    {}
7f0e09b00000-7f0e09b04000 rw-p 00000000 00:00 0
"""
ODD = "/tmp/a b/#c \"d\" \\e 'f' %g $h"
LIBRARY = "/usr/lib/x86_64-linux-gnu"


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (f"{LIBRARY}/torsocks/libtorsocks.so.0.0.0", "torsocks"),
        (f"{LIBRARY}/libproxychains.so.4", "proxychains"),
        ("/usr/lib/libproxychains4.so", "proxychains"),
        ("/usr/lib/libproxychains.so.3.0.0", "proxychains"),
        ("/usr/lib/libtsocks.so.1.8", "tsocks"),
        ("/usr/lib/libdsocksd.so.0", "dsocks"),
    ],
)
def test_a_library_that_sends_connections_through_a_proxy_is_named(path, named):
    assert intercepting(MAPS.format(path), {}) == f"{named} ({path})"
    assert intercepting("", {"LD_PRELOAD": f"/lib/libeatmydata.so:{path}"}) == f"{named} ({path})"
    assert intercepting("", {"LD_PRELOAD": f"libx.so {path}"}) == f"{named} ({path})"


@pytest.mark.parametrize(
    "path",
    [
        f"{LIBRARY}/libjemalloc.so.2", "/usr/lib/libeatmydata.so", "/home/torsocks/libx.so",
        f"{LIBRARY}/libsocket.so", "/opt/libtorsocks-notes.txt",
    ],
)  # fmt: skip
def test_any_other_library_is_left_alone(path):
    assert intercepting(MAPS.format(path), {"LD_PRELOAD": path}) is None


def test_this_process_has_no_such_library(monkeypatch):
    refuse_intercepted()
    monkeypatch.setenv("LD_PRELOAD", "libtorsocks.so")
    with pytest.raises(Unequipped, match=r"torsocks \(libtorsocks\.so\) is loaded"):
        refuse_intercepted()


def test_variables_that_name_a_proxy_are_not_handed_on():
    harmless = {"PATH": "/bin", "HOME": "/root", "PROXY": "x", "proxy_pass": "y"}
    proxies = ("http_proxy", "HTTPS_PROXY", "all_proxy", "No_Proxy", "ftp_proxy", "socks_proxy")
    assert without_proxies({**harmless, **dict.fromkeys(proxies, "http://127.0.0.1:1")}) == harmless


@pytest.mark.parametrize("directory", ["/tmp", ODD, "/home/é/tmp", "/tmp/日本語"])
def test_a_temporary_directory_may_have_odd_letters(directory):
    assert unfit(directory) is None


@pytest.mark.parametrize(
    ("directory", "message"),
    [
        ("/tmp/a\nb", "a line break"),
        ("/tmp/a\tb", "another control character"),
        ("/tmp/a\x7f", "another control character"),
        ("/tmp/\udcff", "not UTF-8"),
    ],
)
def test_directories_that_files_cannot_name_are_refused(directory, message):
    assert message in unfit(directory)


@pytest.mark.parametrize("letter", [" ", "#", '"', "'", "\\", "%", "$", ":", "é", "{"])
def test_ssh_is_given_plain_letters_alone(letter):
    assert f"its path has {letter!r}" in unfit(f"/tmp/a{letter}b", for_ssh=True)
    assert unfit("/tmp/a.b_c+d,e=f@g-h", for_ssh=True) is None


def test_a_path_that_is_too_long_for_sockets_is_refused_with_how_much_it_is_too_long():
    longest = "authority-1/control"
    room = MOST_SOCKET_BYTES - len(f"/{WORKSPACE}/{longest}")
    assert unfit("/" + "x" * (room - 1), longest) is None
    assert "its path is 3 bytes too long" in unfit("/" + "x" * (room + 2), longest)
    assert "its path is 1 byte too long" in unfit("/é" + "x" * (room - 2), longest)
