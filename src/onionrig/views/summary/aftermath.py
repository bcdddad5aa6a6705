"""Show faults and what followed, in words and as a table of the summary."""

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
    from onionrig.records.streams.dials import Outage

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
    """Return a table of faults and what followed; it fits 80 columns."""
    table = Table(box=None, pad_edge=False, collapse_padding=True, header_style="dim")
    for heading in HEADINGS:
        table.add_column(heading, no_wrap=heading != "done", overflow="fold")
    for aftermath in aftermaths:
        table.add_row(*aftermath_row(aftermath))
    texts = [Text(text) for text in follow_up_texts(aftermaths)]
    return [table, *texts, Text(MEANT, style="dim")]


def aftermath_row(aftermath: Aftermath, *, unknown: str = "-") -> tuple[str, ...]:
    """Return a fault and what followed, one cell per heading."""
    dials = aftermath.dials
    return (
        f"{aftermath.at_seconds:.0f} s",
        done_text(aftermath.verb, aftermath.subject, aftermath.bits_per_second),
        _rate(aftermath.before_bits_per_second, unknown),
        _rate(aftermath.lowest_bits_per_second, unknown),
        _duration_text(aftermath.recovered_after_seconds, unknown),
        _listed_text(aftermath, unknown),
        f"{unserved(dials)} of {dials.begun}" if dials.begun else unknown,
        _duration_text(dials.last_failing_after_seconds, unknown),
        _slowest(dials, unknown),
    )


def unserved(dials: Outage) -> int:
    """Return how many new streams an outage hit: failed ones and overdue ones."""
    return dials.failed + dials.waited_in_vain


def follow_up_texts(aftermaths: Sequence[Aftermath]) -> list[str]:
    """Return, for each service that was brought back, if it answered and was published."""
    return [text for aftermath in aftermaths if (text := _follow_up_text(aftermath))]


def _follow_up_text(aftermath: Aftermath) -> str:
    parts: list[str] = []
    if "answered" in aftermath.awaited:
        parts.append(
            _event_text(
                "it answered", "it had not answered", aftermath.answered_after_seconds, aftermath
            )
        )
    if "published" in aftermath.awaited:
        parts.append(
            _event_text(
                "the balancer published the address",
                "the balancer had not published the address",
                aftermath.published_after_seconds,
                aftermath,
            )
        )
    if not parts:
        return ""
    fault_text = done_text(aftermath.verb, aftermath.subject, aftermath.bits_per_second)
    return f"{fault_text} at {aftermath.at_seconds:.0f} s: {', and '.join(parts)}"


def _event_text(came: str, not_yet: str, seconds: float | None, aftermath: Aftermath) -> str:
    if seconds is None:
        return f"{not_yet} {aftermath.awaited_for_seconds:.1f} s later"
    return f"{came} {seconds:.1f} s later"


def done_text(verb: str, subject: str, bits_per_second: float | None = None) -> str:
    """Return the fault in words; for a link, with its new rate."""
    rate = "another rate" if bits_per_second is None else rate_text(bits_per_second)
    return fault_recorded(verb).sentence_template.format(subject=subject, verb=verb, rate=rate)


def listed_texts(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """Return which instances appeared in the address's descriptors, and which left."""
    left = tuple(name for name in before if name not in now)
    come = tuple(name for name in now if name not in before)
    return [
        *([f"no longer in the address's descriptors: {named(left)}"] if left else []),
        *([f"now in the address's descriptors: {named(come)}"] if come else []),
    ]


def _listed_text(aftermath: Aftermath, unknown: str) -> str:
    """Return the time until clients could learn of it, or the time that they could not."""
    seconds = aftermath.listed_after_seconds
    if seconds is None and "listed" not in aftermath.awaited:
        seconds = aftermath.published_after_seconds
    if seconds is None and not {"listed", "published"}.isdisjoint(aftermath.awaited):
        return _longer_than(aftermath.awaited_for_seconds)
    return _duration_text(seconds, unknown)


def _slowest(dials: Outage, unknown: str) -> str:
    """Return the longest wait: for a first byte, or until it was cut off."""
    waited, served = dials.longest_wait_in_vain_seconds, dials.highest_first_byte_seconds
    if waited is not None and waited > (served or 0.0):
        return _longer_than(waited)
    return _duration_text(served, unknown)


def _longer_than(seconds: float) -> str:
    """Return "> N s", in whole seconds, which leaves room for names."""
    return f"> {int(seconds)} s"


def _duration_text(seconds: float | None, unknown: str) -> str:
    return unknown if seconds is None else f"{seconds:.1f} s"


def _rate(bits_per_second: float | None, unknown: str) -> str:
    return unknown if bits_per_second is None else rate_text(bits_per_second)
