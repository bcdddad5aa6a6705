"""The connection over loopback that the yardstick and the probe measure."""

import socket

import pytest

from onionrig.errors import Unequipped
from onionrig.movers.yardstick.loopback import connected_pair


def test_what_one_end_sends_the_other_receives():
    near, far = connected_pair()
    with near, far:
        near.sendall(b"there")
        far.sendall(b"back")
        assert (far.recv(5), near.recv(4)) == (b"there", b"back")


def test_a_machine_without_tcp_over_loopback_is_refused_by_name(monkeypatch):
    def refuse(*_, **__):
        raise OSError("Cannot assign requested address")

    monkeypatch.setattr(socket, "create_server", refuse)
    with pytest.raises(Unequipped, match=r"TCP over 127\.0\.0\.1 does not work here: Cannot"):
        connected_pair()
