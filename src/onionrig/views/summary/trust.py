"""Show the bottleneck of a rate and whether to trust it, in lines of the summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from onionrig.units import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.records.findings import Agreement, CpuAgreement
    from onionrig.records.result import Result


def distrust(result: Result) -> str:
    """Return what a headline adds if its figure is not to be trusted, else an empty text."""
    trust = result.trust
    if trust is None or trust.trusted is not False:
        return ""
    if not trust.doubts:
        return " — do not trust it"
    first, *more = trust.doubts
    rest = f", and {counted(len(more), 'more doubt')}" if more else ""
    return f" — do not trust it: {first.rstrip('.')}{rest}"


def bottleneck_lines(result: Result) -> list[Text]:
    """Return the bottleneck in a sentence; nothing for results from before it was judged."""
    bottleneck = result.bottleneck
    return [] if bottleneck is None else [Text(f"bottleneck: {bottleneck.sentence}")]


def trust_lines(result: Result, notes: Sequence[str] = ()) -> list[Text]:
    """Return how other counts agree, every doubt, and what is missing or cannot be read."""
    lines: list[Text] = []
    trust = result.trust
    if trust is not None:
        if trust.agreement:
            lines.append(Text(f"other counts of the same bytes: {_agreements(trust.agreement)}"))
        if trust.cpu:
            counts = ", ".join(_cpu_agreement(agreement) for agreement in trust.cpu)
            lines.append(Text(f"CPU of control groups compared with processes: {counts}"))
        lines += [Text(f"doubt: {doubt}", style="yellow") for doubt in trust.doubts]
        if trust.trusted:
            lines.append(Text("trust: every check that could be made passed"))
    missing = (*notes, *(trust.missing if trust is not None else ()))
    lines += [Text(f"note: {check}", style="yellow") for check in missing]
    return [Text(), *lines] if lines else []


def _cpu_agreement(agreement: CpuAgreement) -> str:
    if not agreement.process_cpu_seconds:
        return f"{agreement.role} -"
    difference = _signed(agreement.group_cpu_seconds / agreement.process_cpu_seconds - 1)
    return f"{agreement.role} {difference}{'' if agreement.agrees else ' (differs)'}"


def _agreements(counts: Sequence[Agreement]) -> str:
    """Return the counts that were compared, then those that were not, with the reason."""
    compared = [
        _agreement(count, count.difference) for count in counts if count.difference is not None
    ]
    other_counts = [
        f"{count.what} not judged, because {count.cause}"
        for count in counts
        if count.difference is None
    ]
    return "; ".join([*([", ".join(compared)] if compared else []), *other_counts])


def _agreement(count: Agreement, difference: float) -> str:
    unexplained = " (unexplained)" if count.explained is False else ""
    return f"{count.what} {_signed(difference)}{unexplained}"


def _signed(difference: float) -> str:
    # a typographic minus, as wide as the plus
    return f"{100 * difference:+.1f} %".replace("-", "−")  # noqa: RUF001 - meant
