"""How much each part of a rig carried in a hold, counted by hand."""

import msgspec
import pytest

from onionrig.analysis.load.rig_rates import rig_rates
from onionrig.analysis.load.source_bytes import sent_in, served_in_all
from onionrig.analysis.load.windows import NOTHING_HELD, Window
from onionrig.analysis.result import analyse
from support.records.manifests import manifest
from support.records.recordings import recording
from support.records.samples import (
    HOLD,
    RAMP,
    sink_sample,
    source_sample,
    tor_counters,
    tor_sample,
    transfer,
)

HELD = Window(begin=HOLD, end=HOLD + 10)


def made(**more):
    """Ten seconds in which one backend instance delivers 300 bytes a second, the other 100."""
    samples = [sink_sample(HOLD + at, {"backend-1": 300, "backend-2": 100}) for at in range(10)]
    return recording(samples, **more)


def rates(whole, hold=HELD):
    return rig_rates(analyse(whole), whole, hold)


def test_goodput_and_backends_are_means_over_the_hold():
    found = rates(made())
    assert found.goodput_bits_per_second == 3200
    assert found.backends == {"backend-1": 2400, "backend-2": 800}


def test_clients_share_the_goodput_of_the_hold_as_their_bytes_of_the_whole_run():
    transfers = [
        transfer(0, verified=10, started=RAMP - 100.0),
        transfer(1, verified=20),
        transfer(2, verified=5, unverified=5, client="client-2"),
    ]
    roles = {**manifest().roles, "client-2": "client", "client-3": "client"}
    found = rates(made(transfers=transfers, manifest=manifest(roles=roles)))
    assert found.clients == {"client-1": 2400, "client-2": 800, "client-3": 0}


def test_clients_that_the_manifest_does_not_name_are_those_of_the_transfers():
    whole = made(transfers=[transfer(0, client="c-7")], manifest=manifest(roles={}))
    assert rates(whole).clients == {"c-7": 3200}


def test_without_a_transfer_no_clients_rate_is_known():
    assert rates(made()).clients == {"client-1": None}


def test_sources_count_in_the_seconds_of_the_hold_alone():
    sources = {
        "source-1": [source_sample(HOLD + at, {"backend-1": 50}) for at in (-1, 0, 9, 10)],
        "source-2": [source_sample(HOLD + 4, {"backend-1": 7, "backend-2": 3})],
    }
    whole = made(sources=sources)
    assert sent_in(whole, HELD) == {"backend-1": 107, "backend-2": 3}
    found = rates(whole)
    assert found.sources == pytest.approx({"backend-1": 85.6, "backend-2": 2.4})
    assert found.sent_bits_per_second == pytest.approx(88)


def forwarded(at, **sizes):
    """What relays say so many seconds into the hold, by their names with an underscore."""
    return tor_sample(
        HOLD + at,
        {
            name.replace("_", "-"): None
            if size is None
            else msgspec.structs.replace(tor_counters(HOLD + at + 0.5), relayed_written_bytes=size)
            for name, size in sizes.items()
        },
    )


def test_a_relay_forwards_what_it_wrote_between_its_first_and_last_answer_of_the_hold():
    answers = [
        forwarded(-5, relay_1=0, relay_2=0),
        forwarded(-1, relay_1=1000, relay_2=None),
        forwarded(4, relay_1=9_000_000, relay_2=500),
        forwarded(10, relay_1=12_000, relay_2=None),
        forwarded(15, relay_1=99_000, relay_2=800),
    ]
    found = rates(made(tors={"tors": answers}))
    # relay-2 answered once in the hold: nothing lies between
    assert found.relays == {"relay-1": 8000}
    assert found.forwarded_bits_per_second == 8000
    assert found.forwarded_over_goodput == 2.5


def test_what_was_not_recorded_is_not_known():
    found = rates(made())
    assert (found.relays, found.sources) == ({}, {})
    assert found.sent_bits_per_second is None
    assert found.forwarded_bits_per_second is None
    assert found.forwarded_over_goodput is None


def test_of_a_run_that_never_came_to_its_load_no_rate_is_known():
    sources = {"source": [source_sample(HOLD, {"backend-1": 50})]}
    whole = recording([], loads=[], sources=sources, done=False)
    found = rates(whole, NOTHING_HELD)
    assert found.goodput_bits_per_second is None
    assert set(found.backends.values()) == {None}
    assert found.sources == {}


def test_what_was_served_in_all_is_of_the_seconds_in_which_anybody_pulled():
    idle = msgspec.structs.replace(source_sample(HOLD, {}), streams={"direct": 0})
    waiting = msgspec.structs.replace(source_sample(HOLD + 1, {}), streams={"direct": 1})
    pulled = [source_sample(HOLD + at, {"direct": size}) for at, size in ((2, 100), (3, 500))]
    found = served_in_all(recording([], sources={"source": [idle, waiting, *pulled]}))
    assert (found.sent_bytes, found.seconds) == (600, 3)
    assert (found.mean_bits_per_second, found.highest_bits_per_second) == (1600, 4000)
    assert served_in_all(recording([], sources={"source": [idle]})) is None
