"""What a source served to sinks that run elsewhere; the figures are theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.units import BITS_PER_BYTE, rate_text, size_text

if TYPE_CHECKING:
    from onionrig.records.recording import Recording


def served(recording: Recording) -> str:
    """Say in a sentence how much was sent, for how long, and at what rate."""
    sent = [
        sum(sample.sent_bytes.values())
        for samples in recording.sources.values()
        for sample in samples
        if any(sample.streams.values()) or any(sample.sent_bytes.values())
    ]
    if not any(sent):
        return "nobody pulled anything"
    mean = sum(sent) * BITS_PER_BYTE / len(sent)
    return (
        f"served {size_text(sum(sent))} in {len(sent)} s, {rate_text(mean)} on average, "
        f"{rate_text(max(sent) * BITS_PER_BYTE)} in the fullest second; what arrived, the sink says"
    )
