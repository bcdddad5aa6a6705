"""The counters that are read are those that the installed tor has."""

import asyncio
import subprocess
from contextlib import ExitStack, suppress

import pytest

from onionrig.engine.local.ports import allocated_ports
from onionrig.tor.counters import counters_from
from onionrig.tor.metrics_port import fetched_metrics
from onionrig.tor.program import find_tor
from support.processes.children import child
from support.waiting import HANG_SECONDS

NOWHERE = "DirAuthority a orport=1 no-v2 v3ident={0} 127.0.0.1:9 {0}".format("0123456789" * 4)


@pytest.fixture
def ask(tmp_path):
    """Start a tor that knows no network, and give what its MetricsPort answers."""
    tors = ExitStack()

    async def start(*lines):
        with allocated_ports({"metrics": None, "or": None}, address="127.0.0.1") as ports:
            torrc = tmp_path / "torrc"
            torrc.write_text(
                "\n".join(
                    [
                        "TestingTorNetwork 1",
                        NOWHERE,
                        f"DataDirectory {tmp_path}/data",
                        f"MetricsPort 127.0.0.1:{ports['metrics']}",
                        "MetricsPortPolicy accept 127.0.0.1",
                        "SocksPort 0",
                        *(line.format(port=ports["or"], directory=tmp_path) for line in lines),
                    ]
                )
            )
            tors.enter_context(child(find_tor().path, "-f", str(torrc), stdout=subprocess.DEVNULL))
        async with asyncio.timeout(HANG_SECONDS):
            while True:
                with suppress(OSError):
                    said = await asyncio.to_thread(
                        fetched_metrics, "127.0.0.1", ports["metrics"], seconds=HANG_SECONDS
                    )
                    return counters_from(said, read_wall_seconds=1.0)
                await asyncio.sleep(0.05)

    with tors:
        yield start


async def test_an_onion_service_has_its_counters_and_no_relay(ask):
    found = await ask(
        "HiddenServiceDir {directory}/service",
        "HiddenServicePort 9000 unix:{directory}/source",
        "HiddenServicePort 9007 unix:{directory}/echo",
    )
    assert found.application_bytes == {"9000": 0, "9007": 0}
    assert (found.rendezvous_circuits, found.rendezvous_open, found.rendezvous_failed) == (0, 0, {})
    assert (found.introduction_circuits, found.introductions) == (0, 0)
    assert found.relayed_read_bytes is found.relayed_written_bytes is None


async def test_a_relay_has_its_bytes_and_no_onion_service(ask):
    found = await ask("ORPort 127.0.0.1:{port}", "Address 127.0.0.1", "AssumeReachable 1")
    assert found.application_bytes == {}
    assert found.rendezvous_circuits is found.introductions is None
    assert found.relayed_read_bytes > 0  # the question itself
    assert found.relayed_written_bytes == 0


async def test_a_client_has_neither(ask):
    found = await ask()
    assert found.application_bytes == {}
    assert found.relayed_read_bytes is found.rendezvous_circuits is None
