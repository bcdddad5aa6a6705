"""What each limit of one host lets it serve."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.hardware.boards import BoardFigure
from onionrig.plan.capacity import capacity, memory_bytes
from onionrig.plan.cores.speeds import speeds_of_probe
from onionrig.plan.hosts import Lacking, PlannedHost, host_of
from onionrig.plan.question import Candidate
from support.plan_inputs import MIB, board, candidate, question, reference, spread
from support.records.probes import probe


def limits(measured=None, asked=None, **of_board):
    measured, asked = measured or reference(), asked or question()
    host = host_of(candidate(**of_board), asked, measured)
    assert isinstance(host, PlannedHost)
    return capacity(host, measured, asked.scale)


def test_a_link_carries_what_of_it_is_payload():
    assert limits(reference(payload_share=0.9)).link.likely == pytest.approx(90e6)


def test_a_link_that_was_measured_may_be_off_by_a_twentieth():
    link = limits(reference(payload_share=0.9)).link
    assert (link.lowest, link.highest) == pytest.approx((0.95 * 90e6, 1.05 * 90e6))


def test_four_cores_serve_four_times_what_one_serves():
    found = limits(reference(backend_cost=2.0))
    assert found.thread.likely == pytest.approx(500e6)
    assert found.cpu.likely == pytest.approx(2000e6)


def test_what_a_network_costs_is_in_what_a_daemon_takes():
    found = limits(reference(backend_cost=1.0, wire_cost=1.5))
    assert found.thread.likely == pytest.approx(1e9 / 1.5)


def test_the_source_takes_its_part_of_the_cores_but_nothing_of_a_daemons_main_thread():
    found = limits(reference(backend_cost=1.0, source_cost=0.25))
    assert found.thread.likely == pytest.approx(1000e6)
    assert found.cpu.likely == pytest.approx(4 / 1.25 * 1e9)


def test_the_sampler_takes_its_part_whatever_the_load():
    assert limits(reference(sampler_cores=0.4)).cpu.likely == pytest.approx(3.6e9)


def test_a_sampler_that_would_take_every_core_leaves_nothing():
    assert limits(reference(sampler_cores=5.0)).cpu.likely == 0


def test_what_is_sustained_is_less_than_the_mean():
    found = limits(reference(steadiness=0.8, link_steadiness=0.95, payload_share=1.0))
    assert found.cpu.likely == pytest.approx(3.2e9)
    assert found.link.likely == pytest.approx(95e6)


def test_a_quarter_of_links_and_cores_serves_a_quarter():
    whole, quarter = limits(), limits(asked=question(scale=0.25))
    assert quarter.link.likely == pytest.approx(whole.link.likely / 4)
    assert quarter.cpu.likely == pytest.approx(whole.cpu.likely / 4)


def test_a_daemon_may_have_a_whole_core_where_the_host_has_a_part_of_several():
    assert limits(asked=question(scale=0.5)).thread.likely == pytest.approx(1e9)
    assert limits(asked=question(scale=0.125)).thread.likely == pytest.approx(0.5e9)


def test_cores_that_hold_one_another_back_count_for_less_but_each_may_have_a_daemon():
    slow_together = probe(all_cores_sha3_bytes_per_second=3 * 50e6)  # of four, 50e6 each alone
    asked, measured = (
        question(link_bits_per_second=1e9),
        reference(machine=speeds_of_probe(probe())),
    )
    host = host_of(Candidate(id="it", board=None, probe=slow_together), asked, measured)
    found = capacity(host, measured, 1.0)
    assert found.cpu.likely == pytest.approx(3e9)
    assert found.most_by_cores == 4


def test_there_is_a_daemon_for_each_core():
    assert limits().most_by_cores == 4


def test_memory_holds_daemons_beside_the_system_source_and_sampler():
    # 1 GiB - 200 MiB - 16 - 32, in pieces of 16 MiB
    assert limits().most_by_memory == (1024 - 200 - 48) // 16


def test_a_board_with_next_to_no_memory_holds_no_daemon():
    small = BoardFigure[tuple[float, ...]](value=(0.125,), mark="read", source="a test")
    assert limits(memory_gb=small, price=None).most_by_memory == 0


def test_memory_of_several_daemons():
    assert memory_bytes(reference(), 3).likely == (3 * 16 + 16 + 32) * MIB


def test_the_memory_that_the_price_is_of_is_the_one_that_is_planned():
    host = host_of(candidate(), question(), reference())
    assert isinstance(host, PlannedHost)
    assert host.memory_bytes.value.likely == 1 << 30


def test_a_link_from_the_command_line_overrides_the_boards():
    found = limits(asked=question(link_bits_per_second=1e9))
    assert found.link.likely == pytest.approx(0.9e9)


@pytest.mark.parametrize(
    ("gone", "text"),
    [
        ({"cores": None}, "how many cores"),
        ({"memory_gb": None}, "how much memory"),
        ({"ethernet_mbit": None, "wifi_mbit": None}, "--link RATE"),
        ({"aes_mb_per_second": None}, "how fast its cores are"),
        ({"seven_zip_mips": None, "clock_mhz": None}, "how fast its cores are"),
    ],
)
def test_what_is_not_known_of_a_board_is_said_with_what_to_do(gone, text):
    found = host_of(candidate(**gone), question(), reference())
    assert isinstance(found, Lacking)
    assert text in found.sentence
    assert "probe" in found.sentence


def test_costs_of_a_machine_that_nobody_probed_cannot_be_carried_over():
    found = host_of(candidate(), question(), reference(machine=None))
    assert isinstance(found, Lacking)
    assert "--run-probe" in found.sentence


@given(
    cost=st.floats(min_value=0.1, max_value=50),
    off=st.floats(min_value=0, max_value=0.5),
    cores=st.integers(min_value=1, max_value=64),
)
def test_a_range_of_costs_makes_a_range_of_rates_around_the_likely_one(cost, off, cores):
    found = limits(
        reference(backend_cost=spread(cost * (1 - off), cost, cost * (1 + off))),
        cores=BoardFigure[int](value=cores, mark="read", source="a test"),
    )
    for limit in (found.cpu, found.thread):
        assert limit.lowest <= limit.likely <= limit.highest
    assert found.cpu.likely == pytest.approx(cores * found.thread.likely)


def test_boards_made_for_tests_are_boards():
    assert board().seven_zip_mips is not None
