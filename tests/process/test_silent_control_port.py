"""A control port where something listens and says nothing, or says it slowly: no wait is endless."""

import asyncio
import socket
import threading
from contextlib import suppress

import pytest
import stem

from onionrig.errors import NoTorToAsk
from onionrig.tor import control_connection
from onionrig.tor.control import GONE, Control
from onionrig.tor.control_address import control_at
from onionrig.tor.control_connection import ControlConnection, connected
from support.descriptors import descriptor
from support.waiting import HANG_SECONDS, until

pytestmark = pytest.mark.process

ANSWERS = {
    "PROTOCOLINFO": (
        b'250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL\r\n250-VERSION Tor="0.4.9.11"\r\n250 OK\r\n'
    ),
    "GETINFO version": b"250-version=0.4.9.11\r\n250 OK\r\n",
}


class Port:
    """Listens at a port of a family, and answers nothing, or all but one question."""

    def __init__(self, host="127.0.0.1", *, talks=False):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family)
        self.port = self._listener.getsockname()[1]
        self._talks = talks
        self.connections = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()
        for connection in self.connections:
            connection.close()

    def _accept(self):
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections.append(connection)
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with suppress(OSError), connection.makefile("rb") as lines:
            for line in lines:
                question = line.decode().strip()
                if self._talks and "valid-after" not in question:
                    known = (text for start, text in ANSWERS.items() if question.startswith(start))
                    connection.sendall(next(known, b"250 OK\r\n"))


@pytest.fixture
def silent():
    with Port() as port:
        yield port


async def test_a_silent_port_is_given_up_by_name(silent):
    async with asyncio.timeout(HANG_SECONDS):
        with pytest.raises(NoTorToAsk, match=rf"127.0.0.1:{silent.port}: no answer within 0.2 s"):
            async with control_at([f"127.0.0.1:{silent.port}"], seconds=0.2):
                pass


async def test_a_tor_that_falls_silent_is_given_up_by_what_was_asked():
    with Port(talks=True) as port:
        async with asyncio.timeout(HANG_SECONDS):
            controller, connection = await connected(("127.0.0.1", port.port))
            tor = Control(controller, hang_up=connection.hang_up, answer_seconds=0.2)
            with pytest.raises(GONE, match="no answer of this tor to consensus/valid-after within"):
                await tor.info("consensus/valid-after")
            await tor.close()


def test_a_connection_that_is_hung_up_while_it_dials_ends_as_well(silent, monkeypatch):
    connection = ControlConnection(("127.0.0.1", silent.port))
    dial = control_connection._dialled

    def dial_and_be_hung_up(place):
        dialled = dial(place)
        connection.hang_up()
        return dialled

    monkeypatch.setattr(control_connection, "_dialled", dial_and_be_hung_up)
    with pytest.raises(stem.SocketError, match="the time for an answer is over"):
        connection.connect()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
async def test_a_port_is_reached_by_name_and_by_either_kind_of_address(host):
    try:
        port = Port(host="::1" if host == "[::1]" else "127.0.0.1", talks=True)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with port:
        async with asyncio.timeout(HANG_SECONDS), control_at([f"{host}:{port.port}"]) as (_, place):
            assert place == f"{host}:{port.port}"


@pytest.mark.parametrize("place", ["localhost:1", "[::1]:1", "no.such.name.invalid:1", ".x:1"])
async def test_a_closed_port_and_an_unknown_name_are_reported(place):
    with pytest.raises(NoTorToAsk) as caught:
        async with control_at([place]):
            pass
    assert f"no tor to ask: {place}: " in str(caught.value)


def test_ctrl_c_ends_the_command_while_it_waits(silent, onionrig):
    _, address = descriptor(1)
    asking = onionrig.start("descriptor", address, "--control", f"127.0.0.1:{silent.port}")
    until(lambda: silent.connections, "the command to connect")
    asking.interrupt()
    assert asking.ends() == 130, asking.stderr
    assert "Ctrl-C" in asking.stderr
