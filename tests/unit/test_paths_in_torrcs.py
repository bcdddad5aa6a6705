"""Paths with letters that mean something to tor reach it as they are."""

from pathlib import PurePosixPath

from onionrig.engine.torrcs import longest_socket
from onionrig.rig.quoting import torrc_path, torrc_socket
from support.rigs import experiment_of

PLAIN = PurePosixPath("/tmp/onionrig-1/backend-1/data")
ODD = PurePosixPath("/tmp/a b/#c \"d\" \\e 'f' %g $h/é")


def test_a_plain_path_stands_for_itself():
    assert torrc_path("DataDirectory", PLAIN) == f"DataDirectory {PLAIN}"
    assert torrc_socket("ControlSocket", PLAIN) == f"ControlSocket {PLAIN}"
    assert torrc_socket("HiddenServicePort", PLAIN, port=80) == (
        f"HiddenServicePort 80 unix:{PLAIN}"
    )


def test_an_odd_path_is_quoted_as_tor_reads_it():
    assert torrc_path("DataDirectory", ODD) == (
        r'''DataDirectory "/tmp/a b/#c \"d\" \\e 'f' %g $h/é"'''
    )
    blank = PurePosixPath("/a b/c")
    assert torrc_socket("ControlSocket", blank) == r'ControlSocket "unix:\"/a b/c\""'
    assert torrc_socket("HiddenServicePort", blank, port=80) == (
        r'HiddenServicePort "80 unix:\"/a b/c\""'
    )
    assert torrc_path("DataDirectory", PurePosixPath("/a\nSocksPort 1")) == (
        r'DataDirectory "/a\x0aSocksPort 1"'
    )


def test_the_longest_socket_is_that_of_the_experiment():
    assert longest_socket(experiment_of({})) == "source/backend-1.socket"
    assert longest_socket(experiment_of({"network": {"kind": "none"}})) == ""
    far = {"name": "x" * 12, "roles": ["authority", "relay", "backend", "balancer", "client"]}
    assert longest_socket(experiment_of({"hosts": [far]})) == (
        "source-xxxxxxxxxxxx/backend-1.socket"
    )
