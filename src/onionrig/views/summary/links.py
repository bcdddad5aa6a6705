"""Describe the links of hosts."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from onionrig.units import percent_text, rate_text

if TYPE_CHECKING:
    from onionrig.records.hosts import LinkSum

FINEST = 1000
"""Highest denominator of a printed scale."""


def links_sentence(links: LinkSum) -> str:
    """Return how much of its serving hosts' links an address sustained, and the scale."""
    serving = sum(link.serves for link in links.hosts)
    if links.sum_bits_per_second is None:
        sentence = f"The links of the hosts that serve are {unknown_text(links)}"
    else:
        whole = "The link of the host that serves carries"
        if serving > 1:
            whole = f"The links of the {serving} hosts that serve carry"
        together = " together" if serving > 1 else ""
        sentence = f"{whole} {rate_text(links.sum_bits_per_second)}{together}{_parts(links)}"
    return f"{sentence}{_scaled(links)}."


def links_row(links: LinkSum) -> tuple[str, str]:
    """Return the sustained share and its whole, for a table of the summary."""
    hosts = f"{len(links.hosts)} {'emulated ' if links.emulated else ''}hosts"
    if links.sum_bits_per_second is None or links.sustained_share is None:
        return unknown_text(links), f"{hosts}{_scaled(links)}"
    serving = sum(link.serves for link in links.hosts)
    carry = f"the links of {serving} of {hosts} carry"
    if serving == 1:
        carry = f"the link of 1 of {hosts} carries"
    text = f"sustained of the {rate_text(links.sum_bits_per_second)} that {carry}"
    return percent_text(links.sustained_share), f"{text}{_scaled(links)}"


def unknown_text(links: LinkSum) -> str:
    """Explain why a link has no rate: it was not shaped, or a real one's is unknown."""
    return "not shaped" if links.emulated else "of unknown rate"


def _parts(links: LinkSum) -> str:
    """Return goodput as shares of that, if there was any."""
    if links.sustained_share is None or links.mean_share is None:
        return ""
    return (
        f"; goodput was {percent_text(links.mean_share)} of it, "
        f"the sustained rate {percent_text(links.sustained_share)}"
    )


def _scaled(links: LinkSum) -> str:
    if links.scale == 1:
        return ""
    return f", at a scale of {Fraction(links.scale).limit_denominator(FINEST)}"
