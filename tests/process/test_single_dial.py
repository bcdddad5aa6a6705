"""One dial of the address: it names the backend instance that served it, or says why none did."""

import asyncio

import pytest

from onionrig.movers.payload import head_line
from onionrig.movers.single_dial import ENOUGH_BYTES, STREAM, dial_once
from onionrig.records.streams.transfers import Ending
from onionrig.rig.orders import SocksEndpoint
from onionrig.tor.socks import Credentials
from support.processes.fake_socks import FakeSocks, Ignore, Refuse, Say, Serve
from support.processes.movers_bench import (
    ADDRESS,
    PORT,
    free_port,
)
from support.waiting import HANG_SECONDS

pytestmark = pytest.mark.process


def probe(port, timeout_seconds=HANG_SECONDS):
    client = SocksEndpoint(name="client 0", host="127.0.0.1", port=port)
    credentials = Credentials(username="probe", password=str(port))
    dial = dial_once(ADDRESS, PORT, client, credentials, timeout_seconds=timeout_seconds)
    return asyncio.run(dial)


def test_a_probe_names_the_backend_that_served_it(bench):
    bench.serve()
    with FakeSocks(lambda *_: Serve(bench.socket("0"))) as socks:
        transfer = probe(socks.port)

    assert not transfer.failed
    assert transfer.stream == STREAM
    assert transfer.backend == "0"
    assert transfer.verified_bytes >= ENOUGH_BYTES
    assert 0 < transfer.connected_after_seconds <= transfer.first_byte_after_seconds


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (Refuse(0xF7), "SOCKS refused: F7 onion service introduction timed out"),
        (Say(b"SSH-2.0-OpenSSH_9.2\r\n"), "not our source"),
        (Say(head_line("here", "0") + bytes(9)), "corrupt payload"),
    ],
)
def test_a_probe_that_fails_says_why(behaviour, reason):
    with FakeSocks(lambda *_: behaviour) as socks:
        transfer = probe(socks.port)

    assert transfer.reason == reason


@pytest.mark.parametrize(
    ("behaviour", "reasons"),
    [
        (Ignore(), ["connect timeout"]),
        (Say(b""), ["connect timeout", "no first byte"]),
        (Say(head_line("here", "0")), ["connect timeout", "no first byte", "stalled"]),
    ],
)
def test_a_probe_that_waits_in_vain_says_for_what(behaviour, reasons):
    with FakeSocks(lambda *_: behaviour) as socks:
        for timeout_seconds in (1.0, 10.0, 100.0):  # until this machine gets as far meanwhile
            transfer = probe(socks.port, timeout_seconds)
            assert transfer.reason in reasons
            assert transfer.ended_after_seconds >= timeout_seconds
            if transfer.reason == reasons[-1]:
                break

    assert transfer.reason == reasons[-1]


def test_a_probe_of_a_client_tor_that_is_not_there_says_so():
    assert probe(free_port()).ending is Ending.CLIENT_UNREACHABLE
