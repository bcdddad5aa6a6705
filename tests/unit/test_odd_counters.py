"""Counters that begin again, jump or disappear on machines in good order: none is a doubt."""

import msgspec
import pytest

from onionrig.analysis.hosts.counters import WRAPS_AT, increase
from onionrig.analysis.hosts.host_rates import host_rates
from onionrig.analysis.hosts.interfaces import carried_bytes, kernel_rate, main_interface
from onionrig.analysis.load.loads import load_of
from onionrig.analysis.over_time.host_lines import cpu_by_state, interface_bits_per_second
from support.bottlenecks import bottleneck_of, evidence, trust_of
from support.records.conditions import happening, sampled
from support.records.recordings import watched
from support.records.samples import host_sample

GIGABIT = 1e9
PER_SECOND = 117_000_000
"""Bytes that a full link of a gigabit carries in a second."""


@pytest.mark.parametrize(
    ("previous", "current", "rose"),
    [
        (5, 9, 4),
        (9, 9, 0),
        # 32 bits were full
        (WRAPS_AT - 100, 17, 117),
        # it was started again
        (900_000, 12, 12),
        (3 * WRAPS_AT, 12, 12),
        # a sum over CPUs, one of which was switched off
        (9000, 6000, 0),
        # a difference of two clocks, which are never read in the same instant
        (18000.001, 18000.0, 0),
    ],
)
def test_a_counter_that_is_lower_than_before_rose_by_what_it_counted(previous, current, rose):
    assert increase(previous, current) == rose


def of_32_bits(whole):
    """Return a recording on a machine whose interfaces count in 32 bits."""
    return sampled(
        whole,
        lambda sample, _: msgspec.structs.replace(
            sample,
            interfaces={
                name: msgspec.structs.replace(
                    use,
                    received_bytes=use.received_bytes % WRAPS_AT,
                    sent_bytes=use.sent_bytes % WRAPS_AT,
                )
                for name, use in sample.interfaces.items()
            },
        ),
    )


def test_a_full_interface_whose_counters_are_full_in_the_hold_is_full():
    carries = {"lo": (1, 1, None), "eth0": (PER_SECOND, 1000, GIGABIT)}
    whole = of_32_bits(watched(seconds=60, carries=carries))
    samples = whole.samplers["sampler"]
    assert samples[-1].interfaces["eth0"].received_bytes < 60 * PER_SECOND
    assert carried_bytes(samples, "received") == 60 * PER_SECOND
    verdict = bottleneck_of(whole)
    assert verdict.sentence == "the interface eth0 was full: received 936 Mbit/s of 1.00 Gbit/s"
    rates = interface_bits_per_second(samples)["eth0 received"]
    assert set(rates.values()) == {PER_SECOND * 8}
    at = next(
        at
        for at, sample in enumerate(samples)
        if sample.interfaces["eth0"].received_bytes < PER_SECOND and at
    )
    (rate,) = (
        each for each in host_rates(*samples[at - 1 : at + 1]).interfaces if each.name == "eth0"
    )
    assert rate.received_bits_per_second == PER_SECOND * 8


def test_an_interface_that_was_away_for_some_seconds_is_the_one_that_carried_most():
    carries = {"lo": (9, 9, None), "eth0": (1000, 1000, GIGABIT), "tail0": (10, 10, None)}

    def without(sample, at):
        kept = {name: use for name, use in sample.interfaces.items() if name != "eth0" or at < 7}
        return msgspec.structs.replace(sample, interfaces=kept)

    samples = sampled(watched(carries=carries), without).samplers["sampler"]
    assert main_interface(samples) == "eth0"
    assert carried_bytes(samples, "sent") == 6000
    assert kernel_rate(samples) == GIGABIT


def jittering(second):
    """Return what a laptop says that slept for five hours before: two clocks differ by a little."""
    return 18_000.001 if second % 4 else 18_000.0


def test_a_machine_that_slept_before_the_run_was_not_suspended_in_the_hold():
    assert trust_of(happening(suspended_seconds=jittering)).doubts == ()
    long = happening(watched(seconds=3600), suspended_seconds=jittering)
    assert not [doubt for doubt in trust_of(long).doubts if "suspended" in doubt]


def test_a_cpu_that_is_switched_off_takes_its_counts_with_it_and_is_told_as_a_core_less():
    def fewer(before, after):
        return lambda at: after if at > 4 else before

    whole = happening(
        heat_throttled_seconds=fewer(50.0, 30.0),
        queued_frames=fewer(900_000, 600_000),
        unqueued_frames=fewer(90_000, 60_000),
        affinity_cores=fewer(2, 1),
    )
    assert trust_of(whole).doubts == (
        "here let the rig use 1 core in part of the hold, and 2 in the rest",
    )


def test_stolen_time_that_no_machine_could_lose_is_not_counted():
    def moved(sample, at):
        stolen = sample.cpu.steal + (1.8e9 if at > 4 else 0.0)
        return msgspec.structs.replace(
            sample, cpu=msgspec.structs.replace(sample.cpu, steal=stolen)
        )

    trust = trust_of(sampled(watched(steal=0.01), moved))
    assert trust.doubts == ()
    assert trust.noise.steal_cores == pytest.approx(0.009)
    assert "hypervisor" in trust_of(watched(steal=0.3)).doubts[0]


def test_a_state_of_the_cpu_whose_counter_falls_is_not_drawn_below_zero():
    first, second = host_sample(1, {}, idle=9.0), host_sample(2, {}, idle=8.9)
    assert cpu_by_state([first, second])["idle"] == {2: 0.0}


def test_one_reading_of_a_clock_above_all_others_makes_the_others_no_lower_clock():
    def busy(sample, at):
        return msgspec.structs.replace(
            sample,
            cpu=msgspec.structs.replace(sample.cpu, user=2.0 * at, system=0.0, idle=0.0),
            board=msgspec.structs.replace(sample.board, clock_hertz=4.9e9 if at == 2 else 3.1e9),
        )

    doubts = trust_of(sampled(watched(seconds=20), busy)).doubts
    assert not [doubt for doubt in doubts if "clock" in doubt]


def throttled(seconds_each, *, cores=2.0):
    """Return a recording of a group that is throttled for so many core-seconds per second."""
    return sampled(
        watched(cores={"relay-1": 0.3 * cores}),
        lambda sample, at: msgspec.structs.replace(
            sample,
            throttled_seconds=100 + seconds_each * at,
            throttled_periods=70 + 10 * at,
            quota_periods=800 + 10 * at,
        ),
    )


def test_time_throttled_is_summed_over_cores_and_never_more_than_the_hold():
    whole = throttled(1.5)
    (doubt,) = trust_of(whole).doubts
    assert doubt == (
        "CPU of here was withheld: its group was throttled for 15.0 s (summed over cores), in 100 "
        "of the 100 periods of its quota, although the hold used 0.60 of 2 cores"
    )
    found = evidence(bottleneck_of(whole), "threads that waited for a CPU of here")
    assert found.what.endswith(", throttled for 15.0 s (summed over cores)")
    assert load_of(whole).hold.seconds


def test_a_group_that_is_throttled_for_a_few_hundredths_of_its_cores_is_no_doubt():
    assert trust_of(throttled(0.09)).doubts == ()
