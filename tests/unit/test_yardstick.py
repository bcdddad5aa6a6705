import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.analysis.load.loads import loads
from onionrig.analysis.load.windows import Window
from onionrig.analysis.result import analyse
from onionrig.analysis.several_runs.comparison import Measured, compared
from onionrig.analysis.yardstick.arithmetic import (
    arithmetic_seconds_per_gbit,
    relays_of,
    summed_by_kind,
    summed_by_role,
)
from onionrig.analysis.yardstick.core_speed import host_speed, part_speeds, relative_speed
from onionrig.analysis.yardstick.reference_core import REFERENCE_CORES
from onionrig.records.thresholds import Threshold
from onionrig.records.yardstick.readings import WORK_PARTS, YARDSTICK_VERSION
from support.records.events import finished, held, scheduled
from support.records.manifests import host, manifest, service
from support.records.recordings import recording, target_alone, watched
from support.records.samples import HOLD, RAMP, host_sample, sink_sample
from support.records.yardsticks import reading, readings

REFERENCE = REFERENCE_CORES[YARDSTICK_VERSION]
TEN_SECONDS = Window(begin=HOLD, end=HOLD + 10)
FACTORS = st.floats(0.05, 20)


def result_of(*, speed=1.0, full=True, seconds=10, **more):
    hold = Window(begin=HOLD, end=HOLD + seconds)
    cores = {"backend-1": 0.5, "relay-1": 1.4 if full else 0.2}
    target = more.pop("target", None)
    whole = msgspec.structs.replace(
        watched(seconds=seconds, cores=cores, **more),
        thresholds=target_alone(target),
        yardsticks={"yardstick": readings(hold, speed=speed)},
    )
    return analyse(whole)


def test_the_weights_of_a_reference_core_add_up_and_each_weighted_part_has_a_speed():
    for core in REFERENCE_CORES.values():
        assert sum(core.weights.values()) == pytest.approx(1)
        assert set(core.weights) <= set(core.bytes_per_cpu_second) == set(WORK_PARTS)


@given(FACTORS)
def test_a_core_that_does_every_part_so_many_times_as_fast_is_so_many_times_as_fast(factor):
    speeds = {part: factor * speed for part, speed in REFERENCE.bytes_per_cpu_second.items()}
    assert relative_speed(speeds, REFERENCE) == pytest.approx(factor)


@given(st.sampled_from(sorted(REFERENCE.weights)), st.floats(0.05, 0.95))
def test_a_core_that_is_slow_at_one_part_is_slower_but_not_by_as_much(part, factor):
    speeds = dict(REFERENCE.bytes_per_cpu_second)
    speeds[part] *= factor
    assert factor < relative_speed(speeds, REFERENCE) < 1


def test_a_speed_is_not_known_without_a_reading_of_each_part_or_without_a_reference_core():
    assert relative_speed({"digest": 1e8}, REFERENCE) is None
    assert relative_speed(REFERENCE.bytes_per_cpu_second, None) is None
    assert host_speed("here", [reading(HOLD, version=999)], TEN_SECONDS).hold is None
    assert host_speed("here", [], TEN_SECONDS).hold is None


def test_only_readings_in_the_hold_count_for_it():
    outside = [reading(HOLD - 1, speed=9.0), reading(HOLD + 10, speed=9.0)]
    speed = host_speed("here", [*readings(TEN_SECONDS, speed=0.8), *outside], TEN_SECONDS)
    assert (speed.readings, speed.cores) == (10, 2)
    assert speed.hold == pytest.approx(0.8, rel=1e-3)


def test_before_and_after_are_told_apart_from_the_hold():
    speed = host_speed("here", readings(TEN_SECONDS, speed=0.8, before=1.0, after=0.9), TEN_SECONDS)
    assert speed.before == pytest.approx(1.0, rel=1e-3)
    assert speed.after == pytest.approx(0.9, rel=1e-3)


