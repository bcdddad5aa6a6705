"""Compute the rates of the hold."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from onionrig.analysis.load.windows import (
    mean_bits_per_second,
    sustained_bits_per_second,
    variation,
)
from onionrig.records.result import WINDOW_SECONDS, Goodput
from onionrig.units import BITS_PER_BYTE

if TYPE_CHECKING:
    from onionrig.analysis.load.loads import MeasuredLoad

UNMEASURED = Goodput(
    sustained_bits_per_second=None,
    median_second_bits_per_second=None,
    mean_bits_per_second=None,
    lowest_second_bits_per_second=None,
    highest_second_bits_per_second=None,
    variation=None,
    steady_seconds=0,
    missing_seconds=0,
)
"""Rates of a load that is not about goodput."""


def goodput(load: MeasuredLoad) -> Goodput:
    """Return the rates over the hold; null if fewer than ten seconds of it were recorded."""
    second_bytes = load.held_bytes
    rates = [size * BITS_PER_BYTE for size in second_bytes]
    is_long_enough = len(second_bytes) >= WINDOW_SECONDS
    return Goodput(
        sustained_bits_per_second=sustained_bits_per_second(second_bytes),
        median_second_bits_per_second=statistics.median(rates) if is_long_enough else None,
        mean_bits_per_second=mean_bits_per_second(second_bytes) if is_long_enough else None,
        lowest_second_bits_per_second=min(rates) if is_long_enough else None,
        highest_second_bits_per_second=max(rates) if is_long_enough else None,
        variation=variation(second_bytes) if is_long_enough else None,
        steady_seconds=len(second_bytes),
        missing_seconds=load.sink_seconds.missing_in(load.hold),
    )
