"""List what a plan needs, line by line, and compare several kinds of hardware."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.units import counted
from onionrig.views.plan.ranges import TO, likely_text, range_text
from onionrig.views.plan.words import (
    estimates_text,
    hosts_text,
    limit_name,
    price_note,
    price_text,
    rig_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from onionrig.records.plan import Bill, HardwarePlan, Plan, Range

NOT_KNOWN = "not known"
LIKE_MEASURED = "cores like those of the measured machine"
"""Cores that the client side and the relays are counted in, whatever the hosts are."""
UNLISTED = "the catalogue has no figure"
ABSENT = TO
"""Cell of a kind of hardware that has no such thing."""
HOSTS, DAEMONS = f"hosts [fewest{TO}most]", "daemons per host"
"""Names of two rows."""
BillLine = tuple[str, str, str]
"""Name, value, and remark."""


def bill_lines(plan: Plan, hardware: HardwarePlan, bill: Bill) -> tuple[BillLine, ...]:
    """Return what the plan needs, and what it would serve."""
    needed, projected = hardware.hosts_needed, hardware.projected_bits_per_second
    driving = bill.client_side
    tors, cores = counted(driving.client_tors, "client tor"), driving.client_cores
    lines = [
        ("hosts", rig_text(bill, hardware), "as asked" if needed is None else hosts_text(needed)),
        (DAEMONS, str(bill.daemons_per_host), "tors, one backend instance each"),
        (
            "introduction points",
            str(bill.introduction_points),
            f"of {counted(bill.instances, 'instance')}, in {_descriptors(plan, bill)}",
        ),
        ("streams", str(bill.streams), "open at once, each on a circuit of its own"),
        (
            "memory per host",
            range_text(bill.memory_bytes_per_host, "B"),
            "of the daemons and what the rig runs beside them",
        ),
        (
            "client side",
            f"{tors} on {range_text(cores, 'cores')}",
            (
                f"takes {range_text(driving.link_bits_per_second, 'bit/s')} from the wire; "
                f"{LIKE_MEASURED}"
            ),
        ),
        (
            "relays",
            range_text(driving.relay_cores, "cores"),
            f"of a private network, together; {LIKE_MEASURED}",
        ),
        ("power", _watts(bill.watts), UNLISTED if bill.watts is None else "of the hosts alone"),
        (
            "price",
            NOT_KNOWN if bill.price is None else price_text(bill.price),
            UNLISTED if bill.price is None else price_note(bill.price, bill.hosts),
        ),
    ]
    if bill.link_bits_per_second is not None:
        link = range_text(bill.link_bits_per_second, "bit/s")
        lines.insert(2, ("link per host", link, "each way, frame overhead included"))
    if projected is not None:
        explanation = "sustained: the lowest 10 seconds of a hold"
        lines.insert(1, ("would serve", range_text(projected, "bit/s"), explanation))
    return tuple(lines)


def side_by_side(plan: Plan) -> tuple[tuple[str, ...], ...]:
    """Return rows: a name, then a cell for each kind of hardware."""
    rows = [(name, *map(cell, plan.hardware)) for name, cell in _SIDES]
    return tuple(row for row in rows if any(cell != ABSENT for cell in row[1:]))


def _hosts(hardware: HardwarePlan) -> str:
    if hardware.bill is None:
        return "no number"
    needed = hardware.hosts_needed
    if needed is None:
        return str(hardware.bill.hosts)
    if needed.most is None:
        return f"{hardware.bill.hosts} [{needed.fewest}; at worst none is enough]"
    if needed.fewest == needed.most:
        return str(hardware.bill.hosts)
    return f"{hardware.bill.hosts} [{needed.fewest}{TO}{needed.most}]"


def _bill_cell(cell: Callable[[Bill], str]) -> Callable[[HardwarePlan], str]:
    return lambda hardware: ABSENT if hardware.bill is None else cell(hardware.bill)


def _next_limit(hardware: HardwarePlan) -> str:
    limit = hardware.next_binding
    if limit is None:
        return ABSENT
    return f"{limit_name(limit.kind)}, at {likely_text(limit.goodput_bits_per_second, 'bit/s')}"


def _rate(value: Range | None) -> str:
    return ABSENT if value is None else range_text(value, "bit/s")


def _watts(value: Range | None) -> str:
    return NOT_KNOWN if value is None else range_text(value, "W")


def _price(bill: Bill) -> str:
    return NOT_KNOWN if bill.price is None else f"{price_text(bill.price)} ({bill.price.date})"


def _driving(bill: Bill) -> str:
    driving = bill.client_side
    return (
        f"{counted(driving.client_tors, 'client tor')}, "
        f"{likely_text(driving.client_cores, 'cores')}"
    )


def _descriptors(plan: Plan, bill: Bill) -> str:
    kind = "distinct descriptor" if bill.descriptors > 1 else "descriptor"
    return f"{counted(bill.descriptors, kind)} of the {plan.balancer} balancer"


_SIDES: tuple[tuple[str, Callable[[HardwarePlan], str]], ...] = (
    (HOSTS, _hosts),
    ("would serve", lambda hardware: _rate(hardware.projected_bits_per_second)),
    (
        "bottleneck",
        lambda hardware: ABSENT if hardware.binding is None else limit_name(hardware.binding.kind),
    ),
    ("next bottleneck", _next_limit),
    (DAEMONS, _bill_cell(lambda bill: str(bill.daemons_per_host))),
    ("instances", _bill_cell(lambda bill: str(bill.instances))),
    ("client side", _bill_cell(_driving)),
    ("power", _bill_cell(lambda bill: _watts(bill.watts))),
    ("price", _bill_cell(_price)),
    ("estimated", estimates_text),
)
