"""What the links of hosts could carry over the hold, and what they did carry."""

from __future__ import annotations

from onionrig.records import Part


class HostLink(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The link of one emulated or real host."""

    host: str
    board: str | None
    """The name of the board that it stands for; null where none was named."""
    link_bits_per_second: float | None
    """What it could carry each way, frames counted; the mean where that was changed meanwhile. Null
    where it was not shaped, or where nobody says what a real one carries."""
    sent_bits_per_second: float | None
    """By the host; null where it was not sampled."""
    received_bits_per_second: float | None
    full: bool
    """Whether it carried at least 90 % of what it could, one way."""
    serves: bool
    """Whether the host has backend instances or, in a baseline, a source."""


class Links(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The links of all hosts, and goodput against those of the hosts that serve."""

    scale: float
    """What every rate was multiplied by; 1 is as asked for."""
    hosts: tuple[HostLink, ...]
    """In the experiment's order."""
    sum_bits_per_second: float | None
    """Of the links of the hosts that serve; null where that of one of them is not known."""
    payload_bits_per_second: float | None
    """What of that is TCP payload at most: 1448 of each 1514 bytes."""
    mean_share: float | None
    """Mean goodput over the sum."""
    sustained_share: float | None
    """Sustained goodput over the sum."""
    emulated: bool = True
    """Whether the hosts were emulated; else they are machines."""
