"""A control connection to a tor that goes away when it is least convenient."""

import asyncio
import socket
import threading
from contextlib import suppress

import pytest

from onionrig.tor.control import GONE, control
from support.waiting import HANG_SECONDS

pytestmark = pytest.mark.process

ADDRESS = "a" * 56
EVENT = (f"650 HS_DESC FAILED {ADDRESS} NO_AUTH $" + "A" * 40 + " REASON=NOT_FOUND\r\n").encode()
ANSWERS = {
    "PROTOCOLINFO": (
        '250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL\r\n250-VERSION Tor="0.4.9.11"\r\n250 OK\r\n'
    ),
    "GETINFO version": "250-version=0.4.9.11\r\n250 OK\r\n",
}


class Tor:
    """Answers as a tor does, and hangs up after a question, with events on their way."""

    def __init__(self, path, question, times, *, last_words=EVENT * 50):
        self.asked = []
        self._last = (question, times)
        self._last_words = last_words
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._serving = threading.Thread(target=self._serve)

    def __enter__(self):
        self._serving.start()
        return self

    def __exit__(self, *_):
        self._serving.join(HANG_SECONDS)
        self._listener.close()

    def times_asked(self, question):
        return sum(asked.startswith(question) for asked in self.asked)

    def _serve(self):
        connection, _ = self._listener.accept()
        self._listener.close()
        with connection, connection.makefile("rb") as lines:
            for line in lines:
                question = line.decode().strip()
                self.asked.append(question)
                if self.times_asked(self._last[0]) == self._last[1]:
                    connection.sendall(self._last_words)
                    return
                answer = next(
                    (text for known, text in ANSWERS.items() if question.startswith(known)),
                    "250 OK\r\n",
                )
                connection.sendall(answer.encode())
                if question.startswith("HSFETCH"):
                    connection.sendall(EVENT)


# stem asks for events of its own first, so the third time is whenever ours are asked for again
@pytest.mark.parametrize(("question", "times"), [("SETEVENTS", 3), ("HSFETCH", 2)])
async def test_a_tor_that_hangs_up_while_it_tells_events_holds_nobody_up(tmp_path, question, times):
    with Tor(tmp_path / "control", question, times) as tor, suppress(*GONE):
        async with asyncio.timeout(HANG_SECONDS), control(str(tmp_path / "control")) as connected:
            for _ in range(3):
                await connected.ask_hsdir(ADDRESS, server="A" * 40, seconds=0.2)
    assert tor.times_asked("SETEVENTS") == 2
    assert tor.times_asked("HSFETCH") >= 2


@pytest.mark.parametrize("question", ["PROTOCOLINFO", "AUTHENTICATE", "GETINFO"])
async def test_a_tor_that_hangs_up_while_it_is_connected_to_is_gone(tmp_path, question):
    path = tmp_path / "control"
    with Tor(path, question, 1, last_words=b""), pytest.raises(GONE):
        async with asyncio.timeout(HANG_SECONDS), control(str(path)) as connected:
            await connected.ask_hsdir(ADDRESS, server="A" * 40, seconds=0.2)


async def test_a_connection_that_is_reset_as_soon_as_it_stands_leads_to_no_tor(tmp_path):
    path = tmp_path / "control"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def reset_all():
            with suppress(OSError):
                while True:
                    listener.accept()[0].close()

        resetting = threading.Thread(target=reset_all)
        resetting.start()
        try:
            with pytest.raises(GONE):
                async with asyncio.timeout(HANG_SECONDS), control(str(path)):
                    pass
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            resetting.join(HANG_SECONDS)
