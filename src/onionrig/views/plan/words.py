"""Write the sentences and cells of a plan, shared by the terminal and the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.wording import listing
from onionrig.units import counted, rate_text
from onionrig.views.plan.ranges import figure_text, range_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.records.plan import (
        Bill,
        Cash,
        Constraint,
        ConstraintKind,
        HardwarePlan,
        HostsNeeded,
        Plan,
    )

TIMES = "\u00d7"
UNPRICED = "boards alone: no switch, power supply, card or case"
NO_CENTS_FROM = 100.0
BOTTLENECK = "bottleneck"
"""Name of the lowest limit."""
RENTED = "rented; traffic costs not included"


def question(plan: Plan) -> str:
    """Return the question that was asked."""
    if plan.target_bits_per_second is None:
        return f"What would {_asked_hosts(plan)} serve from one onion address?"
    return (
        f"What would it take to serve {rate_text(plan.target_bits_per_second)}"
        f"{_headroom_clause(plan)} from one onion address?"
    )


def answer(plan: Plan) -> str:
    """Return the answer in a sentence: for a single kind of hardware, or for all of them."""
    if len(plan.hardware) == 1:
        return hardware_sentence(plan.hardware[0])
    able = [
        f"{rig_text(bill, hardware)}{_output(plan, hardware)}" for hardware, bill in planned(plan)
    ]
    unable = [hardware.name for hardware in plan.hardware if hardware.bill is None]
    if not able:
        return f"No number of hosts can be given for {listing(unable)}."
    if plan.target_bits_per_second is None:
        sentence = "; ".join(able)
    else:
        rate = rate_text(plan.target_bits_per_second)
        sentence = (
            f"{rate}{_headroom_clause(plan)} from one onion address takes {' or '.join(able)}"
        )
    if unable:
        sentence += f"; no number of hosts can be given for {listing(unable)}"
    return f"{sentence}."


def hardware_sentence(hardware: HardwarePlan) -> str:
    """Return the answer for one kind of hardware as a sentence that names it."""
    sentence = hardware.answer.removesuffix(".")
    if hardware.name not in sentence:
        sentence = f"{hardware.name}: {sentence}"
    return f"{sentence[:1].upper()}{sentence[1:]}."


def stock_text(plan: Plan, number: int) -> str:
    """Return what stock Onionbalance could do on one kind of hardware."""
    return f"Stock Onionbalance, {plan.hardware[number].name}: {plan.stock_answers[number]}"


def planned(plan: Plan) -> list[tuple[HardwarePlan, Bill]]:
    """Return the kinds of hardware that can do it, with their bills."""
    return [(hardware, hardware.bill) for hardware in plan.hardware if hardware.bill is not None]


def rig_text(bill: Bill, hardware: HardwarePlan) -> str:
    """Name the hosts of a rig."""
    return f"{bill.hosts} {TIMES} {hardware.name}"


def hosts_text(needed: HostsNeeded) -> str:
    """Return how far the ranges may move the planned number."""
    if needed.most is None:
        return f"{needed.fewest} at best; at worst no number is enough"
    if needed.fewest == needed.most:
        return "at best and at worst"
    return f"{needed.fewest} at best, {needed.most} at worst"


def price_text(price: Cash) -> str:
    """Return a price, per hour or month if it is rented."""
    per = "" if price.per == "piece" else f" per {price.per}"
    return f"{money_text(price.amount)} {price.currency}{per}"


def price_note(price: Cash, hosts: int) -> str:
    """Return the price per host, its date, and what it does not include."""
    each_text = f"{money_text(price.amount / hosts)} {price.currency} each, " if hosts > 1 else ""
    return f"{each_text}as of {price.date}; {UNPRICED if price.per == 'piece' else RENTED}"


def money_text(amount: float) -> str:
    """Return an amount: with cents up to a hundred, below one with three figures."""
    if amount < 1:
        return figure_text(amount)
    return f"{amount:.0f}" if amount >= NO_CENTS_FROM else f"{amount:.2f}".removesuffix(".00")


def constraint_text(constraint: Constraint) -> str:
    """Return a limit and what it alone would allow."""
    allowed = range_text(constraint.goodput_bits_per_second, "bit/s")
    return f"{limit_name(constraint.kind)}, at {allowed}"


def standing_of(constraint: Constraint, hardware: HardwarePlan) -> str:
    """Return "bottleneck", "next" or "later" for a limit."""
    if constraint == hardware.binding:
        return BOTTLENECK
    return "next" if constraint == hardware.next_binding else "later"


def limit_name(kind: ConstraintKind) -> str:
    """Return the name of a limit in a table."""
    return "links" if kind == "NIC" else kind


def estimates_text(hardware: HardwarePlan) -> str:
    """Count the figures that nobody has measured."""
    estimated = sum(figure.origin == "estimated" for figure in hardware.inputs)
    return f"{estimated} of {counted(len(hardware.inputs), 'figure')}"


def doubts(plan: Plan) -> tuple[str, ...]:
    """Return what to know before relying on the plan."""
    doubts = [doubt for hardware, bill in planned(plan) for doubt in _shortfalls(hardware, bill)]
    guessed = [
        f"{estimates_text(hardware)} for {hardware.name}"
        for hardware in plan.hardware
        if any(figure.origin == "estimated" for figure in hardware.inputs)
    ]
    if guessed:
        doubts.append(
            f"Estimates, which nobody has measured: {'; '.join(guessed)}. The inputs show which, "
            "and how to replace each with a measurement."
        )
    return tuple(doubts)


def run_doubts_text(run_doubts: Sequence[str]) -> str:
    """Repeat what the run that a plan is computed from says against its own figures."""
    first, *more = run_doubts
    rest = f", and {counted(len(more), 'more doubt')} (--verbose has them)" if more else ""
    return f"do not rely on it, the run that it is computed from doubts itself: {first}{rest}"


def headroom_text(headroom: float) -> str:
    """Return a headroom as a percentage, without decimals that it does not have."""
    return f"{100 * headroom:.3g} %"


def _shortfalls(hardware: HardwarePlan, bill: Bill) -> list[str]:
    needed = hardware.hosts_needed
    if needed is None or needed.most == bill.hosts:
        return []
    at_worst = "no number of hosts is enough"
    if needed.most is not None:
        at_worst = f"it takes {needed.most} hosts, not {bill.hosts}"
    return [f"{hardware.name}: if every figure is at the worse end of its range, {at_worst}."]


def _output(plan: Plan, hardware: HardwarePlan) -> str:
    projected = hardware.projected_bits_per_second
    if plan.target_bits_per_second is not None or projected is None:
        return ""
    return f" would serve {range_text(projected, 'bit/s')}"


def _headroom_clause(plan: Plan) -> str:
    return f", with {headroom_text(plan.headroom)} to spare," if plan.headroom else ""


def _asked_hosts(plan: Plan) -> str:
    counts = {bill.hosts for _, bill in planned(plan)}
    return counted(counts.pop(), "host") if len(counts) == 1 else "these hosts"
