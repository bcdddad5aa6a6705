import msgspec
from hypothesis import given
from hypothesis import strategies as st

from onionrig.analysis.load.loads import hold_windows, loads
from onionrig.analysis.load.sink_seconds import SinkSeconds
from onionrig.analysis.result import analyse, results_by_load
from onionrig.records.events import Failed, Scheduled, Starved
from support.records.events import finished, held, scheduled
from support.records.manifests import manifest
from support.records.recordings import recording
from support.records.samples import (
    HOLD,
    RAMP,
    host_sample,
    ping_sample,
    sink_sample,
    tor_counters,
    tor_sample,
    transfer,
)

LENGTH = 10
SECOND_RAMP = HOLD + LENGTH + 2
"""As soon as the engine can begin another: 2 s after the end of the first."""
SECOND_HOLD = SECOND_RAMP + HOLD - RAMP


def failed(error="DaemonDied"):
    return Failed(wall_seconds=0, since_start_seconds=115, error=error, message="x", exit_code=7)


def ran(second, size, *, corrupt=0):
    return sink_sample(second, {"backend-1": size}, corrupt=corrupt)


def two_loads(*, events=None, **more):
    """The first load brings 100 bytes in each of its seconds, ramp included, the second 300."""
    first = scheduled(hold_seconds=LENGTH)
    second = scheduled(hold_seconds=LENGTH, ramp=SECOND_RAMP, settings=more.pop("settings", {}))
    samples = [ran(at, 100) for at in range(RAMP, HOLD + LENGTH)]
    samples += [ran(at, 300) for at in range(SECOND_RAMP, SECOND_HOLD + LENGTH)]
    told = events if events is not None else [first, held(), second, held(), finished()]
    return recording(samples, loads=[], events=told, done=False, **more)


def test_a_run_with_one_load_is_not_cut():
    whole = recording([ran(HOLD + at, 1) for at in range(LENGTH)])
    (load,) = loads(whole)
    assert load.recording.sinks == whole.sinks
    assert load.hold.seconds == range(HOLD, HOLD + LENGTH)


def test_a_run_without_a_load_is_whole_and_held_nothing():
    whole = recording([], loads=[])
    (load,) = loads(whole)
    assert load.recording == whole
    assert not load.hold.seconds


def test_no_second_of_one_load_counts_to_another_however_close_they_are():
    first, second = results_by_load(two_loads())
    assert first.bytes.verified == 100 * (5 + LENGTH)
    assert second.bytes.verified == 300 * (5 + LENGTH)
    assert first.goodput.mean_bits_per_second == 800
    assert second.goodput.mean_bits_per_second == 2400


@given(
    lengths=st.lists(st.integers(10, 30), min_size=1, max_size=5),
    pauses=st.lists(st.integers(0, 9), min_size=5, max_size=5),
)
def test_loads_share_out_every_byte_once(lengths, pauses):
    told, samples, ramp = [], [], RAMP
    for length, pause in zip(lengths, pauses, strict=False):
        load = scheduled(hold_seconds=length, ramp=ramp)
        told += [load, held()]
        samples += [ran(at, at, corrupt=at % 3) for at in range(ramp, load.end_second)]
        ramp = load.end_second + pause
    whole = recording(samples, loads=[], events=[*told, finished()], done=False)
    results = results_by_load(whole)
    assert len(results) == len(lengths)
    assert sum(one.bytes.verified for one in results) == sum(at.second for at in samples)
    assert analyse(whole).bytes.corrupt == sum(sample.corrupt_bytes for sample in samples)
    assert [one.goodput.steady_seconds for one in results] == lengths


def test_counters_keep_the_reading_before_the_first_second():
    whole = two_loads(
        samplers={"sampler": [host_sample(at, {"sink": at}) for at in range(RAMP, SECOND_HOLD + 9)]}
    )
    second = loads(whole)[1]
    assert second.recording.samplers["sampler"][0].second < SECOND_RAMP
    # one core in use throughout: counters that run on from the first load make no difference
    assert results_by_load(whole)[1].costs["sink"].cores == 1.0


def test_the_last_answers_of_tors_belong_to_the_load_that_ended():
    asked = [HOLD, HOLD + LENGTH, SECOND_HOLD, SECOND_HOLD + LENGTH]
    whole = two_loads(
        tors={
            "tors": [
                tor_sample(at, {"backend-1": tor_counters(at + 0.3, begun=index * index)})
                for index, at in enumerate(asked)
            ]
        }
    )
    begun = [one.tor_circuits.rendezvous_begun for one in results_by_load(whole)]
    assert begun == [1, 9 - 4]


