"""What a source served to sinks that run elsewhere; the figures are theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.load.source_bytes import served_in_all
from onionrig.units import rate_text, size_text

if TYPE_CHECKING:
    from onionrig.records.recording import Recording


def served(recording: Recording) -> str:
    """Say in a sentence how much was sent, for how long, and at what rate."""
    found = served_in_all(recording)
    if found is None:
        return "nobody pulled anything"
    return (
        f"served {size_text(found.sent_bytes)} in {found.seconds} s, "
        f"{rate_text(found.mean_bits_per_second)} on average, "
        f"{rate_text(found.highest_bits_per_second)} in the fullest second; what arrived, the sink "
        "says"
    )
