"""Show what clients see of an onion address: a verdict, then tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from onionrig.records.descriptor import Answer
from onionrig.units import percent_text, rough_duration_text, size_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import JustifyMethod, RenderableType

    from onionrig.records.descriptor import (
        AddressSeen,
        Age,
        DescriptorVariant,
        HSDirSeen,
        InstanceSeen,
        PointSeen,
    )

HSDIRS = ("HSDir", "relay", "replica", "answer", "variant", "revision", "age")
INSTANCES = ("instance", "reached", "variant", "points", "usable", "its own", "expected share")
IN_SECONDS = 600
"""Highest age that is printed in seconds: a testnet publishes every 20 s."""
POINTS = ("point", "relay", "", "instance", "used")


def address_view(
    address: AddressSeen, *, points: bool = True, latest: Sequence[str] = ()
) -> RenderableType:
    """Draw a look and the latest changes; without ``points``, each variant has one line."""
    parts: list[RenderableType] = [
        *headline(address),
        *(Text(f"· {line}", style="dim") for line in latest),
        Text(),
        _hsdirs(address),
    ]
    if address.instances:
        parts += [Text(), _instances(address)]
    for variant in address.variants:
        parts += [Text(), _variant_line(variant, address)]
        parts += [_points(variant)] if points else []
    return Group(*parts)


def headline(address: AddressSeen) -> list[Text]:
    """Return the verdict, everything that is wrong, then what was looked at."""
    run_text = f" (run {address.run})" if address.run else ""
    return [
        Text(address.verdict, style="bold green" if address.healthy else "bold red"),
        *(Text(trouble, style="red") for trouble in address.troubles[1:]),
        *(Text(f"note: {note}", style="yellow") for note in address.notes),
        Text(f"{address.address}{run_text}", style="dim", overflow="fold"),
        Text(
            f"{clock(address.time)} UTC, asked through {address.asked}; "
            f"time period {address.time_period}, other HSDirs from {address.period_ends[:10]} "
            f"{clock(address.period_ends)} UTC",
            style="dim",
            overflow="fold",
        ),
    ]


def clock(moment: str) -> str:
    """Return the time of day of an ISO 8601 moment."""
    return moment[11:19]


def age_text(age: Age) -> str:
    """Return the age of a descriptor, and its uncertainty."""
    if age.by == "certificate":
        oldest = rough_duration_text(age.seconds + age.within_seconds)
        youngest = rough_duration_text(max(0.0, age.seconds - age.within_seconds))
        return f"{youngest} to {oldest}"
    if age.seconds < IN_SECONDS:
        return f"{age.seconds:.0f} s ±{age.within_seconds:.0f} s"
    return f"{rough_duration_text(age.seconds)} ±{rough_duration_text(age.within_seconds)}"


def _hsdirs(address: AddressSeen) -> Table:
    watched = any(hsdir.held and hsdir.held.seen_for_seconds for hsdir in address.hsdirs)
    last = "seen for" if watched else "size"
    table = _table((*HSDIRS, last), right=("replica", "variant", "revision", last))
    for hsdir in address.hsdirs:
        table.add_row(*(Text(cell, style=_style(hsdir)) for cell in _hsdir(hsdir, watched=watched)))
    return table


def _style(hsdir: HSDirSeen) -> str:
    return "" if hsdir.answer is Answer.HELD else "red"


def _hsdir(hsdir: HSDirSeen, *, watched: bool) -> list[str]:
    answer = f"{hsdir.answer} ({hsdir.reason})" if _explains(hsdir) else str(hsdir.answer)
    cells = [hsdir.nickname, hsdir.fingerprint[:8], str(hsdir.replica), answer]
    descriptor = hsdir.held
    if descriptor is None:
        return cells
    cells += [
        str(descriptor.variant),
        str(descriptor.revision),
        age_text(descriptor.age),
    ]
    # in a terminal of 80 columns there is room for one of the two
    last = (
        rough_duration_text(descriptor.seen_for_seconds)
        if watched
        else size_text(descriptor.size_bytes)
    )
    return [*cells, last]


def _explains(hsdir: HSDirSeen) -> bool:
    return hsdir.answer in {Answer.REFUSED, Answer.UNREADABLE} and bool(hsdir.reason)


def _instances(address: AddressSeen) -> Table:
    table = _table(INSTANCES, right=("points", "usable", "its own", "expected share"))
    for instance in address.instances:
        table.add_row(*(Text(cell) for cell in _instance(instance)))
    return table


def _instance(instance: InstanceSeen) -> list[str]:
    reached = {True: "yes", False: f"no: {instance.unreachable}", None: "in doubt"}
    return [
        instance.name,
        reached[instance.reachable],
        " ".join(str(variant.variant) for variant in instance.variants) or "-",
        str(sum(variant.listed for variant in instance.variants)),
        str(sum(variant.usable for variant in instance.variants)),
        "none" if instance.own_points is None else str(instance.own_points),
        percent_text(instance.share),
    ]


def _variant_line(variant: DescriptorVariant, address: AddressSeen) -> Text:
    used = sum(point.same_relay_as is None for point in variant.points)
    control = variant.flow_control
    (lifetime, *_) = [
        hsdir.held.lifetime_seconds
        for hsdir in address.hsdirs
        if hsdir.held is not None and hsdir.held.variant == variant.number
    ]
    where = f"on {len(variant.hsdirs)} of {len(address.hsdirs)} HSDirs"
    clauses = (
        f"{len(variant.points)} points, {used} of them used",
        f"flow-control {control}"
        if control is not None
        else "no flow-control line (so no congestion control)",
        "single-onion-service" if variant.single_hop else "anonymous service",
        f"{where}, {percent_text(variant.share)} of clients",
        f"kept for {rough_duration_text(lifetime)}",
    )
    return Text.assemble((f"variant {variant.number}: ", "bold"), "; ".join(clauses))


def _points(variant: DescriptorVariant) -> Table:
    table = _table(POINTS, right=("point",))
    for point in variant.points:
        style = "" if point.same_relay_as is None else "yellow"
        table.add_row(*(Text(cell, style=style) for cell in _point(point)))
    return table


def _point(point: PointSeen) -> list[str]:
    return [
        str(point.number),
        point.nickname or "not in the consensus",
        point.relay[:8],
        point.instance or "unknown",
        "yes" if point.same_relay_as is None else f"no: same relay as {point.same_relay_as}",
    ]


def _table(headings: tuple[str, ...], *, right: tuple[str, ...]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in headings:
        side: JustifyMethod = "right" if heading in right else "left"
        table.add_column(heading, justify=side, overflow="fold")
    return table
