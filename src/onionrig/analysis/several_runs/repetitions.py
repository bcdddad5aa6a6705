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
    repetitions = _repetitions(results)
    median_result = _median(results)
    return msgspec.structs.replace(
        median_result,
        status="complete" if all(result.status == "complete" for result in results) else "aborted",
        failure=next((result.failure for result in results if result.failure), None),
        bytes=summed_bytes(results),
        streams=_summed_streams(median_result.streams, results),
        trust=_trust(median_result, results, repetitions),
        repetitions=repetitions,
        lost_hosts=all_lost_hosts(results),
    )


def summed_bytes(results: Sequence[Result]) -> Bytes:
    """Return the bytes of all loads together."""
    return Bytes(
        verified=sum(result.bytes.verified for result in results),
        corrupt=sum(result.bytes.corrupt for result in results),
        unverified=sum(result.bytes.unverified for result in results),
    )


def all_lost_hosts(results: Sequence[Result]) -> tuple[LostHost, ...]:
    """Return each lost host, as recorded in the load in which it was lost."""
    lost_by_name: dict[str, LostHost] = {}
    for result in results:
        for host in result.lost_hosts:
            lost_by_name.setdefault(host.name, host)
    return tuple(lost_by_name.values())


def _repetitions(results: Sequence[Result]) -> Repetitions:
    """Return all rates as measured, and the range of the ranked holds."""
    rates = [rate for result in _ranked(results) if (rate := _sustained(result)) is not None]
    median_rate = statistics.median_low(rates) if rates else 0.0
    return Repetitions(
        count=len(results),
        sustained_bits_per_second=tuple(_sustained(result) for result in results),
        lowest_bits_per_second=min(rates, default=None),
        highest_bits_per_second=max(rates, default=None),
        spread=(max(rates) - min(rates)) / median_rate if len(rates) > 1 and median_rate else None,
    )


def _median(results: Sequence[Result]) -> Result:
    sorted_results = sorted(_ranked(results), key=lambda result: _sustained(result) or 0.0)
    return sorted_results[(len(sorted_results) - 1) // 2] if sorted_results else results[0]


def _ranked(results: Sequence[Result]) -> list[Result]:
    """Return the holds that have a rate: those that ran to their end, if any did."""
    measured_results = [result for result in results if _sustained(result) is not None]
    return [
        result for result in measured_results if result.status == "complete"
    ] or measured_results


def _sustained(result: Result) -> float | None:
    return result.goodput.sustained_bits_per_second


def _summed_streams(median_streams: StreamCounts, results: Sequence[Result]) -> StreamCounts:
    reasons: Counter[str] = Counter()
    for result in results:
        reasons.update(result.streams.failed_by_reason)
    return msgspec.structs.replace(
        median_streams,
        failed=sum(result.streams.failed for result in results),
        reconnected=sum(result.streams.reconnected for result in results),
        failed_by_reason=dict(reasons.most_common()),
        still_waiting=sum(result.streams.still_waiting for result in results),
    )


def _trust(
    median_result: Result, results: Sequence[Result], repetitions: Repetitions
) -> Trust | None:
    if median_result.trust is None or len(results) == 1:
        return median_result.trust
    doubts = (*_remarks(results, lambda trust: trust.doubts), *_spread_doubts(repetitions))
    was_held = any(
        result.trust is not None and result.trust.trusted is not None for result in results
    )
    return msgspec.structs.replace(
        median_result.trust,
        trusted=not doubts if was_held else None,
        doubts=doubts,
        missing=_remarks(results, lambda trust: trust.missing),
    )


def _remarks(
    results: Sequence[Result], remarks_of: Callable[[Trust], Sequence[str]]
) -> tuple[str, ...]:
    """Return the remarks on each hold after its number; those common to all come first, once."""
    remarks_by_hold = [remarks_of(result.trust) if result.trust else () for result in results]
    common_remarks = [
        remark
        for remark in remarks_by_hold[0]
        if all(remark in remarks for remarks in remarks_by_hold)
    ]
    return (
        *common_remarks,
        *(
            f"repetition {number}: {remark}"
            for number, remarks in enumerate(remarks_by_hold, start=1)
            for remark in remarks
            if remark not in common_remarks
        ),
    )


def _spread_doubts(repetitions: Repetitions) -> list[str]:
    lowest, highest = repetitions.lowest_bits_per_second, repetitions.highest_bits_per_second
    if repetitions.spread is None or repetitions.spread <= MOST_SPREAD:
        return []
    if lowest is None or highest is None:
        return []
    spread_text = percent_text(repetitions.spread)
    return [f"the repetitions differ by {spread_text}: {rate_text(lowest)} to {rate_text(highest)}"]
