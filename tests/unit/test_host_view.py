"""What a host does between two samples, as the live view shows it."""

from __future__ import annotations

import pytest

from onionrig.analysis.hosts.host_rates import host_rates
from onionrig.records.samples import BoardState, CpuStates, HostSample, InterfaceUse
from onionrig.units import percent_text
from onionrig.views.live.host import host_line, interfaces_line

IDLE_BOARD = BoardState(temperature_celsius=None, clock_hertz=None, governor=None, throttling=None)


def sample(at, *, received=0, sent=0, **more):
    return HostSample(
        second=int(at),
        monotonic_seconds=at,
        wall_seconds=at,
        processes={},
        cpu=CpuStates(
            user=more.get("user", 0.0), nice=0.0, system=more.get("system", 0.0),
            idle=more.get("idle", 0.0), iowait=0.0, irq=0.0, softirq=0.0,
            steal=more.get("steal", 0.0),
        ),
        others_cpu_seconds=None,
        load_average=1.5,
        available_memory_bytes=1 << 30,
        interfaces={
            "eth0": InterfaceUse(
                received_bytes=received, received_packets=received // 1000, sent_bytes=sent,
                sent_packets=0, link_bits_per_second=1e9,
            ),
            "eth1": InterfaceUse(
                received_bytes=7, received_packets=7, sent_bytes=7, sent_packets=7,
                link_bits_per_second=None,
            ),
        },
        tcp_retransmitted_segments=more.get("retransmitted"),
        board=more.get("board", IDLE_BOARD),
    )  # fmt: skip


def test_shares_are_of_all_cores_and_add_up():
    rates = host_rates(sample(10.0), sample(11.0, user=1.0, system=0.5, idle=0.4, steal=0.1))
    assert (rates.user_share, rates.system_share) == pytest.approx((0.5, 0.25))
    assert (rates.idle_share, rates.steal_share) == pytest.approx((0.2, 0.05))


def test_interfaces_that_carried_nothing_are_left_out():
    rates = host_rates(sample(10.0), sample(12.0, idle=2.0, received=250_000, sent=125_000))
    (eth0,) = rates.interfaces
    assert eth0.name == "eth0"
    assert eth0.received_bits_per_second == pytest.approx(1e6)
    assert eth0.sent_bits_per_second == pytest.approx(0.5e6)
    assert eth0.received_packets_per_second == pytest.approx(125)
    assert interfaces_line(rates) == "eth0 1.00 Mbit/s in, 500 kbit/s out"


def test_what_the_board_does_not_tell_is_not_shown():
    line = host_line(host_rates(sample(10.0), sample(11.0, idle=2.0)))
    assert line == "CPU 0.0 % user, 0.0 % system, 100.0 % idle; load 1.50"


def test_what_the_board_tells_is_shown():
    board = BoardState(
        temperature_celsius=81.5,
        clock_hertz=1.2e9,
        governor="ondemand",
        throttling=("under-voltage now",),
    )
    before, after = (
        sample(10.0, retransmitted=5),
        sample(12.0, idle=4.0, retransmitted=25, board=board),
    )
    line = host_line(host_rates(before, after))
    assert line.endswith(
        "81.5 °C; 1.20 GHz (ondemand); throttling: under-voltage now; 10 TCP segments/s "
        "retransmitted"
    )


def test_no_time_between_two_samples_is_no_rate():
    assert host_rates(sample(10.0), sample(10.0)) is None


def test_nothing_is_a_zero_without_a_sign():
    assert percent_text(-0.0004) == "0.0 %"
    assert percent_text(0.0104) == "1.0 %"
