import math
import statistics

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.analysis.trust.trend import blocks, line
from support.bottlenecks import trust_of
from support.records.events import happened
from support.records.manifests import host, manifest, service
from support.records.recordings import watched
from support.records.samples import (
    HOLD,
    host_sample,
    ping_sample,
    sink_sample,
    tor_counters,
    tor_sample,
)

MB = 1_000_000


def test_a_run_that_is_wholly_recorded_is_trusted():
    whole = watched(seconds=40, size=50 * MB)
    said = trust_of(whole)
    assert said.trusted is True
    assert (said.doubts, said.missing) == ((), ())


def test_nothing_is_trusted_or_doubted_where_nothing_was_held():
    said = trust_of(watched(seconds=0))
    assert said.trusted is None
    assert said.trend.steady is None


# noise


def test_other_processes_are_a_doubt_above_a_twentieth_of_the_cores():
    assert trust_of(watched(others=0.09)).doubts == ()
    said = trust_of(watched(others=0.12))
    assert said.doubts == ("processes outside the rig used 0.12 of the 2 cores of here (6.0 %)",)
    assert said.noise.others_cores == pytest.approx(0.12)


def test_steal_is_a_doubt_above_a_twentieth_of_the_cores():
    said = trust_of(watched(steal=0.3))
    assert said.doubts == ("the hypervisor took 0.30 of the 2 cores of here (15.0 %)",)
    assert said.noise.steal_cores == pytest.approx(0.3)


def test_machine_wide_counters_that_miss_work_are_told_but_no_doubt():
    said = trust_of(watched(cores={"relay-1": 1.6}, others=0.05, busy=0.4))
    assert said.trusted is True
    assert said.noise.machine_busy_cores == pytest.approx(0.4)
    assert said.noise.processes_busy_cores == pytest.approx(1.65)
    (told,) = said.missing
    assert "show 0.40 cores busy where processes add up to 1.65" in told


def test_what_others_used_is_null_where_it_was_not_read_twice():
    samples = [host_sample(HOLD + at, {"relay-1": at}, busy=at) for at in range(-1, 10)]
    said = trust_of(watched(other={"samplers": {"sampler": samples}}))
    assert said.noise.others_cores is None
    assert said.noise.processes_busy_cores is None
    assert said.missing == ("what processes outside the rig used on here was not read twice",)


def test_processes_that_were_too_short_lived_to_be_read_are_others_too():
    # the machine was busy with 0.5 cores beyond what was read of any process
    said = trust_of(watched(cores={"relay-1": 0.8}, others=0.05, busy=1.35))
    assert said.noise.others_cores == pytest.approx(0.55)
    assert said.noise.processes_busy_cores == pytest.approx(0.85)
    assert said.doubts == ("processes outside the rig used 0.55 of the 2 cores of here (27.5 %)",)


def test_two_readings_of_others_are_enough_and_noise_is_the_worst_hosts():
    def sampled(others, steal):
        read = {2: others, 8: 4 * others}
        return [
            host_sample(HOLD + at, {}, others=read.get(at), steal=steal * at)
            for at in range(-1, 10)
        ]

    services = tuple(service(f"sampler-{name}", "sampler", name) for name in ("pi1", "pi2"))
    made = manifest(hosts=(host("pi1"), host("pi2", cores=4)), services=services)
    samplers = {"sampler-pi1": sampled(0.02, 0.03), "sampler-pi2": sampled(0.1, 0.01)}
    said = trust_of(watched(other={"samplers": samplers, "manifest": made}))
    assert said.noise.others_cores == pytest.approx(0.3 / 6)
    assert said.noise.steal_cores == pytest.approx(0.03)
    assert said.doubts == ()


def test_without_samplers_noise_is_null_and_that_is_told():
    said = trust_of(watched(other={"samplers": {}}))
    assert said.noise.others_cores is None
    assert said.noise.steal_cores is None
    assert said.missing == ("no sampler covers the hold: CPU and interfaces are not known",)


# trend


