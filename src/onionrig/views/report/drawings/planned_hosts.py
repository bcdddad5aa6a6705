"""Describe the drawing of a planned rig: its hosts at their switch, and what else it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.records.plan import Range
from onionrig.units import counted
from onionrig.views.plan.ranges import likely_text, range_text
from onionrig.views.plan.words import rig_text
from onionrig.views.report.drawings.host_boxes import HostBox, HostsDrawing, Strand, Way

if TYPE_CHECKING:
    from onionrig.records.plan import Bill, HardwarePlan, Plan
    from onionrig.views.report.drawings.host_boxes import Direction

MOST_SINGLE = 6
"""Most hosts that are drawn one by one; all are alike, so more are drawn as one box."""


def planned_rig(plan: Plan, hardware: HardwarePlan, bill: Bill) -> HostsDrawing:
    """Return the drawing of a planned rig."""
    serving = _hosts(hardware, bill)
    others = (_network(plan, bill), _clients(bill))
    boxes = "; ".join(f"{box.title}: {', '.join(box.details)}" for box in (*serving[:1], *others))
    return HostsDrawing(
        title=f"{rig_text(bill, hardware)} at a switch, with relays and clients. {boxes}.",
        serving=serving,
        others=others,
    )


def _hosts(hardware: HardwarePlan, bill: Bill) -> tuple[HostBox, ...]:
    suffix = " each" if bill.hosts > 1 else ""
    strand = _strand(hardware)
    if bill.hosts > MOST_SINGLE:
        ways = (_sending(hardware, bill, strand, bill.hosts),)
        title = f"{counted(bill.hosts, 'host')}, all alike"
        return (HostBox(title=title, details=_details(hardware, bill, suffix), ways=ways),)
    return tuple(
        HostBox(
            title=f"host {number}",
            details=_details(hardware, bill, ""),
            ways=(_sending(hardware, bill, strand, 1),),
        )
        for number in range(1, bill.hosts + 1)
    )


def _details(hardware: HardwarePlan, bill: Bill, suffix: str) -> tuple[str, ...]:
    lines = [hardware.name, f"{counted(bill.daemons_per_host, 'tor daemon')}{suffix}"]
    if bill.link_bits_per_second is not None:
        lines.append(f"link {likely_text(bill.link_bits_per_second, 'bit/s')}{suffix}")
    return tuple(lines)


def _sending(hardware: HardwarePlan, bill: Bill, strand: Strand, strands: int) -> Way:
    """Return what each host would send: goodput, and its share of the link's capacity."""
    lines: list[str] = []
    projected = hardware.projected_bits_per_second
    if projected is not None:
        share = Range(
            lowest=projected.lowest / bill.hosts,
            likely=projected.likely / bill.hosts,
            highest=projected.highest / bill.hosts,
        )
        strand_suffix = " each" if strands > 1 else ""
        lines.append(f"goodput {likely_text(share, 'bit/s')}{strand_suffix}")
    if strand.full:
        lines.append("the link is full" if strands == 1 else "the links are full")
    elif strand.share is not None:
        lines.append(f"{100 * strand.share:.0f} % of what the link carries")
    return Way(direction="sent", lines=tuple(lines), strands=(strand,) * strands)


def _strand(hardware: HardwarePlan) -> Strand:
    """Return how full a link would be: the planned rate over the capacity of links alone."""
    links = next(
        (constraint for constraint in hardware.constraints if constraint.kind == "NIC"), None
    )
    projected = hardware.projected_bits_per_second
    if links is None or projected is None or not links.goodput_bits_per_second.likely:
        return Strand(share=None, full=False)
    share = projected.likely / links.goodput_bits_per_second.likely
    is_full = hardware.binding is not None and hardware.binding.kind == "NIC"
    return Strand(share=min(1.0, share), full=is_full)


def _network(plan: Plan, bill: Bill) -> HostBox:
    return HostBox(
        title="network",
        details=(
            "relays of a private network:",
            f"{range_text(bill.client_side.relay_cores, 'cores')}",
            f"{plan.balancer} Onionbalance and its tor",
        ),
        ways=(
            _way_of_one_line("received", "what the hosts send"),
            _way_of_one_line("sent", "on to the clients"),
        ),
    )


def _clients(bill: Bill) -> HostBox:
    driving = bill.client_side
    return HostBox(
        title="client side",
        details=(
            f"{counted(driving.client_tors, 'client tor')}:",
            range_text(driving.client_cores, "cores"),
            f"{bill.streams} streams, a circuit each",
        ),
        ways=(
            _way_of_one_line(
                "received", f"{likely_text(driving.link_bits_per_second, 'bit/s')} on the wire"
            ),
        ),
    )


def _way_of_one_line(direction: Direction, line: str) -> Way:
    return Way(direction=direction, lines=(line,), strands=(Strand(share=None, full=False),))
