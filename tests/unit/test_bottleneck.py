import msgspec
import pytest

from onionrig.analysis.backends.round_trip import round_trip
from onionrig.analysis.limits.full_cpu import host_uses
from onionrig.analysis.limits.stream_windows import have_windows
from onionrig.analysis.load.loads import load_of
from support.bottlenecks import bottleneck_of, evidence
from support.records.manifests import emulated_host, host, manifest, service
from support.records.recordings import recording, watched
from support.records.samples import HOLD, host_sample, ping_sample

WINDOW_BITS_OF_4 = 4 * 249_000 * 8
"""Bits that four streams may have on their way."""


def test_every_comparison_names_the_kind_of_bottleneck_that_it_would_be():
    limit = bottleneck_of(watched(cores={"relay-1": 1.9}, carries={"eth0": (0, 1_000, 100e6)}))
    kinds = {piece.what.partition(" of ")[0]: piece.kind for piece in limit.evidence}
    assert kinds["CPU"] == limit.kind == "machine CPU"
    assert kinds["main thread"] == "main thread"
    assert kinds["eth0"] == "interface"


# machine CPU


def test_a_full_machine_is_named_with_what_took_it():
    limit = bottleneck_of(watched(cores={"relay-1": 1.5, "sink": 0.3}, others=0.1, steal=0.04))
    assert limit.kind == "machine CPU"
    assert limit.subject == "here"
    assert limit.sentence == (
        "the machine's CPU was full: the rig used 1.80 of 2 cores, other processes 0.10, "
        "the hypervisor took 0.04"
    )
    piece = evidence(limit, "CPU of here, by process: rig 1.80, others 0.10, stolen 0.04")
    assert piece.measured == pytest.approx(1.94)
    assert (piece.limit, piece.unit, piece.at_limit) == (2.0, "cores", True)


@pytest.mark.parametrize(("cores", "kind"), [(1.87, "machine CPU"), (1.85, "load")])
def test_a_machine_is_full_from_93_percent_of_its_cores(cores, kind):
    spread = {f"relay-{number}": cores / 8 for number in range(8)}
    assert bottleneck_of(watched(cores=spread, size=1000)).kind == kind


def test_machine_wide_counters_that_miss_work_change_nothing():
    limit = bottleneck_of(watched(cores={"relay-1": 1.9}, busy=0.4))
    assert limit.kind == "machine CPU"
    assert evidence(limit, "CPU of here, by its machine-wide").measured == pytest.approx(0.4)
    assert not evidence(limit, "CPU of here, by its machine-wide").at_limit


def test_what_the_machine_wide_counters_have_beyond_is_of_processes_that_were_not_read():
    limit = bottleneck_of(watched(cores={"relay-1": 0.8}, others=0.4, busy=1.96))
    assert limit.sentence == (
        "the machine's CPU was full: the rig used 0.80 of 2 cores, other processes 1.16"
    )
    assert not evidence(limit, "CPU of here, by process").at_limit
    assert evidence(limit, "CPU of here, by its machine-wide").at_limit


def test_interrupts_fill_a_machine_and_are_nobodys():
    whole = watched(cores={"relay-1": 1.5}, others=0.02)
    busy = [
        msgspec.structs.replace(sample, cpu=msgspec.structs.replace(sample.cpu, softirq=0.4 * at))
        for at, sample in enumerate(whole.samplers["sampler"])
    ]
    limit = bottleneck_of(msgspec.structs.replace(whole, samplers={"sampler": busy}))
    assert limit.sentence == (
        "the machine's CPU was full: the rig used 1.50 of 2 cores, other processes 0.02, "
        "interrupts and unread processes 0.40"
    )


def test_of_several_hosts_the_full_one_is_named():
    whole = watched()
    samplers = {
        f"sampler-{name}": [host_sample(HOLD + at, {f"relay-{name}": used * at}) for at in (-1, 9)]
        for name, used in (("pi1", 1.0), ("pi2", 3.8))
    }
    services = [service(f"sampler-{name}", "sampler", name) for name in ("pi1", "pi2")]
    made = manifest(hosts=(host("pi1", cores=4), host("pi2", cores=4)), services=tuple(services))
    # over the 10 s between the samples the counters rise by ten times the rate
    limit = bottleneck_of(msgspec.structs.replace(whole, samplers=samplers, manifest=made))
    assert limit.subject == "pi2"
    assert limit.sentence == "the CPU of pi2 was full: the rig used 3.80 of 4 cores"


