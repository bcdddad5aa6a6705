"""Emulated hosts: their rates, their delays, and that nothing gets out."""

import errno
import select
import socket
import statistics
from contextlib import ExitStack, suppress

import pytest

from beds import (
    PORT,
    Flow,
    connected,
    echoing,
    host,
    listening,
    measured_bits_per_second,
    round_trips,
    standing,
)

PAYLOAD = 1448 / 1514
"""Of a frame as the kernel counts it: TCP with timestamps, IP and Ethernet headers come on top."""


@pytest.mark.parametrize("rate", [1e6, 20e6, 100e6, 400e6])
async def test_a_link_carries_its_rate_and_no_more(tmp_path, rate):
    async with standing(tmp_path, host(1, rate=rate), host(2)) as stands:
        one, two = stands.namespaces.values()
        with Flow(one, "10.77.0.1", two) as out:
            rates = measured_bits_per_second([out])
        with Flow(two, "10.77.0.2", one) as back:
            rates += measured_bits_per_second([back])
    assert rates == [pytest.approx(PAYLOAD * rate, rel=0.05)] * 2


async def test_several_links_are_full_at_once(tmp_path):
    clients, *boards = host(9), *(host(number, rate=50e6) for number in range(1, 5))
    async with standing(tmp_path, clients, *boards) as stands:
        with ExitStack() as stack:
            flows = [
                stack.enter_context(
                    Flow(stands.namespaces[board.name], board.address, stands.namespaces["host9"])
                )
                for board in boards
            ]
            rates = measured_bits_per_second(flows)
    assert rates == [pytest.approx(PAYLOAD * 50e6, rel=0.05)] * 4


async def test_nothing_gets_through_while_the_plug_is_out(tmp_path):
    async with standing(tmp_path, host(1), host(2, delay=0.001)) as stands:
        one, two = stands.namespaces.values()
        for name in ("host1", "host2"):
            with echoing(one, "10.77.0.1"):
                stands.set_link(name, up=False)
                with pytest.raises(TimeoutError):
                    connected(two, "10.77.0.1", seconds=0.5)
                stands.set_link(name, up=True)
                assert round_trips(two, "10.77.0.1", 1)[0] < 1


@pytest.mark.parametrize(
    ("delays", "expected"), [((0.002, 0.0), 0.004), ((0.025, 0.015), 0.08), ((0.5, 0.0), 1.0)]
)
async def test_a_round_trip_is_twice_the_delays_of_both_links(tmp_path, delays, expected):
    async with standing(
        tmp_path, host(1, delay=delays[0]), host(2, delay=delays[1], rate=100e6)
    ) as stands:
        one, two = stands.namespaces.values()
        with echoing(one, "10.77.0.1"):
            took = round_trips(two, "10.77.0.1", 5 if expected >= 1 else 20)
    assert statistics.median(took) == pytest.approx(expected, rel=0.1)
    assert stands.delayed_by in {"netem", "delaybox"}


async def test_a_delayed_link_carries_its_rate_too(tmp_path):
    async with standing(tmp_path, host(1, rate=100e6, delay=0.02), host(2)) as stands:
        one, two = stands.namespaces.values()
        with Flow(one, "10.77.0.1", two) as flow:
            (rate,) = measured_bits_per_second([flow], warm_up=3)
    assert rate == pytest.approx(PAYLOAD * 100e6, rel=0.05)


async def test_500_mbit_through_100_ms_lose_nothing(tmp_path):
    async with standing(tmp_path, host(1, delay=0.1), host(2)) as stands:
        one, two = stands.namespaces.values()
        with ExitStack() as stack:
            flows = [stack.enter_context(Flow(one, "10.77.0.1", two)) for _ in range(8)]
            carried = sum(measured_bits_per_second(flows, warm_up=3))
    assert carried > 500e6
    if stands.delayed_by == "delaybox":
        said = (tmp_path / "delay-host1.log").read_text()
        assert said.count("carried, 0 lost, 0 missed") == 2, said


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
    before = socket.if_nameindex()
    async with standing(tmp_path, host(1, delay=0.01)) as stands:
        with listening(stands.namespaces["host1"], "10.77.0.1") as listener:
            assert socket.if_nameindex() == before
            with socket.socket() as outside, suppress(OSError):
                outside.settimeout(0.3)
                outside.connect(("10.77.0.1", PORT))  # wherever that leads, not there
            assert select.select([listener], [], [], 0)[0] == []


async def test_two_sets_of_hosts_stand_side_by_side(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    hosts = host(1, rate=20e6), host(2)
    async with standing(tmp_path / "a", *hosts) as a, standing(tmp_path / "b", *hosts) as b:
        with (
            Flow(a.namespaces["host1"], "10.77.0.1", a.namespaces["host2"]) as first,
            Flow(b.namespaces["host1"], "10.77.0.1", b.namespaces["host2"]) as second,
        ):
            rates = measured_bits_per_second([first, second])
    assert rates == [pytest.approx(PAYLOAD * 20e6, rel=0.05)] * 2
