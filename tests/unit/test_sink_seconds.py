"""What several sinks counted, added up by second: against sums that are made sample by sample."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.analysis.load.sink_seconds import SinkSeconds
from onionrig.analysis.load.windows import Window
from support.records.samples import sink_sample

NAMES = ("backend-1", "backend-2", "backend-3")
WINDOW = Window(begin=3, end=8)

samples = st.builds(
    lambda second, sizes, streams, corrupt, unverified: sink_sample(
        second, sizes, streams=streams, corrupt=corrupt, unverified=unverified
    ),
    st.integers(0, 10),
    st.dictionaries(st.sampled_from(NAMES), st.integers(0, 1000)),
    st.dictionaries(st.sampled_from(NAMES), st.integers(0, 9)),
    st.integers(0, 5),
    st.integers(0, 3),
)
sink = st.lists(samples, unique_by=lambda sample: sample.second, max_size=11)
sinks = st.dictionaries(st.sampled_from(("sink-1", "sink-2")), sink)


def every(by_sink):
    return [sample for own in by_sink.values() for sample in own]


@given(sinks)
def test_a_seconds_payload_is_what_all_sinks_got_in_it_checked_or_not(by_sink):
    assert SinkSeconds.of(by_sink).payload_in(WINDOW) == [
        sum(
            sum(sample.verified_bytes.values()) + sample.unverified_bytes
            for sample in every(by_sink)
            if sample.second == second
        )
        for second in WINDOW.seconds
    ]


@given(sinks)
def test_bytes_by_backend_are_those_of_the_window_with_a_zero_for_who_was_idle(by_sink):
    found = SinkSeconds.of(by_sink).backend_bytes_in(WINDOW, ("idle", *NAMES))
    assert list(found) == ["idle", *NAMES]
    assert found["idle"] == 0
    for name in NAMES:
        assert found[name] == sum(
            sample.verified_bytes.get(name, 0)
            for sample in every(by_sink)
            if sample.second in WINDOW.seconds
        )


@given(sinks)
def test_a_second_is_missing_unless_every_sink_has_a_sample_of_it(by_sink):
    seconds = SinkSeconds.of(by_sink)
    whole = [
        second
        for second in WINDOW.seconds
        if by_sink and all(second in {sample.second for sample in own} for own in by_sink.values())
    ]
    assert seconds.sampled_in(WINDOW) == whole
    assert seconds.missing_in(WINDOW) == len(WINDOW.seconds) - len(whole)


@given(sinks)
def test_a_backends_mean_streams_are_over_the_whole_window(by_sink):
    served = sum(
        sample.streams.get("backend-1", 0)
        for sample in every(by_sink)
        if sample.second in WINDOW.seconds
    )
    found = SinkSeconds.of(by_sink).mean_backend_streams_in(WINDOW, "backend-1")
    assert found == pytest.approx(served / 5)


def test_mean_streams_of_several_sinks_are_over_the_seconds_that_each_has():
    seconds = SinkSeconds.of(
        {
            "sink-1": [sink_sample(at, {}, streams={"backend-1": 4}) for at in (2, 3, 4)],
            "sink-2": [sink_sample(7, {}, streams={"backend-1": 1, "backend-2": 2})],
            "sink-3": [sink_sample(9, {}, streams={"backend-1": 100})],
        }
    )
    assert seconds.mean_streams_in(WINDOW) == 4 + 3


def test_the_most_streams_are_the_sum_of_each_sinks_most():
    seconds = SinkSeconds.of(
        {
            "sink-1": [sink_sample(at, {}, streams={"backend-1": at}) for at in (1, 5, 2)],
            "sink-2": [sink_sample(at, {}, streams={"backend-1": at}) for at in (7, 3)],
            "sink-3": [],
        }
    )
    assert seconds.most_streams == 5 + 7


@given(sinks)
def test_corrupt_and_unverified_bytes_are_counted_apart(by_sink):
    seconds = SinkSeconds.of(by_sink)
    assert seconds.corrupt_bytes == sum(sample.corrupt_bytes for sample in every(by_sink))
    assert sum(seconds.unverified_bytes.values()) == sum(
        sample.unverified_bytes for sample in every(by_sink)
    )
    assert 0 not in seconds.unverified_bytes.values()


def test_a_window_that_reaches_back_to_a_damaged_second_costs_nothing():
    seconds = SinkSeconds.of({"sink": [sink_sample(at, {"backend-1": 1}) for at in (5, 6)]})
    assert seconds.sampled_in(Window(begin=-(10**12), end=10**12)) == [5, 6]
    assert seconds.backend_bytes_in(Window(begin=-(10**12), end=10**12)) == {"backend-1": 2}


def test_nothing_was_counted_where_there_was_no_sink():
    seconds = SinkSeconds.of({})
    assert seconds.payload_in(WINDOW) == [0] * 5
    assert seconds.sampled_in(WINDOW) == []
    assert (seconds.most_streams, seconds.mean_streams_in(WINDOW)) == (0, 0)
