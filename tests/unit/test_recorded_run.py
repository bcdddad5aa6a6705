"""A run that was really recorded: every figure of its result, computed another way from its files.

Nothing of the analysis is used here: the files are read as plain JSON. tests/data/README.md says
how the run was made.
"""

from __future__ import annotations

import json
import statistics
from collections import Counter

import pytest

from onionrig.analysis.over_time.series import series
from onionrig.analysis.result import analyse
from onionrig.store.run_directory import RunDirectory
from onionrig.views.report.run.report import run_report
from support.files import SMOKE_RUN


def lines(name):
    return [json.loads(line) for line in (SMOKE_RUN / name).read_text().splitlines()]


def only(kind):
    (event,) = (event for event in lines("events.jsonl") if event["kind"] == kind)
    return event


@pytest.fixture(scope="module")
def result():
    return analyse(RunDirectory(SMOKE_RUN).recording())


@pytest.fixture(scope="module")
def hold():
    scheduled = only("scheduled")
    return range(scheduled["hold_second"], scheduled["end_second"])


@pytest.fixture(scope="module")
def rates(hold):
    """Bits in each second of the hold."""
    counted = Counter()
    for sample in lines("samples/sink.jsonl"):
        counted[sample["second"]] += 8 * sum(sample["verified_bytes"].values())
    return [counted[second] for second in hold]


@pytest.fixture(scope="module")
def sampled(hold):
    """The sampler's lines from just before the hold to its last second."""
    wanted = range(hold.start - 1, hold.stop)
    return [each for each in lines("samples/sampler.jsonl") if each["second"] in wanted]


@pytest.fixture(scope="module")
def roles():
    return json.loads((SMOKE_RUN / "manifest.json").read_text())["roles"]


def test_it_went_through(result, hold):
    assert result.status == "complete"
    assert result.goodput.steady_seconds == len(hold)
    assert result.goodput.missing_seconds == 0