def test_half_of_the_readings_lie_in_the_spread():
    several = readings(TEN_SECONDS, speed=lambda second: 0.7 if second % 2 else 0.9)
    low, high = host_speed("here", several, TEN_SECONDS).middle_half
    assert (low, high) == (pytest.approx(0.7, rel=1e-3), pytest.approx(0.9, rel=1e-3))


def test_costs_and_a_rate_whose_bottleneck_is_a_cpu_are_carried_over_by_the_speed():
    result = result_of(speed=0.5)
    assert result.bottleneck.kind == "machine CPU"
    assert result.yardstick.speed == pytest.approx(0.5, rel=1e-3)
    cost = result.costs["backend"]
    assert cost.reference_core_seconds_per_gbit == pytest.approx(
        cost.cpu_seconds_per_gbit / 2, rel=1e-3
    )
    rate = result.yardstick.sustained_on_reference_core_bits_per_second
    assert rate == pytest.approx(2 * result.goodput.sustained_bits_per_second, rel=1e-3)


def test_a_rate_whose_bottleneck_is_no_cpu_is_not_carried_over():
    carried = result_of(full=False).yardstick
    assert carried.sustained_on_reference_core_bits_per_second is None
    assert "no CPU was the bottleneck" in carried.not_carried_over


def test_a_rate_is_not_carried_over_if_others_took_part_of_the_cpu_but_costs_are():
    result = result_of(speed=0.5, others=0.5)
    assert result.bottleneck.kind == "machine CPU"
    assert result.yardstick.sustained_on_reference_core_bits_per_second is None
    assert "others took part of the CPU" in result.yardstick.not_carried_over
    assert result.costs["backend"].reference_core_seconds_per_gbit is not None


def test_a_yardstick_of_a_version_without_a_reference_core_is_named_as_the_reason():
    readings_of_version_2 = [
        msgspec.structs.replace(sample, version=2) for sample in readings(TEN_SECONDS)
    ]
    whole = msgspec.structs.replace(watched(), yardsticks={"yardstick": readings_of_version_2})
    known = analyse(whole).yardstick
    assert known.speed is None
    assert known.not_carried_over == (
        "this onionrig has no reference core for version 2 of the yardstick"
    )


def test_a_yardstick_that_was_not_read_in_the_hold_is_named_as_the_reason():
    whole = msgspec.structs.replace(
        watched(), yardsticks={"yardstick": [reading(HOLD - 6, "before")]}
    )
    known = analyse(whole).yardstick
    assert known.hosts[0].before == pytest.approx(1, rel=1e-3)
    assert known.not_carried_over == "the yardstick was not read in the hold on every host"


def test_a_role_on_two_hosts_is_carried_over_by_the_cpu_time_that_it_used_on_each():
    hosts = (host("fast"), host("slow"))
    services = (
        service("relay-1", "relay", "fast"),
        service("relay-2", "relay", "slow"),
        service("sampler-fast", "sampler", "fast"),
        service("sampler-slow", "sampler", "slow"),
        service("yardstick-fast", "yardstick", "fast"),
        service("yardstick-slow", "yardstick", "slow"),
    )
    known = manifest(hosts=hosts, services=services)
    seconds = range(HOLD - 1, HOLD + 10)
    whole = recording(
        [sink_sample(HOLD + at, {"backend-1": 1_000_000}) for at in range(10)],
        manifest=known,
        samplers={
            "sampler-fast": [host_sample(at, {"relay-1": 0.3 * at}) for at in seconds],
            "sampler-slow": [host_sample(at, {"relay-2": 0.1 * at}) for at in seconds],
        },
        yardsticks={
            "yardstick-fast": readings(TEN_SECONDS, speed=1.0),
            "yardstick-slow": readings(TEN_SECONDS, speed=0.2),
        },
    )
    result = analyse(whole)
    assert result.yardstick.speed == pytest.approx(0.8, rel=1e-3)
    relay = result.costs["relay"]
    assert relay.reference_core_seconds_per_gbit == pytest.approx(
        0.8 * relay.cpu_seconds_per_gbit, rel=1e-3
    )