def test_a_rate_that_rises_steadily_is_no_steady_state():
    # from 80 to 119 MB/s in 40 s: the line rises by 40 over a mean of 99.5
    said = trust_of(watched(sizes=[(80 + at) * MB for at in range(40)]))
    assert said.trend.change == pytest.approx(40 / 99.5)
    assert said.trend.steady is False
    assert said.doubts[0].startswith("goodput rose by 40.2 % over the hold")


def test_a_rate_that_falls_is_told_so():
    said = trust_of(watched(sizes=[(140 - 2 * at) * MB for at in range(12)]))
    assert said.trend.change == pytest.approx(-24 / 129)
    assert "fell by 18.6 %" in said.doubts[0]


def test_a_slow_change_is_steady_however_certain():
    said = trust_of(watched(sizes=[1000 * MB + at * MB for at in range(60)]))
    assert said.trend.significance > 3
    assert said.trend.steady is True


def test_a_change_within_the_noise_is_steady_however_large():
    said = trust_of(watched(sizes=[(200 if at in {1, 7, 10} else 10) * MB for at in range(12)]))
    assert abs(said.trend.change) > 0.10
    assert said.trend.significance < 3
    assert said.trend.steady is True


def test_seconds_that_are_alike_for_a_while_do_not_pass_for_certainty():
    # swings of 10 s, 40 s of hold ending on a high one: sure for single seconds, not for blocks
    sizes = [(120 if at // 10 % 2 else 80) * MB for at in range(40)]
    single = line([(float(at), float(size)) for at, size in enumerate(sizes)])
    said = trust_of(watched(sizes=sizes))
    assert abs(said.trend.change) > 0.10
    assert said.trend.significance < abs(single[0]) / single[1]


def test_too_few_seconds_have_no_trend():
    said = trust_of(watched(seconds=9))
    assert (said.trend.change, said.trend.significance, said.trend.steady) == (None, None, None)


def test_missing_seconds_are_no_trend():
    samples = [
        sink_sample(HOLD + at, {"backend-1": 50 * MB}) for at in range(40) if at not in (38, 39)
    ]
    said = trust_of(watched(seconds=40, size=50 * MB, samples=samples, other={"hold_seconds": 40}))
    assert said.trend.change == pytest.approx(0)


points = st.lists(st.integers(-(10**6), 10**6), min_size=3, max_size=80)


@given(points)
def test_the_line_is_the_least_squares_line_and_its_error_the_residuals_say(values):
    drawn = [(float(at), float(value)) for at, value in enumerate(values)]
    slope, error = line(drawn)
    xs, ys = zip(*drawn, strict=True)
    by_library = statistics.linear_regression(xs, ys)
    assert slope == pytest.approx(by_library.slope, abs=1e-6)
    count = len(drawn)
    rest = sum((y - by_library.intercept - by_library.slope * x) ** 2 for x, y in drawn)
    spread = (count**3 - count) / 12  # of 0 … n-1 around their mean
    assert error == pytest.approx(math.sqrt(rest / (count - 2) / spread), rel=1e-6, abs=1e-3)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=200))
def test_blocks_keep_every_second_and_are_five_or_more_long(values):
    drawn = list(enumerate(values))
    cut = blocks(drawn)
    if len(values) < 30:
        assert cut == drawn
    else:
        assert len(cut) == len(values) // 5
        assert statistics.fmean(at for at, _ in cut) == pytest.approx(
            (len(values) - 1) / 2, rel=0.05
        )
        assert min(values) <= min(value for _, value in cut)
        assert max(value for _, value in cut) <= max(values)


# what was not recorded


def test_missing_seconds_of_the_hold_are_a_doubt():
    samples = [sink_sample(HOLD + at, {"backend-1": MB}) for at in range(12) if at not in {3, 4}]
    said = trust_of(watched(seconds=12, samples=samples, other={"hold_seconds": 12}))
    assert said.doubts == (
        "2 of 12 seconds of the hold lack a sample of a sink; what was not recorded counts as 0",
    )