def test_emulated_hosts_fill_the_machine_that_they_share():
    whole = watched()
    samplers = {
        f"sampler-{name}": [host_sample(HOLD + at, {f"relay-{name}": used * at}) for at in (-1, 9)]
        for name, used in (("pi1", 0.9), ("pi2", 1.0))
    }
    services = [service(f"sampler-{name}", "sampler", name) for name in ("pi1", "pi2")]
    emulated = tuple(emulated_host(name, "vm") for name in ("pi1", "pi2"))
    made = manifest(hosts=(host("vm", cores=2),), emulated=emulated, services=tuple(services))
    whole = msgspec.structs.replace(whole, samplers=samplers, manifest=made)
    (use,) = host_uses(load_of(whole))
    assert (use.host, use.cores) == ("vm", 2)
    assert use.rig_cores == pytest.approx(1.9)
    assert (
        bottleneck_of(whole).sentence == "the machine's CPU was full: the rig used 1.90 of 2 cores"
    )


def test_a_process_that_ended_in_the_hold_counts_up_to_its_end():
    samples = [
        host_sample(HOLD - 1, {"relay-1": 5.0}),
        host_sample(HOLD + 4, {"relay-1": 9.0, "late": 1.0}),
        host_sample(HOLD + 9, {"late": 2.0}),
    ]
    whole = recording([], hold_seconds=10, samplers={"sampler": samples})
    (use,) = host_uses(load_of(whole))
    assert use.rig_cores == pytest.approx((4.0 + 2.0) / 10)


# interfaces


def test_an_interface_at_its_rate_is_named():
    # 11.6 MB/s is 92.8 Mbit/s of a 100 Mbit link
    limit = bottleneck_of(watched(size=1000, carries={"eth0": (500_000, 11_600_000, 100e6)}))
    assert limit.kind == "interface"
    assert limit.subject == "eth0"
    assert limit.sentence == "the interface eth0 was full: sent 92.8 Mbit/s of 100 Mbit/s"


@pytest.mark.parametrize(("sent", "kind"), [(11_250_000, "interface"), (11_249_000, "load")])
def test_an_interface_is_at_its_rate_from_nine_tenths(sent, kind):
    assert bottleneck_of(watched(size=1000, carries={"eth0": (0, sent, 100e6)})).kind == kind


def test_an_interface_that_receives_at_its_rate_is_named_too():
    limit = bottleneck_of(watched(size=1000, carries={"eth0": (12_000_000, 0, 100e6)}))
    assert "received 96.0 Mbit/s" in limit.sentence


def test_loopback_is_no_interface_whatever_it_says():
    limit = bottleneck_of(watched(size=1000, carries={"lo": (10**9, 10**9, 1e6)}))
    assert limit.kind == "load"
    assert not [piece for piece in limit.evidence if piece.what.startswith("lo ")]


def test_of_two_full_interfaces_the_fuller_is_named():
    carries = {"eth0": (0, 11_500_000, 100e6), "eth1": (12_400_000, 0, 100e6), "eth2": (9, 9, 1e9)}
    assert bottleneck_of(watched(size=1000, carries=carries)).subject == "eth1"


def test_an_interface_without_a_rate_is_evidence_if_it_carried_anything():
    carries = {"tap0": (1_000_000, 0, None), "tap1": (0, 0, None), "eth0": (0, 0, 1e9)}
    limit = bottleneck_of(watched(size=1000, carries=carries))
    piece = evidence(limit, "tap0")
    assert (piece.measured, piece.limit, piece.at_limit) == (8e6, None, False)
    assert not [piece for piece in limit.evidence if piece.what.startswith("tap1")]
    assert evidence(limit, "eth0").measured == 0


# main threads


def test_a_tor_at_a_full_core_is_named():
    cores = {"backend-1": 0.97, "relay-1": 0.4, "sink": 0.1}
    limit = bottleneck_of(watched(cores=cores, size=1000))
    assert limit.kind == "main thread"
    assert limit.subject == "backend-1"
    assert limit.sentence == "the main thread of backend-1 used a full core (0.97)"
    assert [piece.at_limit for piece in limit.evidence if "main thread" in piece.what] == [
        False, True, False,
    ]  # fmt: skip
    piece = evidence(limit, "main thread of backend-1")
    assert (piece.measured, piece.limit) == (pytest.approx(0.97), 1.0)