def test_a_run_whose_yardstick_was_not_read_has_raw_figures_alone():
    result = analyse(watched())
    assert result.yardstick is None
    assert all(cost.reference_core_seconds_per_gbit is None for cost in result.costs.values())


def test_a_core_that_became_slower_in_the_hold_is_a_doubt():
    half = HOLD + 10
    result = result_of(seconds=20, speed=lambda second: 1.0 if second < half else 0.8)
    (doubt,) = [doubt for doubt in result.trust.doubts if "yardstick" in doubt]
    assert doubt == (
        "the cores were 20.0 % slower in the second half of the hold than in the first, by the "
        "yardstick"
    )


def test_a_change_within_the_spread_of_the_readings_is_no_doubt():
    result = result_of(seconds=20, speed=lambda second: (1.0, 0.6, 0.9, 0.5)[second % 4])
    assert not [doubt for doubt in result.trust.doubts if "yardstick" in doubt]


def test_a_change_that_could_turn_the_verdict_is_a_doubt_although_it_is_small():
    half = HOLD + 10
    wavering = {half - 1: 1.001, half + 1: 0.951}

    def speed(second):
        return wavering.get(second, 1.0 if second < half else 0.95)

    def doubts(target):
        said = result_of(seconds=20, size=1_000_000, target=target, speed=speed).trust.doubts
        return [doubt for doubt in said if "yardstick" in doubt]

    assert doubts(7.8e6)
    assert not doubts(4e6)


def test_a_change_that_could_turn_the_verdict_on_a_cost_is_a_doubt_although_it_is_small():
    half = HOLD + 10
    wavering = {half - 1: 1.001, half + 1: 0.951}

    def doubts(**limits):
        whole = msgspec.structs.replace(
            watched(seconds=20, cores={"relay-1": 1.4}),
            thresholds=tuple(
                Threshold(key=role, figure="CPU-s per Gbit", of=role, bound="at most", limit=limit)
                for role, limit in limits.items()
            ),
            yardsticks={
                "yardstick": readings(
                    Window(begin=HOLD, end=HOLD + 20),
                    speed=lambda second: wavering.get(second, 1.0 if second < half else 0.95),
                )
            },
        )
        return [doubt for doubt in analyse(whole).trust.doubts if "yardstick" in doubt]

    cost = result_of(seconds=20).costs["relay"].cpu_seconds_per_gbit
    assert doubts(relay=1.02 * cost)
    assert not doubts(relay=2 * cost)
    assert not doubts(nobody=cost)


def test_each_load_of_a_run_has_the_readings_around_it():
    second_ramp = HOLD + 16
    second_hold = second_ramp + HOLD - RAMP
    later = Window(begin=second_hold, end=second_hold + 10)
    told = [
        scheduled(hold_seconds=10), held(), scheduled(hold_seconds=10, ramp=second_ramp), held(),
        finished(),
    ]  # fmt: skip
    samples = [sink_sample(at, {"backend-1": 100}) for at in range(RAMP, second_hold + 10)]
    both = [
        *readings(TEN_SECONDS, speed=0.5),
        *(msgspec.structs.replace(one, second=second_ramp - 2) if one.moment == "before" else one
          for one in readings(later, speed=0.9)),
    ]  # fmt: skip
    whole = recording(samples, loads=[], events=told, done=False, yardsticks={"yardstick": both})
    first, second = loads(whole)
    for load, speed in ((first, 0.5), (second, 0.9)):
        own = load.recording.yardsticks["yardstick"]
        found = host_speed("here", own, load.hold)
        assert found.hold == pytest.approx(speed, rel=1e-3)
        assert found.before == pytest.approx(speed, rel=1e-3)
        assert found.after == pytest.approx(speed, rel=1e-3)


