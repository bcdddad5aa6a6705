"""Counters of bytes that have 32 bits start again within a hold, as on 32-bit boards."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.analysis.hosts.host_rates import host_rates
from onionrig.analysis.hosts.interfaces import carried_between
from onionrig.analysis.over_time.host_lines import cpu_by_state, interface_bits_per_second
from onionrig.analysis.result import analyse
from support.records.remote_hosts import cluster
from support.records.samples import HOLD, host_sample, interface

WORD = 1 << 32
FULL = {"pi1": 100e6, "pi2": 100e6}


def counted_in_32_bits(whole, *, begun):
    """Return a recording whose interfaces had carried so many bytes before it, in 32 bits."""
    narrow = lambda count: (count + begun) % WORD  # noqa: E731
    samplers = {
        name: [
            msgspec.structs.replace(
                sample,
                interfaces={
                    interface_name: msgspec.structs.replace(
                        use,
                        received_bytes=narrow(use.received_bytes),
                        sent_bytes=narrow(use.sent_bytes),
                    )
                    for interface_name, use in sample.interfaces.items()
                },
            )
            for sample in samples
        ]
        for name, samples in whole.samplers.items()
    }
    return msgspec.structs.replace(whole, samplers=samplers)


@pytest.mark.parametrize("begun", [0, WORD - 1, WORD - 40_000_000])
def test_a_run_whose_counters_start_again_has_the_result_of_one_whose_counters_do_not(begun):
    whole = cluster(mbit=(90, 90), links=FULL)
    result = analyse(counted_in_32_bits(whole, begun=begun))
    assert result == analyse(whole)
    assert result.bottleneck.kind == "interface"


@given(
    before=st.integers(0, WORD - 1), carried=st.integers(0, WORD - 1), packets=st.integers(0, 1000)
)
def test_up_to_4_gib_between_two_readings_are_known(before, carried, packets):
    first = interface(received=before)
    last = msgspec.structs.replace(
        first,
        received_bytes=(before + carried) % WORD,
        received_packets=first.received_packets + packets,
    )
    assert carried_between(first, last) == (carried, 0)


def test_an_interface_that_was_created_again_counts_from_0():
    assert carried_between(interface(sent=3 << 30), interface(sent=5000)) == (0, 5000)
    wide = interface(received=WORD + 7)
    packets_went_on = msgspec.structs.replace(wide, received_bytes=5)
    assert carried_between(wide, packets_went_on) == (5, 0)


def test_no_rate_is_negative_over_time_or_in_the_live_view():
    before = host_sample(
        HOLD, {}, idle=5.0, steal=3.0, interfaces={"eth0": {"sent": WORD - 1_000_000}}
    )
    after = host_sample(HOLD + 1, {}, idle=6.0, steal=1.0)
    sent = msgspec.structs.replace(
        before.interfaces["eth0"],
        sent_bytes=250_000,
        sent_packets=before.interfaces["eth0"].sent_packets + 900,
    )
    after = msgspec.structs.replace(after, interfaces={"eth0": sent})
    assert interface_bits_per_second([before, after])["eth0 sent"][HOLD + 1] == 10e6
    # a kernel's defect: the time that a hypervisor had taken was given back
    assert cpu_by_state([before, after])["steal"][HOLD + 1] == 0.0
    rates = host_rates(before, after)
    assert rates.interfaces[0].sent_bits_per_second == 10e6
    assert (rates.steal_share, rates.idle_share) == (0.0, 1.0)
