"""Emulated hosts: their rates, their delays, and that nothing gets out."""

import errno
import select
import socket
from contextlib import ExitStack, suppress

import pytest

from onionrig.engine.emulation.links import SWITCH
from support.processes.emulated_links import (
    PORT,
    Flow,
    Shaped,
    arrives,
    asking,
    at_a_rate_that_binds,
    connected,
    echoing,
    full,
    host,
    listening,
    quarters,
    standing,
)

TRIPS = 200
"""As many as are needed for one that nothing on this machine has held up."""


@pytest.mark.parametrize("rate", [1e6, 20e6, 100e6, 400e6])
@pytest.mark.parametrize("out", [True, False], ids=["out", "back"])
async def test_a_link_carries_its_rate_and_no_more(tmp_path, rate, out):
    # the evidence is in full(), which looks at the kernel's count, and in at_a_rate_that_binds()
    async def fills(rate):
        async with standing(tmp_path, host(1, rate=rate), host(2)) as stands:
            one, two = stands.namespaces.values()
            ends = (one, "10.77.0.1", two) if out else (two, "10.77.0.2", one)
            link = Shaped(stands, "host1", out=out)
            begun_bytes = link.sent_bytes()
            with Flow(*ends) as flow:
                filled = full(link)
                if filled:
                    arrives(flow, link.sent_bytes() - begun_bytes)
            return filled

    await at_a_rate_that_binds(tmp_path, quarters(rate), fills)


async def test_several_links_are_full_at_once(tmp_path):
    # the evidence is in full(): all four in one window, and none above its rate
    async def fills(rate):
        clients, *boards = host(9), *(host(number, rate=rate) for number in range(1, 5))
        async with standing(tmp_path, clients, *boards) as stands:
            with ExitStack() as stack:
                for board in boards:
                    namespace = stands.namespaces[board.name]
                    stack.enter_context(Flow(namespace, board.address, stands.namespaces["host9"]))
                return full(*(Shaped(stands, board.name) for board in boards))

    await at_a_rate_that_binds(tmp_path, quarters(50e6), fills)


async def test_nothing_gets_through_while_the_plug_is_out(tmp_path):
    async with standing(tmp_path, host(1), host(2, delay=0.001)) as stands:
        one, two = stands.namespaces.values()
        for name in ("host1", "host2"):
            with echoing(one, "10.77.0.1"):
                stands.set_link(name, up=False)
                with pytest.raises(TimeoutError):
                    connected(two, "10.77.0.1", seconds=0.5)
                stands.set_link(name, up=True)
                with asking(two, "10.77.0.1") as round_trip:
                    assert round_trip()


@pytest.mark.parametrize(
    ("delays", "expected"), [((0.002, 0.0), 0.004), ((0.025, 0.015), 0.08), ((0.5, 0.0), 1.0)]
)
async def test_a_round_trip_is_twice_the_delays_of_both_links(tmp_path, delays, expected):
    async with standing(
        tmp_path, host(1, delay=delays[0]), host(2, delay=delays[1], rate=100e6)
    ) as stands:
        one, two = stands.namespaces.values()
        with echoing(one, "10.77.0.1"), asking(two, "10.77.0.1") as round_trip:
            took = []
            while min(took, default=expected * 2) > expected * 1.1 and len(took) < TRIPS:
                took.append(round_trip())
    # a program that waits for its core makes a trip longer, and nothing makes it shorter
    assert min(took) == pytest.approx(expected, rel=0.1)
    assert stands.delayed_by in {"netem", "delaybox"}


async def test_a_delayed_link_carries_its_rate_too(tmp_path):
    # the evidence is in full(), as above
    async def fills(rate):
        async with standing(tmp_path, host(1, rate=rate, delay=0.02), host(2)) as stands:
            one, two = stands.namespaces.values()
            with Flow(one, "10.77.0.1", two):
                return full(Shaped(stands, "host1"))

    await at_a_rate_that_binds(tmp_path, quarters(100e6), fills)


async def test_500_mbit_through_100_ms_lose_nothing(tmp_path):
    async def fills(rate):
        logs = tmp_path / f"{rate:.0f}"
        logs.mkdir()
        async with standing(logs, host(1, rate=rate, delay=0.1), host(2)) as stands:
            one, two = stands.namespaces.values()
            with ExitStack() as stack:
                for _ in range(8):
                    stack.enter_context(Flow(one, "10.77.0.1", two))
                filled = full(Shaped(stands, "host1"))
        if filled and stands.delayed_by == "delaybox":
            said = (logs / "delay-host1.log").read_text()
            assert said.count("carried, 0 lost, 0 missed") == 2, said
        return filled

    await at_a_rate_that_binds(tmp_path, quarters(550e6, least=8e6), fills)


async def test_no_host_has_a_route_out(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as ours:
        async with standing(tmp_path, host(1)) as stands:
            one = stands.namespaces["host1"]
            with one.socket() as outward, pytest.raises(OSError, match="unreachable") as caught:
                outward.connect(("192.0.2.1", 80))  # RFC 5737: documentation
            assert caught.value.errno == errno.ENETUNREACH
            with one.socket() as inward, pytest.raises(ConnectionRefusedError):
                inward.connect(ours.getsockname())
            assert [name for _, name in one.inside(socket.if_nameindex)] == ["lo", "eth0"]


async def test_no_interface_of_the_machine_has_to_do_with_it(tmp_path):
    before = {name for _, name in socket.if_nameindex()}
    async with standing(tmp_path, host(1, delay=0.01)) as stands:
        (link,) = stands.links
        with listening(stands.namespaces["host1"], "10.77.0.1") as listener:
            now = {name for _, name in socket.if_nameindex()}
            assert not (now - before) & {SWITCH, link.port, link.near, link.wire, "eth0"}
            with socket.socket() as outside, suppress(OSError):
                outside.settimeout(0.3)
                outside.connect(("10.77.0.1", PORT))  # wherever that leads, not there
            assert select.select([listener], [], [], 0)[0] == []


async def test_two_sets_of_hosts_stand_side_by_side(tmp_path):
    # the evidence is in full(): either link at its own rate, in one window
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    async def fills(rate):
        hosts = host(1, rate=rate), host(2)
        async with standing(tmp_path / "a", *hosts) as a, standing(tmp_path / "b", *hosts) as b:
            with (
                Flow(a.namespaces["host1"], "10.77.0.1", a.namespaces["host2"]),
                Flow(b.namespaces["host1"], "10.77.0.1", b.namespaces["host2"]),
            ):
                return full(Shaped(a, "host1"), Shaped(b, "host1"))

    await at_a_rate_that_binds(tmp_path, quarters(20e6), fills)
