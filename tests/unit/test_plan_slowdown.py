"""How many times as long a core of a board takes as one of the machine that was measured."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.plan.slowdown import SHARES, slowdown, unchanged
from onionrig.plan.speeds import AES_CTR, AES_GCM, LOOPBACK, SHA3, Speeds, laid_over
from plan_parts import figure, speeds


def probed(sha3=400e6, ctr=1000e6, gcm=2000e6, loopback=3e9):
    known = {SHA3: sha3, AES_CTR: ctr, AES_GCM: gcm, LOOPBACK: loopback}
    return Speeds(
        figures={name: figure(name, value) for name, value in known.items()},
        aes_instructions=True,
    )


def test_the_shares_are_a_whole():
    assert sum(SHARES.values()) == pytest.approx(1.0)


def test_a_core_like_the_machines_is_as_fast():
    found = slowdown(speeds(), speeds())
    assert found.value.likely == pytest.approx(1.0)
    assert found.value.lowest < 1 < found.value.highest


def test_a_core_that_is_half_as_fast_at_everything_takes_twice_as_long():
    found = slowdown(speeds(), speeds(aes=500e6, seven_zip=2000.0))
    assert found.value.likely == pytest.approx(2.0)


def test_slow_aes_weighs_as_much_as_its_share_of_the_cost():
    without = speeds(aes=40e6, instructions=False)
    found = slowdown(speeds(aes=1000e6), without)
    # 25 times as slow at 14 % of it
    assert found.value.likely == pytest.approx(0.86 + 0.14 * 25)


def test_aes_without_instructions_is_as_slow_in_every_mode():
    machine = laid_over(probed(ctr=1500e6, gcm=3000e6), speeds(aes=1000e6))
    found = slowdown(machine, speeds(aes=50e6, instructions=False))
    # at most against GCM, at least against CBC; a quarter either way for the rest, by 7-zip
    assert found.value.highest == pytest.approx(0.14 * 3000 / 50 + 0.86 * 1.25)
    assert found.value.lowest == pytest.approx(0.14 * 1000 / 50 + 0.86 * 0.75)


def test_a_probe_goes_before_the_catalogue():
    machine = laid_over(probed(), speeds())
    board = laid_over(probed(sha3=100e6), speeds())
    # half of the time is SHA3, and what is neither AES nor the kernel is like it
    assert slowdown(machine, board).value.likely == pytest.approx(0.71 * 4 + 0.29)


def test_a_slow_kernel_weighs_as_much_as_its_share():
    found = slowdown(probed(loopback=3e9), probed(loopback=0.3e9))
    assert found.value.likely == pytest.approx(0.85 + 0.15 * 10)


def test_where_only_clocks_are_known_the_range_is_wide():
    by_clock = slowdown(speeds(), speeds(seven_zip=None, clock=2500.0))
    assert by_clock.value.highest / by_clock.value.lowest > 2
    assert by_clock.value.likely > 1
    assert any(one.origin == "estimated" and "clock" in one.name for one in by_clock.inputs)


@pytest.mark.parametrize("gone", [{"aes": None}, {"seven_zip": None, "clock": None}])
def test_too_little_is_known_without_aes_or_without_any_speed(gone):
    assert slowdown(speeds(), speeds(**gone)) is None


def test_hosts_like_those_measured_are_as_fast_without_any_spread():
    found = unchanged("manifest.json").value
    assert (found.lowest, found.likely, found.highest) == (1, 1, 1)


@given(
    factor=st.floats(min_value=0.2, max_value=50),
    instructions=st.booleans(),
    with_probe=st.booleans(),
)
def test_a_core_slower_at_everything_is_slower_by_as_much(factor, instructions, with_probe):
    """Whatever the figures are taken from; but for AES in software, which has one figure."""
    if with_probe:
        machine = probed()
        board = probed(400e6 / factor, 1000e6 / factor, 2000e6 / factor, 3e9 / factor)
    else:
        machine = speeds()
        board = speeds(aes=1000e6 / factor, seven_zip=4000.0 / factor, instructions=instructions)
    found = slowdown(machine, board).value
    assert found.lowest <= factor * 1.001
    assert found.likely == pytest.approx(factor)
    assert found.highest >= factor * 0.999
