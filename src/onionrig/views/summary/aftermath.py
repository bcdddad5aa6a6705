"""What was done to the rig and what followed, in words and as a table of the summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from onionrig.experiment.faults.registry import fault_recorded
from onionrig.units import rate_text
from onionrig.views.summary.dials import named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from onionrig.records.aftermath import Aftermath
    from onionrig.records.dials import Outage

HEADINGS = (
    "at", "done", "before", "lowest", "as before", "listed", "unserved", "until", "slowest",
)  # fmt: skip
MEANT = (
    "as before: time until 3 consecutive seconds reach 90 % of the goodput before; listed: time "
    "until clients can learn of the change (>: not within that time); unserved: streams dialled "
    "meanwhile that failed or were overdue when the hold ended; until: time of the last such dial; "
    "slowest: longest wait for a first byte (>: overdue)"
)


def aftermath_lines(aftermaths: Sequence[Aftermath]) -> list[RenderableType]:
    """Return a table of what was done and what followed; it fits 80 columns."""
    table = Table(box=None, pad_edge=False, collapse_padding=True, header_style="dim")
    for heading in HEADINGS:
        table.add_column(heading, no_wrap=heading != "done", overflow="fold")
    for each in aftermaths:
        table.add_row(*aftermath_row(each))
    said = [Text(text) for text in follow_up_texts(aftermaths)]
    return [table, *said, Text(MEANT, style="dim")]


def aftermath_row(each: Aftermath, *, unknown: str = "-") -> tuple[str, ...]:
    """Say what was done and what followed, a cell for each heading."""
    dials = each.dials
    return (
        f"{each.at_seconds:.0f} s",
        done_text(each.verb, each.subject, each.bits_per_second),
        _rate(each.before_bits_per_second, unknown),
        _rate(each.lowest_bits_per_second, unknown),
        _after(each.recovered_after_seconds, unknown),
        _listed(each, unknown),
        f"{unserved(dials)} of {dials.begun}" if dials.begun else unknown,
        _after(dials.last_failing_after_seconds, unknown),
        _slowest(dials, unknown),
    )


def unserved(dials: Outage) -> int:
    """Return how many new streams an outage met: those that failed, and that waited in vain."""
    return dials.failed + dials.waited_in_vain


def follow_up_texts(aftermaths: Sequence[Aftermath]) -> list[str]:
    """Say of each service that was brought back whether it answered, and published the address."""
    return [text for each in aftermaths if (text := _follow_up_text(each))]


def _follow_up_text(each: Aftermath) -> str:
    parts: list[str] = []
    if "answered" in each.awaited:
        parts.append(_came("it answered", "it had not answered", each.answered_after_seconds, each))
    if "published" in each.awaited:
        parts.append(
            _came(
                "the balancer published the address",
                "the balancer had not published the address",
                each.published_after_seconds,
                each,
            )
        )
    if not parts:
        return ""
    done = done_text(each.verb, each.subject, each.bits_per_second)
    return f"{done} at {each.at_seconds:.0f} s: {', and '.join(parts)}"


def _came(came: str, not_yet: str, seconds: float | None, each: Aftermath) -> str:
    if seconds is None:
        return f"{not_yet} {each.awaited_for_seconds:.1f} s later"
    return f"{came} {seconds:.1f} s later"


def done_text(verb: str, subject: str, bits_per_second: float | None = None) -> str:
    """Say what was done, to what; of a link, what it carries from then on."""
    rate = "another rate" if bits_per_second is None else rate_text(bits_per_second)
    return fault_recorded(verb).told.format(subject=subject, verb=verb, rate=rate)


def listed_texts(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """Say which instances have come into the address's descriptors, and which have left them."""
    left = tuple(name for name in before if name not in now)
    come = tuple(name for name in now if name not in before)
    return [
        *([f"no longer in the address's descriptors: {named(left)}"] if left else []),
        *([f"now in the address's descriptors: {named(come)}"] if come else []),
    ]


def _listed(each: Aftermath, unknown: str) -> str:
    """Say how long it took until clients could learn of it, or for how long they could not."""
    seconds = each.listed_after_seconds
    if seconds is None and "listed" not in each.awaited:
        seconds = each.published_after_seconds
    if seconds is None and not {"listed", "published"}.isdisjoint(each.awaited):
        return _longer_than(each.awaited_for_seconds)
    return _after(seconds, unknown)


def _slowest(dials: Outage, unknown: str) -> str:
    """Say how long the slowest waited: to its first byte, or in vain until it was cut off."""
    waited, served = dials.longest_wait_in_vain_seconds, dials.highest_first_byte_seconds
    if waited is not None and waited > (served or 0.0):
        return _longer_than(waited)
    return _after(served, unknown)


def _longer_than(seconds: float) -> str:
    """Say that something took longer than this, in whole seconds, which leaves names their room."""
    return f"> {int(seconds)} s"


def _after(seconds: float | None, unknown: str) -> str:
    return unknown if seconds is None else f"{seconds:.1f} s"


def _rate(bits_per_second: float | None, unknown: str) -> str:
    return unknown if bits_per_second is None else rate_text(bits_per_second)