# the arithmetic bound


def test_six_relays_carry_an_anonymous_service_and_three_a_single_hop_one():
    assert (relays_of("anonymous"), relays_of("single-hop"), relays_of("without tor")) == (
        6, 3, None,
    )  # fmt: skip


@given(FACTORS)
def test_a_core_that_is_twice_as_fast_needs_half_the_time(factor):
    speeds = dict(REFERENCE.bytes_per_cpu_second)
    faster = {part: factor * speed for part, speed in speeds.items()}
    for mode in ("anonymous", "single-hop"):
        once = arithmetic_seconds_per_gbit(mode, speeds)
        again = arithmetic_seconds_per_gbit(mode, faster)
        for role, work in once.items():
            assert again[role] == {
                kind: pytest.approx(took / factor) for kind, took in work.items()
            }


def test_every_byte_is_ciphered_sixteen_times_on_its_way_over_six_relays():
    speeds = part_speeds([reading(HOLD)])
    took = arithmetic_seconds_per_gbit("anonymous", speeds)
    assert summed_by_kind(took)["aes"] == pytest.approx(16 * 125e6 * 509 / 498 / speeds["cipher"])


def test_every_byte_is_sealed_and_opened_on_each_of_seven_links():
    speeds = part_speeds([reading(HOLD)])
    took = arithmetic_seconds_per_gbit("anonymous", speeds)
    assert summed_by_kind(took)["tls"] == pytest.approx(7 * 125e6 * 514 / 498 / speeds["records"])


def test_only_the_ends_digest_and_both_do_alike():
    took = arithmetic_seconds_per_gbit("anonymous", part_speeds([reading(HOLD)]))
    assert took["relay"]["sha3"] == 0
    assert took["backend"]["sha3"] == took["client"]["sha3"] > 0
    assert sum(summed_by_role(took).values()) == pytest.approx(sum(summed_by_kind(took).values()))


def test_how_near_the_bound_a_run_came_is_its_mean_goodput_over_what_the_cores_could_do():
    result = result_of()
    bound = result.yardstick.arithmetic
    whole = sum(bound.cpu_seconds_per_gbit.values())
    assert bound.bits_per_second == pytest.approx(2 * 1e9 / whole)
    assert bound.reached == pytest.approx(
        result.goodput.mean_bits_per_second / bound.bits_per_second
    )


def test_there_is_no_bound_without_an_onion_address():
    whole = msgspec.structs.replace(
        watched(),
        manifest=manifest(mode="without tor"),
        yardsticks={"yardstick": readings(TEN_SECONDS)},
    )
    read = analyse(whole).yardstick
    assert read.arithmetic is None


# comparisons


def side(*results):
    return Measured(
        title="t", runs=tuple(one.run for one in results), results=results, manifest=manifest()
    )


def test_a_comparison_shows_the_speeds_and_the_cost_as_on_the_reference_core():
    found = compared(
        side(result_of(speed=1.0)), side(result_of(speed=0.5, size=500_000)), alternated=False
    )
    by_name = {ratio.what: ratio for ratio in found.ratios}
    assert by_name["speed of the cores"].ratio == pytest.approx(0.5, rel=1e-3)
    raw = by_name["CPU-s per Gbit, everything"].ratio
    carried = by_name["CPU-s per Gbit, everything, on the reference core"].ratio
    assert (raw, carried) == (pytest.approx(2), pytest.approx(1, rel=1e-3))


def test_a_comparison_with_a_run_whose_yardstick_was_not_read_says_what_that_leaves_open():
    found = compared(side(result_of()), side(analyse(watched())), alternated=False)
    assert not [ratio for ratio in found.ratios if "reference core" in ratio.what]
    (doubt,) = [doubt for doubt in found.doubts if "yardstick" in doubt]
    assert doubt.startswith(
        "A has the yardstick's version 1 and B has no reading of the yardstick, so"
    )
