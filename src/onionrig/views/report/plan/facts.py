"""Write the key figures on top of a plan's page: all for one kind of hardware, else a few."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.units import counted
from onionrig.views.plan.bill import LIKE_MEASURED
from onionrig.views.plan.ranges import ends_text, likely_text
from onionrig.views.plan.words import (
    constraint_text,
    estimates_text,
    hosts_text,
    limit_name,
    planned,
    price_note,
    price_text,
)
from onionrig.views.report.document import Fact

if TYPE_CHECKING:
    from onionrig.records.plan import Bill, HardwarePlan, Plan


def plan_facts(plan: Plan) -> tuple[Fact, ...]:
    """Return the key figures; none if nothing is possible."""
    able = planned(plan)
    if len(plan.hardware) > 1:
        return tuple(_short_fact(*pair) for pair in able)
    return tuple(fact for pair in able for fact in _detailed_facts(*pair))


def _short_fact(hardware: HardwarePlan, bill: Bill) -> Fact:
    projected = hardware.projected_bits_per_second
    notes = [] if projected is None else [ends_text(projected, "bit/s")]
    notes += [] if bill.price is None else [price_text(bill.price)]
    return Fact(name=hardware.name, value=counted(bill.hosts, "host"), note="; ".join(notes))


def _detailed_facts(hardware: HardwarePlan, bill: Bill) -> list[Fact]:
    needed, projected = hardware.hosts_needed, hardware.projected_bits_per_second
    driving = bill.client_side
    facts = [
        Fact(
            name="Hosts",
            value=str(bill.hosts),
            note="as asked" if needed is None else hosts_text(needed),
        )
    ]
    if projected is not None:
        facts.append(
            Fact(
                name="Would serve",
                value=likely_text(projected, "bit/s"),
                note=f"{ends_text(projected, 'bit/s')}, sustained",
            )
        )
    if hardware.binding is not None:
        after = hardware.next_binding
        facts.append(
            Fact(
                name="Bottleneck",
                value=limit_name(hardware.binding.kind),
                note="" if after is None else f"next: {constraint_text(after)}",
            )
        )
    facts.append(
        Fact(
            name="Client side",
            value=counted(driving.client_tors, "client tor"),
            note=f"on {ends_text(driving.client_cores, 'cores')}; relays on "
            f"{ends_text(driving.relay_cores, 'cores')}; {LIKE_MEASURED}",
        )
    )
    if bill.watts is not None:
        facts.append(
            Fact(
                name="Power",
                value=likely_text(bill.watts, "W"),
                note=f"{ends_text(bill.watts, 'W')}, the hosts alone",
            )
        )
    if bill.price is not None:
        facts.append(
            Fact(
                name="Price",
                value=price_text(bill.price),
                note=price_note(bill.price, bill.hosts),
            )
        )
    return [
        *facts,
        Fact(name="Estimated", value=estimates_text(hardware), note="of the inputs"),
    ]
