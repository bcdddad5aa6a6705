"""Count what became of the streams: connected, failed and why, reconnected."""

from __future__ import annotations

import statistics
from collections import Counter
from typing import TYPE_CHECKING

from onionrig.records.result import StreamCounts

if TYPE_CHECKING:
    from onionrig.analysis.load.loads import MeasuredLoad


def streams(load: MeasuredLoad) -> StreamCounts:
    """Count the streams by their outcome.

    A sink that was killed has recorded its samples, but not its last attempts.
    """
    transfers = load.recording.transfers
    connected_streams = {transfer.stream for transfer in transfers if transfer.verified_bytes}
    reasons = Counter(transfer.reason for transfer in transfers if transfer.failed)
    first_bytes = [
        transfer.first_byte_after_seconds
        for transfer in transfers
        if transfer.first_byte_after_seconds is not None
    ]
    return StreamCounts(
        asked=load.recording.streams_asked,
        connected=max(len(connected_streams), load.sink_seconds.most_streams),
        failed=reasons.total(),
        reconnected=sum(
            transfer.attempt > 1 and transfer.verified_bytes > 0 for transfer in transfers
        ),
        failed_by_reason=dict(reasons.most_common()),
        median_first_byte_seconds=statistics.median(first_bytes) if first_bytes else None,
        still_waiting=sum(transfer.was_still_waiting for transfer in transfers),
    )
