"""What a later version has added is left out, and nothing else."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.analysis.result import analyse
from onionrig.records.events import AnyEvent, Noted
from onionrig.records.result import Result
from onionrig.records.samples import HostSample
from onionrig.store.versions import UNDECODABLE, known_part
from support.records.recordings import recording
from support.records.results import result
from support.records.samples import HOLD, host_sample, sink_sample

RESULT = result(100, doubts=("a doubt",), settings={"load.streams": "4"})
SAMPLE = host_sample(
    HOLD, {"relay-1": 1.0}, interfaces={"eth0": {"received": 1, "sent": 2, "link": 1e9}}
)
FREE_NAMES = {"settings", "costs", "processes", "interfaces", "failed_by_reason"}
"""Whose keys are names and not fields."""


def objects(value, *, named=False):
    """Every object within a value whose keys are fields."""
    if isinstance(value, dict):
        if not named:
            yield value
        for key, item in value.items():
            yield from objects(item, named=key in FREE_NAMES)
    elif isinstance(value, list):
        for item in value:
            yield from objects(item)


@given(st.data(), st.sampled_from([RESULT, SAMPLE]))
def test_fields_added_anywhere_are_left_out_and_named(data, record):
    value = msgspec.to_builtins(record)
    places = list(objects(value))
    changed = data.draw(st.lists(st.sampled_from(range(len(places))), unique=True))
    for place in changed:
        places[place]["later"] = data.draw(st.none() | st.integers() | st.just({"a": [1]}))
    read, left_out = known_part(msgspec.json.encode(value), type(record))
    assert read == record
    assert {name.rpartition(".")[2] for name in left_out} == ({"later"} if changed else set())


def test_fields_are_named_by_where_they_are():
    value = msgspec.to_builtins(SAMPLE)
    value["board"]["fan"] = 1
    value["interfaces"]["eth0"]["colour"] = "green"
    value["moon"] = "full"
    _, left_out = known_part(msgspec.json.encode(value), HostSample)
    assert set(left_out) == {"board.fan", "interfaces[…].colour", "moon"}


def test_an_event_is_known_by_its_kind():
    event = b'{"kind":"noted","wall_seconds":1,"since_start_seconds":2,"text":"a","by":"me"}'
    assert known_part(event, AnyEvent) == (
        Noted(wall_seconds=1, since_start_seconds=2, text="a"),
        ("by",),
    )


def test_a_result_of_before_the_findings_is_read_as_it_is():
    whole = analyse(recording([sink_sample(HOLD + n, {"backend-1": 9}) for n in range(10)]))
    value = msgspec.to_builtins(whole)
    for later in ("bottleneck", "trust", "round_trip", "tor_circuits", "repetitions", "settings"):
        del value[later]
    read = msgspec.json.decode(msgspec.json.encode(value), type=Result)
    assert (read.goodput, read.trust) == (whole.goodput, None)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff", b"[" * 100_000, b'{"schema":[]}'])
def test_what_is_no_record_raises_what_readers_catch(content):
    with pytest.raises(UNDECODABLE):
        known_part(content, Result)
