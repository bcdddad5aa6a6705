"""What benchmarks/own_share.py says of its limits."""

import contextlib
import select
import socket

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import forwarder
import own_share
from onionrig.records.result import Cost


def shared_turn(raw, speed=1.0):
    return own_share.SharedTurn(bits_per_second=5e9, cpu_seconds_per_gbit=raw, speed=speed)


def cost(cores, **more):
    return Cost(processes=1, cpu_seconds_per_gbit=0.02, cores=cores, peak_rss_bytes=1, **more)


def watching(**cores):
    return {role: cost(cores.get(role, 0.001)) for role in own_share.WATCHING}


def test_the_limit_of_source_and_sink_is_judged_on_the_reference_core():
    assert own_share.moving_judged([shared_turn(0.06, speed=0.5)], "directly").kept
    missed = own_share.moving_judged([shared_turn(0.04, speed=2.0)], "directly")
    assert not missed.kept
    assert (
        "0.0800 CPU-s per Gbit on the reference core, MISSES the limit of 0.05" in missed.sentence
    )


@given(st.lists(st.floats(1e-4, 1.0), min_size=1))
def test_one_disturbed_turn_among_several_does_not_decide(costs):
    turns = [shared_turn(each) for each in costs]
    kept = own_share.moving_judged(turns, "directly").kept
    within = sum(each <= own_share.MOST_CPU_SECONDS_PER_GBIT for each in costs)
    if 2 * within != len(costs):
        assert kept == (2 * within > len(costs))


def test_the_watching_roles_are_added_up():
    assert own_share.watching_judged(watching(sampler=0.011)).sentence == (
        "watching: 1.40% of one core, within the limit of 1.5%"
    )
    assert not own_share.watching_judged(watching(sampler=0.0125)).kept


def test_a_run_without_a_role_is_not_judged_and_keeps_no_limit():
    costs = watching()
    del costs["yardstick"]
    judged = own_share.watching_judged(costs)
    assert not judged.kept
    assert "no record of yardstick" in judged.sentence


def test_pairs_are_compared_turn_by_turn():
    turns = {
        "ours": [shared_turn(0.02), shared_turn(0.04, speed=0.5)],
        "plain": [shared_turn(0.01), shared_turn(0.01)],
    }
    *_, last = own_share.lines(turns)
    assert last.startswith(
        "  ours over plain: 2.00 (2.00 to 2.00) the CPU; cores: 1.00 (0.50 to 1.00)"
    )


@pytest.mark.parametrize(("carried", "text"), [(None, "unknown"), (0.03, "0.0300")])
def test_what_our_programs_cost_in_a_run_is_printed(carried, text):
    costs = {"source": msgspec.structs.replace(cost(0.01), reference_core_seconds_per_gbit=carried)}
    assert list(own_share.cost_lines(costs)) == [
        f"  source     1.000% of one core; CPU-s per Gbit 0.0200, on the reference core {text}"
    ]


def test_a_forwarder_carries_small_pieces_between_source_and_sink():
    with contextlib.ExitStack() as sockets:
        source = sockets.enter_context(socket.create_server(("127.0.0.1", 0)))
        server = sockets.enter_context(socket.create_server(("127.0.0.1", 0)))
        server.setblocking(False)
        sink = sockets.enter_context(socket.create_connection(server.getsockname()))
        sink.settimeout(20)
        streams = []
        forwarder.accept(server, streams, source.getsockname()[1])
        for each in streams:
            sockets.enter_context(each[0])
            sockets.enter_context(each[1])
        connected, _ = source.accept()
        sockets.enter_context(connected).sendall(bytes(3 * forwarder.PIECE_BYTES))
        assert select.select([streams[0][0]], [], [], 20)[0]
        forwarder.carry(*streams[0])
        assert sink.recv(3 * forwarder.PIECE_BYTES) == bytes(forwarder.PIECE_BYTES)
