import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.analysis.backends.fairness import jain, smallest_over_mean
from onionrig.analysis.load.windows import lowest_mean, sustained_bits_per_second
from onionrig.analysis.result import analyse
from onionrig.records.events import Covered, Failed, Starved
from onionrig.records.streams.transfers import Ending
from support.records.manifests import manifest
from support.records.recordings import recording
from support.records.samples import HOLD, host_sample, sink_sample, transfer

counts = st.lists(st.integers(min_value=0, max_value=10**9), min_size=10, max_size=80)


def held(sizes, *, missing=()):
    return [
        sink_sample(HOLD + index, {"backend-1": size})
        for index, size in enumerate(sizes)
        if index not in missing
    ]


@given(counts)
def test_sustained_is_the_lowest_of_all_ten_second_means(sizes):
    by_hand = min(statistics.mean(sizes[start : start + 10]) for start in range(len(sizes) - 9))
    assert sustained_bits_per_second(sizes) == pytest.approx(8 * by_hand)


@given(st.lists(st.integers(0, 2), min_size=10, max_size=40))
def test_the_lowest_ten_seconds_are_the_first_that_have_the_sustained_rate(sizes):
    totals = [sum(sizes[start : start + 10]) for start in range(len(sizes) - 9)]
    lowest = lowest_mean(sizes)
    assert lowest.begins_after_seconds == totals.index(min(totals))
    assert lowest.bits_per_second == sustained_bits_per_second(sizes) == min(totals) * 8 / 10


@given(counts)
def test_sustained_lies_between_the_lowest_second_and_the_mean(sizes):
    result = analyse(recording(held(sizes)))
    goodput = result.goodput
    assert goodput.lowest_second_bits_per_second <= goodput.sustained_bits_per_second + 1e-6
    assert goodput.sustained_bits_per_second <= goodput.highest_second_bits_per_second + 1e-6
    # windows overlap, so the worst one need not be below the mean of few seconds; of 10 it is it
    if len(sizes) == 10:
        assert goodput.sustained_bits_per_second == pytest.approx(goodput.mean_bits_per_second)


@given(counts, st.data())
def test_a_missing_second_counts_as_nothing(sizes, data):
    missing = data.draw(st.sets(st.integers(0, len(sizes) - 1), max_size=5))
    zeroed = [0 if index in missing else size for index, size in enumerate(sizes)]
    with_gaps = analyse(recording(held(sizes, missing=missing), hold_seconds=len(sizes))).goodput
    with_zeros = analyse(recording(held(zeroed))).goodput
    assert with_gaps.sustained_bits_per_second == with_zeros.sustained_bits_per_second
    assert with_gaps.missing_seconds == len(missing)
    assert with_zeros.missing_seconds == 0


def test_fewer_than_ten_seconds_have_no_sustained_rate():
    assert sustained_bits_per_second([1] * 9) is None
    assert analyse(recording(held([1] * 9))).goodput.sustained_bits_per_second is None


def test_seconds_before_and_after_the_hold_do_not_count():
    around = [sink_sample(HOLD - 1, {"backend-1": 10**9}), *held([100] * 10),
              sink_sample(HOLD + 10, {"backend-1": 10**9})]  # fmt: skip
    goodput = analyse(recording(around, hold_seconds=10)).goodput
    assert goodput.mean_bits_per_second == 800
    assert goodput.steady_seconds == 10


def test_a_rate_is_the_sum_of_all_backends():
    samples = [sink_sample(HOLD + n, {"backend-1": 3, "backend-2": 1}) for n in range(10)]
    result = analyse(recording(samples))
    assert result.goodput.median_second_bits_per_second == 32
    assert [(share.name, share.bytes, share.share) for share in result.backends] == [
        ("backend-1", 30, 0.75),
        ("backend-2", 10, 0.25),
    ]
    assert result.bytes.verified == 40