def test_the_rates_are_those_of_the_seconds(result, rates):
    goodput = result.goodput
    windows = [sum(rates[start : start + 10]) / 10 for start in range(len(rates) - 9)]
    assert goodput.sustained_bits_per_second == pytest.approx(min(windows))
    middle = sorted(rates)[(len(rates) - 1) // 2 : len(rates) // 2 + 1]
    assert goodput.median_second_bits_per_second == pytest.approx(sum(middle) / len(middle))
    mean = sum(rates) / len(rates)
    assert goodput.mean_bits_per_second == pytest.approx(mean)
    squares = sum((rate - mean) ** 2 for rate in rates) / len(rates)
    assert goodput.variation == pytest.approx(squares**0.5 / mean)
    assert goodput.lowest_second_bits_per_second == min(rates)
    assert goodput.highest_second_bits_per_second == max(rates)


def test_the_bytes_are_those_of_the_attempts(result):
    attempts = lines("transfers.jsonl")
    assert result.bytes.verified == sum(attempt["verified_bytes"] for attempt in attempts)
    assert result.bytes.corrupt == 0
    assert result.streams.failed == sum(each["ending"] != "run ended" for each in attempts)
    first_bytes = [
        each["first_byte_after_seconds"]
        for each in attempts
        if each["first_byte_after_seconds"] is not None
    ]
    assert result.streams.median_first_byte_seconds == statistics.median(first_bytes)
    assert result.streams.connected == len(
        {each["stream"] for each in attempts if each["verified_bytes"]}
    )


def test_the_shares_are_those_of_the_backends_and_so_is_their_fairness(result, hold):
    backends = json.loads((SMOKE_RUN / "manifest.json").read_text())["backends"]
    served = Counter(dict.fromkeys(backends, 0))
    for sample in lines("samples/sink.jsonl"):
        if sample["second"] in hold:
            served.update(sample["verified_bytes"])
    assert {backend.name: backend.bytes for backend in result.backends} == dict(served)
    shares = [size / served.total() for size in served.values()]
    assert sorted(backend.share for backend in result.backends) == pytest.approx(sorted(shares))
    jain = 1 / (len(shares) * sum(share**2 for share in shares))
    assert result.fairness.jain == pytest.approx(jain)
    assert result.fairness.smallest_over_mean == pytest.approx(min(shares) * len(shares))


def test_each_role_costs_what_its_processes_used_over_what_came(result, sampled, roles, rates):
    used, peak, counted = Counter(), Counter(), Counter()
    first, last = sampled[0]["processes"], sampled[-1]["processes"]
    for name, use in last.items():
        cpu = use["cpu_user_seconds"] + use["cpu_system_seconds"]
        began = first.get(name, {"cpu_user_seconds": 0, "cpu_system_seconds": 0})
        used[roles[name]] += cpu - began["cpu_user_seconds"] - began["cpu_system_seconds"]
        counted[roles[name]] += 1
    for sample in sampled:
        for name, use in sample["processes"].items():
            peak[roles[name]] = max(peak[roles[name]], use["rss_bytes"])
    seconds = sampled[-1]["monotonic_seconds"] - sampled[0]["monotonic_seconds"]
    assert len(sampled) == len(rates) + 1  # so the goodput between them is that of the hold
    for role, cost in result.costs.items():
        assert cost.processes == counted[role]
        assert cost.cores == pytest.approx(used[role] / seconds, abs=1e-6)
        assert cost.cpu_seconds_per_gbit == pytest.approx(used[role] / sum(rates) * 1e9, abs=1e-6)
        assert cost.peak_rss_bytes == peak[role]


def test_the_sources_count_agrees_as_is_said(result, hold, rates):
    sent = sum(
        sum(sample["sent_bytes"].values())
        for sample in lines("samples/source.jsonl")
        if sample["second"] in hold
    )
    (found,) = (each for each in result.trust.agreement if each.what == "sources")
    assert (found.sink_bytes, found.other_bytes) == (sum(rates) // 8, sent)
    assert found.difference == pytest.approx((sent - sum(rates) / 8) / (sum(rates) / 8))


def test_tors_own_count_agrees_as_is_said(result, hold, roles):
    """The sinks' bytes up to a moment: whole seconds, and the share of the one that it lies in."""
    readings = [
        each for each in lines("samples/tors.jsonl") if each["second"] in {*hold, hold.stop}
    ]
    sinks = lines("samples/sink.jsonl")
    taken, received = 0, 0.0
    for backend in (name for name, role in roles.items() if role == "backend"):
        first, last = (readings[index]["daemons"][backend] for index in (0, -1))
        taken += last["application_bytes"]["9000"] - first["application_bytes"]["9000"]
        for sample in sinks:
            begin, end = sample["second"], sample["second"] + 1
            overlap = min(end, last["read_wall_seconds"]) - max(begin, first["read_wall_seconds"])
            received += sample["verified_bytes"].get(backend, 0) * max(0.0, overlap)
    (found,) = (each for each in result.trust.agreement if each.what == "tor")
    assert found.other_bytes == taken
    assert found.sink_bytes == pytest.approx(received, abs=2)


def test_the_round_trips_are_those_that_were_measured(result, hold):
    pings = lines("samples/pinger.jsonl")
    every = [
        (ping["second"], seconds)
        for ping in pings
        for seconds in ping["round_trip_seconds"].values()
        if seconds is not None
    ]
    held = [seconds for second, seconds in every if second in hold]
    assert result.round_trip.lowest_seconds == min(seconds for _, seconds in every)
    assert result.round_trip.median_in_hold_seconds == pytest.approx(statistics.median(held))
    assert result.round_trip.highest_in_hold_seconds == max(held)


def test_the_trend_is_the_line_through_the_seconds(result, rates):
    assert len(rates) < 30  # so no blocks
    slope = statistics.linear_regression(range(len(rates)), rates).slope
    change = slope * len(rates) / statistics.fmean(rates)
    assert result.trust.trend.change == pytest.approx(change)


def test_the_noise_is_what_others_used(result, sampled):
    read = [each for each in sampled if each["others_cpu_seconds"] is not None]
    used = read[-1]["others_cpu_seconds"] - read[0]["others_cpu_seconds"]
    seconds = read[-1]["monotonic_seconds"] - read[0]["monotonic_seconds"]
    assert result.trust.noise.others_cores >= used / seconds - 1e-9
    assert result.trust.noise.steal_cores == pytest.approx(
        (sampled[-1]["cpu"]["steal"] - sampled[0]["cpu"]["steal"])
        / (sampled[-1]["monotonic_seconds"] - sampled[0]["monotonic_seconds"]),
        abs=1e-6,
    )


def test_the_milestones_are_those_that_were_told(result):
    reached = {
        event["reached"]: event["since_start_seconds"]
        for event in lines("events.jsonl")
        if event["kind"] == "milestone"
    }
    up = result.bring_up_seconds
    assert (up.network, up.frontend, up.total) == (
        reached["network"],
        reached["frontend"],
        reached["first byte"],
    )


def test_the_windows_that_bound_it_are_computed_from_streams_and_round_trip(result, hold, rates):
    """Streams times 500 cells of 498 bytes, a round trip."""
    up = [
        sum(sample["streams"].values())
        for sample in lines("samples/sink.jsonl")
        if sample["second"] in hold
    ]
    allowed = statistics.fmean(up) * 500 * 498 * 8 / result.round_trip.median_in_hold_seconds
    (evidence,) = (each for each in result.bottleneck.evidence if "window" in each.what)
    assert evidence.limit == pytest.approx(allowed)
    assert evidence.measured == pytest.approx(sum(rates) / len(rates))
    assert result.bottleneck.kind == "window"


def test_the_report_shows_these_figures(result, rates):
    recording = RunDirectory(SMOKE_RUN).recording()
    page = run_report(result, recording, series(recording)).html
    for mbit in (
        min(sum(rates[start : start + 10]) / 10 for start in range(len(rates) - 9)),
        statistics.median(rates),
        min(rates),
        max(rates),
    ):
        assert f"{mbit / 1e6:.0f}" in page
    for cost in result.costs.values():
        assert f"{cost.cpu_seconds_per_gbit:.3f}" in page
        assert f"{cost.peak_rss_bytes / (1 << 20):.1f} MiB" in page
    for backend in result.backends:
        assert f"{100 * backend.share:.1f} %" in page
