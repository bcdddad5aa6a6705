"""A board that was held back, or hot, makes the figures doubtful."""

import msgspec
import pytest

from support.bottlenecks import trust_of
from support.records.manifests import host, manifest
from support.records.recordings import watched

PI = msgspec.structs.replace(host("here"), architecture="aarch64")


def with_board(*, throttling=lambda _: (), celsius=50.0, clock=1.4e9, machine=PI):
    """Return a recording of a board; its reports are those of each sample, by number."""
    whole = watched()
    samples = [
        msgspec.structs.replace(
            sample,
            board=msgspec.structs.replace(
                sample.board,
                throttling=throttling(at),
                temperature_celsius=celsius,
                clock_hertz=clock,
            ),
        )
        for at, sample in enumerate(whole.samplers["sampler"])
    ]
    made = manifest(hosts=(machine,))
    return msgspec.structs.replace(whole, samplers={"sampler": samples}, manifest=made)


def test_a_board_that_nothing_holds_back_is_trusted():
    assert trust_of(with_board(throttling=lambda _: ("throttled since boot",))).doubts == ()


@pytest.mark.parametrize("what", ["throttled", "under-voltage"])
def test_a_board_held_back_all_through_is_a_doubt(what):
    said = trust_of(with_board(throttling=lambda _: (f"{what} now",), clock=0.6e9))
    assert said.trusted is False
    assert said.doubts == (f"here reported {what} for 100.0 % of the hold (lowest clock 0.60 GHz)",)


def test_what_happened_between_two_questions_is_a_doubt():
    said = trust_of(
        with_board(throttling=lambda at: ("under-voltage since boot",) if at > 5 else ())
    )
    (doubt,) = said.doubts
    assert doubt.startswith("here reported under-voltage at some time in the hold")


def test_heat_is_a_doubt_where_boards_of_its_kind_slow_down():
    (doubt,) = trust_of(with_board(celsius=84.0)).doubts
    assert doubt == "here was at 80 °C or more for 100.0 % of the hold (up to 84.0)"
    assert trust_of(with_board(celsius=84.0, machine=host("here"))).doubts == ()