def test_a_transfer_belongs_to_the_load_it_was_dialled_in():
    whole = two_loads(
        transfers=[
            transfer(0, started=float(RAMP)),
            transfer(0, 2, started=HOLD + LENGTH - 0.01),
            transfer(0, started=float(SECOND_RAMP)),
        ]
    )
    assert [len(load.recording.transfers) for load in loads(whole)] == [2, 1]


def test_round_trips_of_the_idle_network_go_with_every_load():
    whole = two_loads(
        pings={
            "pinger": [
                ping_sample(RAMP - 3, {"client-1": 0.004}),
                ping_sample(HOLD + 1, {"client-1": 0.003}),
                ping_sample(SECOND_HOLD + 1, {"client-1": 0.07}),
            ]
        }
    )
    found = [one.round_trip for one in results_by_load(whole)]
    assert [one.lowest_seconds for one in found] == [0.003, 0.004]
    assert [one.median_in_hold_seconds for one in found] == [0.003, 0.07]


def test_a_load_that_was_held_is_complete_although_the_run_failed_later():
    first = scheduled(hold_seconds=LENGTH)
    second = scheduled(hold_seconds=LENGTH, ramp=SECOND_RAMP)
    whole = two_loads(events=[first, held(), second, failed()])
    assert [load.complete for load in loads(whole)] == [True, False]
    done, cut = results_by_load(whole)
    assert done.failure is None
    assert cut.failure.error == "DaemonDied"


def test_a_single_load_that_was_held_is_complete_but_the_run_is_not():
    samples = [ran(HOLD + at, 1) for at in range(LENGTH)]
    whole = recording(samples, events=[held(), failed("Interrupted")], done=False, target=1.0)
    (load,) = results_by_load(whole)
    assert (load.status, load.verdict.met) == ("complete", True)
    result = analyse(whole)
    assert (result.status, result.failure.error) == ("aborted", "Interrupted")
    assert result.verdict.met is None
    assert result.goodput.mean_bits_per_second == 8


def test_a_load_in_which_the_controller_was_killed_ends_with_its_last_sample():
    first = scheduled(hold_seconds=LENGTH)
    second = scheduled(hold_seconds=LENGTH, ramp=SECOND_RAMP)
    whole = two_loads(events=[first, held(), second])
    short = msgspec.structs.replace(
        whole,
        sinks={"sink": [at for at in whole.sinks["sink"] if at.second < SECOND_HOLD + 4]},
    )
    _, cut = loads(short)
    assert cut.hold.seconds == range(SECOND_HOLD, SECOND_HOLD + 4)
    assert results_by_load(short)[1].failure.error == "Killed"


@given(last=st.integers(RAMP, SECOND_HOLD + LENGTH - 1), went_on=st.booleans())
def test_holds_are_the_same_whether_or_not_the_run_is_cut_into_loads(last, went_on):
    told = [scheduled(hold_seconds=LENGTH), held()] if went_on else []
    told += [scheduled(hold_seconds=LENGTH, ramp=SECOND_RAMP)]
    whole = recording([ran(at, 1) for at in range(RAMP, last + 1)], loads=told, done=False)
    cut = [load.hold for load in loads(whole)]
    assert hold_windows(whole, SinkSeconds.of(whole.sinks)) == cut
    assert cut[-1].end == min(max(last + 1, SECOND_HOLD), SECOND_HOLD + LENGTH)


def test_what_was_found_before_the_first_load_holds_for_all():
    starved = Starved(wall_seconds=0, since_start_seconds=1, backend="backend-2", reason="shared")
    first = scheduled(hold_seconds=LENGTH)
    second = scheduled(hold_seconds=LENGTH, ramp=SECOND_RAMP)
    whole = two_loads(events=[starved, first, held(), second, held(), finished()])
    for one in results_by_load(whole):
        assert [found.reason for found in one.fairness.starved] == ["shared"]
    assert [
        len([at for at in load.recording.events if isinstance(at, Scheduled)])
        for load in loads(whole)
    ] == [1, 1]


def test_a_load_has_the_experiment_with_its_own_settings():
    whole = two_loads(
        settings={"load.streams": "64", "backends.torrc": '["NumCPUs 2"]'},
        manifest=manifest(experiment={"load": {"streams": 4, "hold": "10s"}, "backends": {}}),
    )
    first, second = loads(whole)
    assert first.manifest.experiment == whole.manifest.experiment
    assert second.manifest.experiment == {
        "load": {"streams": 64, "hold": "10s"},
        "backends": {"torrc": ["NumCPUs 2"]},
    }
    assert whole.manifest.experiment["load"]["streams"] == 4
    assert [one.settings for one in results_by_load(whole)] == [
        {}, {"load.streams": "64", "backends.torrc": '["NumCPUs 2"]'},
    ]  # fmt: skip
