"""Write the top of a run's report: the verdict, whether to trust it, the key figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.units import counted
from onionrig.views.report.document import UNKNOWN, Fact
from onionrig.views.report.value_text import moment, number, percent, rate, rates, size, wait
from onionrig.views.summary.run import headline, misses
from onionrig.views.summary.trust import distrust

if TYPE_CHECKING:
    from onionrig.records.result import Result
    from onionrig.views.report.document import Mood


def verdict(result: Result) -> tuple[str, Mood]:
    """Return the verdict in a sentence, and its mood."""
    sentence = headline(result).plain
    if doubted := distrust(result):
        # each doubt is listed right below
        return f"{sentence.removesuffix(doubted)} — do not trust it", "doubted"
    if result.status == "aborted" or result.goodput.sustained_bits_per_second is None:
        return sentence, "bad"
    if misses(result):
        return sentence, "bad"
    is_good = result.verdict.met or (result.verdict.thresholds and not result.verdict.missed)
    return sentence, "good" if is_good else "plain"


def warnings(result: Result) -> tuple[str, ...]:
    """Return the reasons not to trust a result."""
    if result.trust is not None:
        return result.trust.doubts
    return () if result.status == "complete" else ("it was cut short",)


def trusted(result: Result) -> str:
    """Return the text shown if nothing is wrong with a result."""
    if result.trust is None:
        return "Trust was not judged: the result is from an earlier version."
    if result.trust.trusted is None:
        return "No load was held, so there is nothing to judge."
    return "Every check that could be made passed: counts agree, the hold was steady."


def about(result: Result) -> tuple[str, ...]:
    """Return name, time and kind of the run."""
    kind = "without tor" if result.mode == "without tor" else f"{result.mode}, {result.balancer}"
    return (result.run, moment(result.started), f"profile {result.profile}", kind)


def facts(result: Result, ceiling: Result | None) -> tuple[Fact, ...]:
    """Return the key figures."""
    goodput, streams = result.goodput, result.streams
    seconds_text = f"of {counted(goodput.steady_seconds, 'second')} of the hold"
    missing = f", {goodput.missing_seconds} of them missing" if goodput.missing_seconds else ""
    key_figures = [
        Fact(
            name="Sustained",
            value=rate(goodput.sustained_bits_per_second),
            note="lowest mean of any 10 s of the hold",
        ),
        Fact(
            name="Median second",
            value=rate(goodput.median_second_bits_per_second),
            note=f"{seconds_text}{missing}; standard deviation {percent(goodput.variation)} of the "
            "mean",
        ),
        Fact(
            name="Per second",
            value=rates(
                goodput.lowest_second_bits_per_second, goodput.highest_second_bits_per_second
            ),
            note="lowest and highest second",
        ),
        _bottleneck(result),
        *_cost(result),
        Fact(
            name="Streams",
            value=f"{streams.connected} of {streams.asked}",
            note=f"connected; {counted(streams.failed, 'failure')}, "
            f"{streams.reconnected} reconnected",
        ),
        Fact(
            name="Payload",
            value=size(result.bytes.verified + result.bytes.unverified),
            note=_verification_text(result),
        ),
    ]
    if result.mode != "without tor":
        up = result.bring_up_seconds
        key_figures.append(
            Fact(
                name="Bring-up",
                value=wait(up.total),
                note=f"until the first byte; network up after {wait(up.network)}, address "
                f"published after {wait(up.frontend)}",
            )
        )
    return (*key_figures, *_ceiling(result, ceiling))


def _bottleneck(result: Result) -> Fact:
    bottleneck = result.bottleneck
    if bottleneck is None:
        return Fact(name="Bottleneck", value=UNKNOWN)
    return Fact(name="Bottleneck", value=bottleneck.kind, note=bottleneck.subject or "")


def _cost(result: Result) -> list[Fact]:
    cost = result.costs.get("backend")
    if cost is None:
        return []
    return [
        Fact(
            name="Backends' cost",
            value=f"{number(cost.cpu_seconds_per_gbit)} CPU-s/Gbit",
            note=f"{number(cost.cores)} cores; at most {size(cost.peak_rss_bytes)} of memory "
            "per process",
        )
    ]


def _verification_text(result: Result) -> str:
    if result.bytes.corrupt:
        return f"verified; {size(result.bytes.corrupt)} CORRUPT"
    if result.bytes.unverified:
        return "from another program (a foreign peer), so it cannot be checked"
    return "verified, none corrupt"


def _ceiling(result: Result, ceiling: Result | None) -> list[Fact]:
    ceiling_rate = ceiling.goodput.sustained_bits_per_second if ceiling is not None else None
    if ceiling_rate is None:
        return []
    sustained = result.goodput.sustained_bits_per_second
    part = (
        f"{percent(sustained / ceiling_rate)} of it reached; "
        if sustained is not None and ceiling_rate
        else ""
    )
    return [
        Fact(
            name="Ceiling",
            value=rate(ceiling_rate),
            note=f"{part}the same source and sink without Tor",
        )
    ]
