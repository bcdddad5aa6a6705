"""Combine several holds with the same settings into one result."""

from __future__ import annotations

import statistics
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from onionrig.records.findings import Repetitions
from onionrig.records.result import Bytes
from onionrig.units import percent_text, rate_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from onionrig.records.findings import Trust
    from onionrig.records.result import LostHost, Result, StreamCounts

MOST_SPREAD = 0.10


def combined(results: Sequence[Result]) -> Result:
    """Return the result of holds with the same settings, at least one.

    The figures are those of the median hold by sustained rate, of two the lower. Only holds that
    ran to their end are ranked, if any did. Nothing that went wrong in any of them is hidden: bytes
    and failures are summed, every doubt appears, and a hold that was cut short makes the result an
    aborted one.
    """
    repeated = _repetitions(results)
    median = _median(results)
    return msgspec.structs.replace(
        median,
        status="complete" if all(one.status == "complete" for one in results) else "aborted",
        failure=next((one.failure for one in results if one.failure), None),
        bytes=summed_bytes(results),
        streams=_summed_streams(median.streams, results),
        trust=_trust(median, results, repeated),
        repetitions=repeated,
        lost_hosts=all_lost_hosts(results),
    )


def summed_bytes(results: Sequence[Result]) -> Bytes:
    """Return the bytes of all loads together."""
    return Bytes(
        verified=sum(one.bytes.verified for one in results),
        corrupt=sum(one.bytes.corrupt for one in results),
        unverified=sum(one.bytes.unverified for one in results),
    )


def all_lost_hosts(results: Sequence[Result]) -> tuple[LostHost, ...]:
    """Return each lost host, as recorded in the load in which it was lost."""
    lost: dict[str, LostHost] = {}
    for one in results:
        for host in one.lost_hosts:
            lost.setdefault(host.name, host)
    return tuple(lost.values())


def _repetitions(results: Sequence[Result]) -> Repetitions:
    """Return all rates as measured, and the range of the ranked holds."""
    ranked = [rate for one in _ranked(results) if (rate := _sustained(one)) is not None]
    middle = statistics.median_low(ranked) if ranked else 0.0
    return Repetitions(
        count=len(results),
        sustained_bits_per_second=tuple(_sustained(one) for one in results),
        lowest_bits_per_second=min(ranked, default=None),
        highest_bits_per_second=max(ranked, default=None),
        spread=(max(ranked) - min(ranked)) / middle if len(ranked) > 1 and middle else None,
    )


def _median(results: Sequence[Result]) -> Result:
    ranked = sorted(_ranked(results), key=lambda one: _sustained(one) or 0.0)
    return ranked[(len(ranked) - 1) // 2] if ranked else results[0]


def _ranked(results: Sequence[Result]) -> list[Result]:
    """Return the holds that have a rate: those that ran to their end, if any did."""
    measured = [one for one in results if _sustained(one) is not None]
    return [one for one in measured if one.status == "complete"] or measured


def _sustained(result: Result) -> float | None:
    return result.goodput.sustained_bits_per_second


def _summed_streams(median: StreamCounts, results: Sequence[Result]) -> StreamCounts:
    reasons: Counter[str] = Counter()
    for one in results:
        reasons.update(one.streams.failed_by_reason)
    return msgspec.structs.replace(
        median,
        failed=sum(one.streams.failed for one in results),
        reconnected=sum(one.streams.reconnected for one in results),
        failed_by_reason=dict(reasons.most_common()),
        still_waiting=sum(one.streams.still_waiting for one in results),
    )


def _trust(median: Result, results: Sequence[Result], repeated: Repetitions) -> Trust | None:
    if median.trust is None or len(results) == 1:
        return median.trust
    doubts = (*_remarks(results, lambda trust: trust.doubts), *_spread_doubts(repeated))
    held = any(one.trust is not None and one.trust.trusted is not None for one in results)
    return msgspec.structs.replace(
        median.trust,
        trusted=not doubts if held else None,
        doubts=doubts,
        missing=_remarks(results, lambda trust: trust.missing),
    )


def _remarks(
    results: Sequence[Result], remarks_of: Callable[[Trust], Sequence[str]]
) -> tuple[str, ...]:
    """Return the remarks on each hold after its number; those common to all come first, once."""
    by_hold = [remarks_of(one.trust) if one.trust else () for one in results]
    common = [remark for remark in by_hold[0] if all(remark in remarks for remarks in by_hold)]
    return (
        *common,
        *(
            f"repetition {number}: {remark}"
            for number, remarks in enumerate(by_hold, start=1)
            for remark in remarks
            if remark not in common
        ),
    )


def _spread_doubts(repeated: Repetitions) -> list[str]:
    lowest, highest = repeated.lowest_bits_per_second, repeated.highest_bits_per_second
    if repeated.spread is None or repeated.spread <= MOST_SPREAD:
        return []
    if lowest is None or highest is None:
        return []
    spread = percent_text(repeated.spread)
    return [f"the repetitions differ by {spread}: {rate_text(lowest)} to {rate_text(highest)}"]