@given(st.lists(st.integers(min_value=0, max_value=10**12), min_size=1, max_size=60))
def test_jains_index_lies_between_one_in_n_and_one(shares):
    index = jain(shares)
    if sum(shares) == 0:
        assert index is None
    else:
        assert 1 / len(shares) - 1e-9 <= index <= 1


def test_jains_index_knows_the_extremes():
    assert jain([5, 5, 5, 5]) == 1
    assert jain([7, 0, 0, 0]) == pytest.approx(0.25)
    assert smallest_over_mean([1, 3]) == pytest.approx(0.5)
    assert smallest_over_mean([0, 0]) is None


def test_a_backend_that_served_nothing_is_starved_for_the_reason_that_was_found():
    starved = Starved(wall_seconds=0, since_start_seconds=1, backend="backend-2", reason="shared")
    result = analyse(recording(held([1] * 10), events=[starved]))
    assert [(found.name, found.reason) for found in result.fairness.starved] == [
        ("backend-2", "shared")
    ]
    without = analyse(recording(held([1] * 10)))
    (found,) = without.fairness.starved
    assert found.reason.startswith("no stream chose it")


def test_a_backend_that_was_missed_by_chance_is_told_how_likely_that_was():
    covered = Covered(
        wall_seconds=0, since_start_seconds=1, client="client-1",
        usable_points={"backend-1": 3, "backend-2": 1},
    )  # fmt: skip
    (found,) = analyse(recording(held([1] * 10), events=[covered], asked=4)).fairness.starved
    assert "1 of the 4 that they can use is its own" in found.reason
    assert "31.6 % of runs" in found.reason  # (3/4)^4


def test_a_backend_that_was_named_starved_but_served_is_not():
    starved = Starved(wall_seconds=0, since_start_seconds=1, backend="backend-1", reason="shared")
    result = analyse(recording(held([1] * 10), events=[starved]))
    assert [found.name for found in result.fairness.starved] == ["backend-2"]


@pytest.mark.parametrize(("target", "met"), [(800, True), (801, False), (None, None)])
def test_the_target_is_met_by_the_sustained_rate(target, met):
    result = analyse(recording(held([100] * 12), target=target))
    assert result.verdict.met is met
    assert result.status == "complete"


def test_an_aborted_run_keeps_what_was_measured_and_says_why():
    failed = Failed(
        wall_seconds=0, since_start_seconds=1, error="DaemonDied", message="x", exit_code=7
    )
    result = analyse(recording(held([100] * 15), hold_seconds=60, events=[failed], done=False))
    assert result.status == "aborted"
    assert result.failure.exit_code == 7
    assert result.goodput.sustained_bits_per_second == 800
    assert result.goodput.steady_seconds == 15
    assert result.verdict.met is None


def test_a_killed_controller_leaves_a_run_that_was_killed():
    result = analyse(recording([], hold_seconds=60, done=False))
    assert result.status == "aborted"
    assert result.failure.error == "Killed"
    assert result.goodput.sustained_bits_per_second is None


def test_streams_are_counted_by_what_became_of_them():
    transfers = [
        transfer(0),
        transfer(1, verified=0, ending=Ending.SOCKS_REFUSED, detail="F2", first_byte=None),
        transfer(1, 2),
        transfer(2, ending=Ending.STALLED),
        transfer(2, 2, verified=0, ending=Ending.SOCKS_REFUSED, detail="F2", first_byte=None),
        transfer(3, verified=0, ending=Ending.CONNECT_TIMEOUT, first_byte=None),
    ]
    streams = analyse(recording(held([1] * 10), transfers=transfers)).streams
    assert (streams.asked, streams.connected, streams.failed) == (4, 3, 4)
    assert streams.reconnected == 1
    assert streams.failed_by_reason == {
        "SOCKS refused: F2": 2, "stalled": 1, "connect timeout": 1,
    }  # fmt: skip
    assert streams.median_first_byte_seconds == 1.0


