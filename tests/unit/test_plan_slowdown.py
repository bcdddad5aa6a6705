"""How many times as long a core of a board takes as one of the machine that was measured."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.plan.cores.slowdown import slowdown, unchanged
from onionrig.plan.cores.speeds import AES_CTR, AES_GCM, LOOPBACK, SHA3, Speeds, laid_over
from support.plan_inputs import figure, shares, speeds, spread

OVER_LOOPBACK = figure("wire", 1.0)


def slower(machine, board, wire=OVER_LOOPBACK):
    return slowdown(machine, board, shares(), wire)


def probed(sha3=400e6, ctr=1000e6, gcm=2000e6, loopback=3e9):
    known = {SHA3: sha3, AES_CTR: ctr, AES_GCM: gcm, LOOPBACK: loopback}
    return Speeds(
        figures={name: figure(name, value) for name, value in known.items()},
        aes_instructions=True,
    )


def test_a_core_like_the_machines_is_as_fast():
    found = slower(speeds(), speeds())
    assert found.value.likely == pytest.approx(1.0)
    assert found.value.lowest < 1 < found.value.highest


def test_a_core_that_is_half_as_fast_at_everything_takes_twice_as_long():
    found = slower(speeds(), speeds(aes=500e6, seven_zip=2000.0))
    assert found.value.likely == pytest.approx(2.0)


def test_aes_without_instructions_is_held_against_the_modes_that_tor_uses():
    machine = laid_over(probed(ctr=1500e6, gcm=3000e6), speeds(aes=1000e6))
    found = slower(machine, speeds(aes=50e6, instructions=False))
    # 1500 to 50 in CTR; 0.92 as 7-zip has it
    assert found.value.likely == pytest.approx(0.08 * 30 + 0.92)
    # 3000 to 50 in GCM, if all that OpenSSL took is AES; a quarter more for the rest
    assert found.value.highest == pytest.approx(0.14 * 60 + 0.92 * 1.25)
    # CTR twice as fast as CBC, and AES the least part that it may be
    assert found.value.lowest == pytest.approx(0.065 * 15 + 0.92 * 0.75)


def test_aes_without_instructions_needs_the_machines_figures_of_those_modes():
    assert slower(speeds(), speeds(instructions=False)) is None


def test_a_probe_goes_before_the_catalogue():
    machine = laid_over(probed(), speeds())
    board = laid_over(probed(sha3=100e6), speeds())
    # SHA3, and what is neither AES nor the kernel, are four times as slow
    assert slower(machine, board).value.likely == pytest.approx(0.77 * 4 + 0.23)


def test_sha3_of_openssl_stands_for_tors_own_give_or_take_what_a_compiler_moves_it():
    found = slower(probed(), probed())
    assert found.value.likely == pytest.approx(1.0)
    # the rest of tor is plain code, which one benchmark tells of give or take a quarter more
    assert found.value.lowest == pytest.approx(0.5 * 0.7 + 0.27 * 0.7 * 0.75 + 0.065 + 0.15)
    assert found.value.highest == pytest.approx(0.5 * 1.3 + 0.27 * 1.3 * 1.25 + 0.14 + 0.15)


def test_how_far_a_figure_predicts_tors_own_speed_is_an_input_and_an_estimate():
    (sha3,) = {each for each in slower(probed(), probed()).inputs if "tor's own SHA3" in each.name}
    assert sha3.origin == "estimated"
    assert (sha3.value.lowest, sha3.value.highest) == (0.7, 1.3)
    catalogued = {each.name for each in slower(speeds(), speeds()).inputs}
    assert sha3.name not in catalogued
    assert "another program's speed, as by a benchmark" in catalogued


def test_a_slow_kernel_weighs_as_much_as_its_share():
    found = slower(probed(loopback=3e9), probed(loopback=0.3e9))
    assert found.value.likely == pytest.approx(0.85 + 0.15 * 10)


def test_what_a_network_costs_is_more_work_for_the_kernel_alone():
    wire = figure("wire", spread(1.0, 1.5, 2.0))
    found = slower(probed(loopback=3e9), probed(loopback=0.3e9), wire)
    assert found.value.likely == pytest.approx(0.85 + (0.15 + 0.5) * 10)
    assert wire in found.inputs


def test_where_only_clocks_are_known_the_range_is_wide():
    by_clock = slower(speeds(), speeds(seven_zip=None, clock=2500.0))
    assert by_clock.value.highest / by_clock.value.lowest > 2
    assert by_clock.value.likely > 1
    assert any(one.origin == "estimated" and "clock" in one.name for one in by_clock.inputs)


@pytest.mark.parametrize("gone", [{"aes": None}, {"seven_zip": None, "clock": None}])
def test_too_little_is_known_without_aes_or_without_any_speed(gone):
    assert slower(speeds(), speeds(**gone)) is None


def test_hosts_like_those_measured_take_no_more_than_a_network_adds():
    assert unchanged(OVER_LOOPBACK).value == spread(1, 1, 1)
    assert unchanged(figure("wire", spread(1.0, 1.5, 2.0))).value == spread(1, 1.5, 2)


@given(factor=st.floats(min_value=0.2, max_value=50), with_probe=st.booleans())
def test_a_core_slower_at_everything_is_slower_by_as_much(factor, with_probe):
    """Whatever the figures are taken from."""
    if with_probe:
        machine = probed()
        board = probed(400e6 / factor, 1000e6 / factor, 2000e6 / factor, 3e9 / factor)
    else:
        machine = speeds()
        board = speeds(aes=1000e6 / factor, seven_zip=4000.0 / factor)
    found = slower(machine, board).value
    assert found.lowest <= factor * 1.001
    assert found.likely == pytest.approx(factor)
    assert found.highest >= factor * 0.999