def test_a_hold_that_was_cut_short_is_a_doubt():
    said = trust_of(watched(seconds=15, other={"hold_seconds": 60, "done": False}))
    assert said.doubts == ("the hold was cut short: 15 of 60 seconds",)


def test_corrupt_payload_is_a_doubt():
    samples = [sink_sample(HOLD + at, {"backend-1": MB}, corrupt=at) for at in range(10)]
    assert trust_of(watched(samples=samples)).doubts == ("45 bytes were not the payload",)


def test_what_could_not_be_read_is_told_but_no_doubt():
    said = trust_of(watched(other={"gaps": ("transfers.jsonl is missing",)}))
    assert said.missing == ("transfers.jsonl is missing",)
    assert said.trusted is True


def test_tors_that_did_not_answer_are_named():
    tors = {
        "tors": [
            tor_sample(
                HOLD + at,
                {
                    "backend-1": tor_counters(HOLD + at, application=MB * at),
                    "relay-1": None if at == 5 else tor_counters(HOLD + at),
                },
            )
            for at in (0, 5, 10)
        ]
    }
    said = trust_of(watched(other={"tors": tors}))
    assert said.missing == ("relay-1 did not answer 1 of 3 requests for its counters",)
    assert said.trusted is True


@pytest.mark.parametrize(
    ("events", "times"),
    [
        ([], 3),
        # asked at 10, 20 and 30; the answer may take 3 s
        ([happened("kill", "relay-1", 9.0)], 0),
        ([happened("hang", "relay-1", 12.9)], 0),
        ([happened("kill", "relay-1", 13.1)], 1),
        ([happened("stop", "relay-1", 5.0), happened("start", "relay-1", 16.0)], 1),
        ([happened("stop", "relay-1", 5.0), happened("start", "relay-1", 14.9)], 2),
        ([happened("kill", "relay-2", 9.0)], 3),
    ],
)
def test_tors_that_were_kept_from_answering_on_purpose_are_not_counted(events, times):
    tors = {
        "tors": [
            msgspec.structs.replace(
                tor_sample(HOLD + at, {"relay-1": None if at else tor_counters(HOLD)}),
                wall_seconds=HOLD + at + 3.0,
            )
            for at in (0, 10, 20, 30)
        ]
    }
    missing = trust_of(watched(seconds=40, other={"tors": tors, "events": events})).missing
    said = [text for text in missing if "did not answer" in text]
    assert said == (
        [f"relay-1 did not answer {times} of 4 requests for its counters"] if times else []
    )


@pytest.mark.parametrize(("at", "judged"), [(-1.0, True), (12.0, False), (41.0, True)])
def test_a_hold_in_which_something_was_done_is_not_held_to_be_steady(at, judged):
    sizes = [100 * MB] * 20 + [50 * MB] * 20
    said = trust_of(watched(sizes=sizes, other={"events": [happened("kill", "backend-2", at)]}))
    assert said.trend.change == pytest.approx(-1.0, abs=0.1)
    assert said.trend.steady is (False if judged else None)
    assert said.trusted is not judged
    told = "whether the hold was steady is not judged: the experiment caused 1 fault"
    assert (told in said.missing) is not judged


def test_how_often_something_was_done_is_told():
    events = [happened("kill", "backend-2", 3.0), happened("start", "backend-2", 6.0)]
    said = trust_of(watched(other={"events": events}))
    assert said.missing == (
        "whether the hold was steady is not judged: the experiment caused 2 faults",
    )


def test_a_run_without_tors_counters_or_pings_says_so():
    said = trust_of(
        watched(other={"tors": {}, "pings": {"pinger": [ping_sample(HOLD, {"c": None})]}})
    )
    assert said.missing == (
        "no tor's own counters were read in the hold",
        "no round trip was measured in the hold",
    )


def test_a_baseline_misses_no_tor():
    made = manifest(mode="without tor", backends={})
    said = trust_of(watched(other={"tors": {}, "pings": {}, "manifest": made}))
    assert said.missing == ()
    assert said.agreement[1].cause == "there is no tor in a baseline"