def test_costs_are_cpu_seconds_over_the_gbit_of_the_same_seconds():
    samples = [sink_sample(HOLD + n, {"backend-1": 125_000_000}) for n in range(10)]
    small = dict.fromkeys(("relay-1", "relay-2", "sink"), 5 << 20)
    samplers = {
        "sampler": [
            host_sample(HOLD - 2, {"relay-1": 0.0, "relay-2": 0.0, "sink": 0.0}),
            host_sample(HOLD - 1, {"relay-1": 1.0, "relay-2": 2.0, "sink": 0.5}),
            host_sample(HOLD + 4, {"relay-1": 2.0, "relay-2": 4.0, "sink": 0.6}, rss_bytes=small),
            host_sample(HOLD + 9, {"relay-1": 6.0, "relay-2": 7.0, "sink": 0.7}),
            host_sample(HOLD + 10, {"relay-1": 60.0, "relay-2": 70.0, "sink": 7.0}),
        ]
    }
    costs = analyse(recording(samples, samplers=samplers)).costs
    assert costs["relay"].processes == 2
    assert costs["relay"].cpu_seconds_per_gbit == pytest.approx((5 + 5) / 10)
    assert costs["relay"].cores == pytest.approx(1.0)
    assert costs["sink"].cpu_seconds_per_gbit == pytest.approx(0.02)
    assert costs["relay"].peak_rss_bytes == 10 << 20


def test_bring_up_is_timed_from_the_start():
    up = analyse(recording(held([1] * 10))).bring_up_seconds
    assert (up.network, up.frontend, up.total) == (12.0, 40.0, 41.5)


def test_corrupt_bytes_are_counted_apart():
    samples = [*held([1] * 9), sink_sample(HOLD + 9, {"backend-1": 1}, corrupt=7)]
    assert analyse(recording(samples)).bytes.corrupt == 7


def test_of_a_baseline_the_bytes_of_a_foreign_peer_are_goodput_and_belong_to_no_backend():
    samples = [sink_sample(HOLD + n, {}, unverified=500) for n in range(10)]
    made = manifest(mode="without tor", backends={})
    result = analyse(recording(samples, manifest=made, target=4000.0))
    assert result.goodput.sustained_bits_per_second == 4000
    assert result.verdict.met is True
    assert (result.bytes.verified, result.bytes.unverified) == (0, 5000)
    assert result.backends == ()
    assert result.fairness.jain is None


def test_a_baselines_own_source_is_on_this_host_or_where_the_peer_is():
    samples = [sink_sample(HOLD + n, {"direct": 500}) for n in range(10)]
    for peer, where in ((None, "here"), ("pi.example:9000", "pi.example")):
        made = manifest(mode="without tor", backends={}, experiment={"baseline": {"peer": peer}})
        (share,) = analyse(recording(samples, manifest=made)).backends
        assert (share.name, share.host, share.share) == ("direct", where, 1.0)


def test_a_role_on_two_hosts_costs_what_both_take():
    samples = [sink_sample(HOLD + n, {"backend-1": 125_000_000}) for n in range(11)]
    samplers = {
        f"sampler-{n}": [host_sample(HOLD + at, {f"relay-{n}": 0.1 * n * at}) for at in (-1, 9)]
        for n in (1, 2)
    }
    cost = analyse(recording(samples, hold_seconds=10, samplers=samplers)).costs["relay"]
    assert (cost.processes, cost.cores) == (2, pytest.approx(0.3))
    assert cost.cpu_seconds_per_gbit == pytest.approx(3 / 10)


def test_a_process_that_was_started_anew_costs_what_both_took():
    samples = [sink_sample(HOLD + n, {"backend-1": 125_000_000}) for n in range(10)]
    sampled = [
        host_sample(HOLD - 1, {"relay-1": 50.0}),
        host_sample(HOLD + 4, {"relay-1": 52.0}),
        host_sample(HOLD + 9, {"relay-1": 1.0}),
    ]
    cost = analyse(recording(samples, samplers={"sampler": sampled})).costs["relay"]
    assert cost.cores == pytest.approx((2.0 + 1.0) / 10)