def test_of_a_process_that_was_started_again_the_last_ones_main_thread_counts():
    # 300 s so far, ended in the third second, started in the fifth, half a core from then on
    counted = [300.0, 300.9, 301.8, None, None, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
    samples = [
        host_sample(HOLD - 1 + at, {} if used is None else {"backend-1": used})
        for at, used in enumerate(counted)
    ]
    limit = bottleneck_of(watched(other={"samplers": {"sampler": samples}}))
    assert evidence(limit, "main thread of backend-1").measured == pytest.approx(0.5)


def test_the_main_thread_counts_and_not_the_whole_process():
    samples = [
        host_sample(HOLD + at, {"relay-1": 1.2 * at}, threads={"relay-1": (0.7 * at, 0.5 * at)})
        for at in range(-1, 10)
    ]
    limit = bottleneck_of(watched(size=1000, other={"samplers": {"sampler": samples}}))
    assert limit.kind == "load"
    assert evidence(limit, "main thread of relay-1").measured == pytest.approx(0.7)


def test_of_each_role_the_busiest_is_evidence():
    limit = bottleneck_of(watched(size=1000, cores={"relay-1": 0.2, "relay-2": 0.3}))
    assert [piece.what for piece in limit.evidence if "main thread" in piece.what] == [
        "main thread of relay-2"
    ]


def test_our_own_sink_at_a_full_core_says_that_the_rig_was_the_limit():
    limit = bottleneck_of(watched(cores={"sink": 0.99, "relay-1": 0.1}, size=1000))
    assert (limit.kind, limit.subject) == ("main thread", "sink")
    assert limit.sentence.startswith("the rig itself was the limit")


def test_a_tor_comes_before_our_own_process():
    cores = {"sink": 0.99, "client-1": 0.96}
    made = manifest(hosts=(host("here", cores=8),))
    assert (
        bottleneck_of(watched(cores=cores, size=1000, other={"manifest": made})).subject
        == "client-1"
    )


def test_a_sampler_that_is_busy_bounds_nothing():
    cores = {"sampler": 0.99, "relay-1": 0.1}
    assert bottleneck_of(watched(cores=cores, size=1000)).kind == "load"


# windows


def test_windows_bound_the_rate_where_nothing_is_full():
    # 4 windows of 249 kB in 42 ms are 189.7 Mbit/s; 171 Mbit/s are 21.375 MB a second
    limit = bottleneck_of(watched(size=21_375_000, round_trip=0.042))
    assert limit.kind == "window"
    assert limit.sentence == (
        "the streams' windows: 4 streams, each with a window of 249 kB over a round trip of 42 ms, cannot carry more "
        "than 190 Mbit/s; goodput was 171 Mbit/s"
    )
    piece = evidence(limit, "4 streams, each with a window")
    assert piece.measured == pytest.approx(171e6)
    assert piece.limit == pytest.approx(WINDOW_BITS_OF_4 / 0.042)


def test_one_stream_is_told_in_the_singular():
    limit = bottleneck_of(watched(streams=1, size=5_000_000, round_trip=0.042))
    assert limit.sentence.startswith(
        "the streams' windows: 1 stream with a window of 249 kB over a round trip of 42 ms cannot"
    )


@pytest.mark.parametrize(
    ("share", "kind"), [(0.49, "load"), (0.51, "window"), (1.24, "window"), (1.26, "unknown")]
)
def test_windows_count_from_half_of_what_they_allow_to_a_quarter_more(share, kind):
    size = round(WINDOW_BITS_OF_4 / 0.05 / 8 * share)
    assert bottleneck_of(watched(size=size, round_trip=0.05)).kind == kind


def test_a_full_machine_comes_before_windows():
    limit = bottleneck_of(watched(size=21_375_000, round_trip=0.042, cores={"relay-1": 1.96}))
    assert limit.kind == "machine CPU"
    assert evidence(limit, "4 streams").at_limit


@pytest.mark.parametrize(
    ("balancer", "cc_alg", "mode", "tor", "windows"),
    [
        ("stock 0.2.4", 2, "anonymous", "0.4.9.11", True),
        ("stock 0.2.4", 2, "single-hop", "0.4.9.11", True),
        ("stock 0.2.4", 0, "anonymous", "0.4.9.11", True),
        ("extended 0.2.4", 2, "anonymous", "0.4.9.11", False),
        ("extended 0.2.4", 0, "anonymous", "0.4.9.11", True),
        ("stock 0.2.4", 2, "without tor", "0.4.9.11", False),
        # where the consensus leaves it out, tor's own default holds
        ("extended 0.2.4", None, "anonymous", "0.4.9.11", False),
        ("extended 0.2.4", None, "anonymous", "0.4.8.2-alpha", False),
        ("extended 0.2.4", None, "anonymous", "0.4.8.1-alpha", True),
        ("extended 0.2.4", 2, "anonymous", "0.4.8.1-alpha", False),
        ("stock 0.2.4", None, "anonymous", "0.4.9.11", True),
    ],
)
def test_only_streams_without_congestion_control_have_fixed_windows(
    balancer, cc_alg, mode, tor, windows
):
    made = manifest(
        versions=msgspec.structs.replace(manifest().versions, tor=tor),
        balancer=balancer,
        balancer_switches=("flow_control",) if balancer.startswith("extended") else (),
        mode=mode,
        consensus_parameters={} if cc_alg is None else {"cc_alg": cc_alg},
    )
    assert have_windows(made) is windows
    whole = watched(size=21_375_000, round_trip=0.042, other={"manifest": made})
    assert bottleneck_of(whole).kind == ("window" if windows else "load")


def test_the_instances_own_addresses_have_congestion_control_whatever_publishes_the_one():
    made = manifest(balancer="stock 0.2.4", consensus_parameters={"cc_alg": 2})
    assert not have_windows(made, "instances")
    assert have_windows(made, "address")
    assert have_windows(manifest(consensus_parameters={"cc_alg": 0}), "instances")


def test_the_round_trip_is_the_holds_median_of_all_clients():
    pings = {
        "pinger": [
            ping_sample(HOLD - 1, {"client-1": 0.001, "client-2": 0.002}),
            ping_sample(HOLD, {"client-1": 0.03, "client-2": None}),
            ping_sample(HOLD + 1, {"client-1": 0.05, "client-2": 0.09}),
            ping_sample(HOLD + 10, {"client-1": 7.0}),
        ]
    }
    whole = watched(other={"pings": pings})
    measured = round_trip(load_of(whole))
    assert measured.lowest_seconds == 0.001
    assert measured.median_in_hold_seconds == 0.05
    assert measured.highest_in_hold_seconds == 0.09


def test_an_idle_round_trip_stands_in_where_none_was_answered_in_the_hold():
    pings = {
        "pinger": [
            ping_sample(HOLD - 3, {"client-1": 0.042}),
            ping_sample(HOLD, {"client-1": None}),
        ]
    }
    assert bottleneck_of(watched(size=21_375_000, other={"pings": pings})).kind == "window"


# load, unknown


def test_a_load_that_is_too_low_is_told_what_the_windows_would_allow():
    limit = bottleneck_of(watched(size=1_250_000, round_trip=0.01))
    assert limit.kind == "load"
    assert limit.sentence == (
        "nothing was full at 10.0 Mbit/s, while 4 streams, each with a window of 249 kB over a "
        "round trip of 10 ms, would allow 797 Mbit/s: more streams may bring more"
    )


def test_a_short_round_trip_is_told_with_two_figures():
    assert (
        "a round trip of 4.2 ms, would"
        in bottleneck_of(watched(size=9, round_trip=0.0042)).sentence
    )


def test_without_a_round_trip_nobody_knows_whether_windows_bound_it():
    limit = bottleneck_of(watched(other={"pings": {}}))
    assert limit.kind == "unknown"
    assert "no round trip" in limit.sentence


def test_without_samplers_nobody_knows():
    limit = bottleneck_of(watched(other={"samplers": {}}))
    assert limit.kind == "unknown"
    assert "no sampler" in limit.sentence


def test_nothing_is_said_of_a_run_that_held_nothing():
    limit = bottleneck_of(watched(seconds=0))
    assert (limit.kind, limit.evidence) == ("unknown", ())


def test_a_hold_in_which_nothing_came_is_not_bound_by_windows():
    assert bottleneck_of(watched(size=0)).kind == "unknown"
