"""Write the section of a run's report on the speed of the cores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.views.core_speed_text import speed_text
from onionrig.views.report.document import UNKNOWN, ReportTable, Section, columns
from onionrig.views.report.value_text import number, percent, rate

if TYPE_CHECKING:
    from onionrig.records.result import Result
    from onionrig.records.yardstick.core_speed import (
        ArithmeticBound,
        HostSpeed,
        PartSpeed,
        Yardstick,
    )
    from onionrig.records.yardstick.readings import WorkPart
    from onionrig.views.report.document import Cell

PARTS: dict[WorkPart, str] = {
    "digest": "SHA3-256 over relay cells",
    "cipher": "AES-256-CTR over relay cells",
    "records": "AES-256-GCM over TLS records, sealed and opened",
    "loopback": "TCP over loopback, pieces of 4 KiB",
    "bulk": "TCP over loopback, pieces of 16 KiB",
}
KINDS = {
    "sha3": "end-to-end digest (SHA3-256)",
    "aes": "layers of AES",
    "tls": "TLS records",
    "kernel": "TCP in the kernel",
}


def core_speed(result: Result) -> Section | None:
    """Return how fast the cores were, or None if the yardstick was not read."""
    yardstick = result.yardstick
    if yardstick is None:
        return None
    blocks = [_hosts(yardstick), *(_parts(host) for host in yardstick.hosts)]
    if yardstick.arithmetic is not None:
        blocks.append(_arithmetic(yardstick.arithmetic))
    return Section(
        name="core-speed",
        title="How fast the cores were",
        finding=_finding(yardstick),
        blocks=tuple(blocks),
    )


def _finding(yardstick: Yardstick) -> str:
    if yardstick.speed is None:
        return f"Nothing is carried over to the reference core: {yardstick.not_carried_over}."
    sustained = yardstick.sustained_on_reference_core_bits_per_second
    rate_part = (
        f"The sustained rate would be about {rate(sustained)} there."
        if sustained is not None
        else f"The sustained rate is not carried over: {yardstick.not_carried_over}."
    )
    reached = ""
    if yardstick.arithmetic is not None:
        reached = (
            f" The mean goodput was {percent(yardstick.arithmetic.reached)} of what these cores "
            "could carry if they did nothing but the arithmetic below."
        )
    return (
        f"A core did a fixed piece of work {yardstick.speed:.2f} times as fast as the reference "
        f"core of yardstick version {yardstick.version}. {rate_part}{reached}"
    )


def _hosts(yardstick: Yardstick) -> ReportTable:
    return ReportTable(
        caption="Speed of a core, relative to the reference core",
        columns=columns(
            "host", "cores", "before", "in the hold", "half of the readings", "readings", "after",
            numeric=("cores", "before", "in the hold", "readings", "after"),
        ),
        rows=tuple(_host(host) for host in yardstick.hosts),
    )  # fmt: skip


def _host(host: HostSpeed) -> tuple[Cell, ...]:
    middle = UNKNOWN
    if host.middle_half is not None:
        low, high = host.middle_half
        middle = f"{low:.2f} to {high:.2f}"
    return (
        host.host, str(host.cores), _speed(host.before), _speed(host.hold), middle,
        str(host.readings), _speed(host.after),
    )  # fmt: skip


def _speed(speed: float | None) -> str:
    return UNKNOWN if speed is None else speed_text(speed)


def _parts(host: HostSpeed) -> ReportTable:
    return ReportTable(
        caption=f"Parts of the yardstick on {host.host}, in MB per CPU-second of one core; the "
        "reference core's are estimates",
        columns=columns(
            "work", "before", "in the hold", "after", "reference core",
            numeric=("before", "in the hold", "after", "reference core"),
        ),
        rows=tuple(_part(part) for part in host.parts),
    )  # fmt: skip


def _part(part: PartSpeed) -> tuple[Cell, ...]:
    return (
        PARTS[part.part],
        _megabytes(part.before_bytes_per_cpu_second),
        _megabytes(part.hold_bytes_per_cpu_second),
        _megabytes(part.after_bytes_per_cpu_second),
        _megabytes(part.reference_bytes_per_cpu_second),
    )


def _megabytes(bytes_per_cpu_second: float | None) -> str:
    return UNKNOWN if bytes_per_cpu_second is None else f"{bytes_per_cpu_second / 1e6:,.0f}"


def _arithmetic(bound: ArithmeticBound) -> ReportTable:
    whole = sum(bound.cpu_seconds_per_gbit.values())
    rows = [(KINDS[kind], number(seconds)) for kind, seconds in bound.cpu_seconds_per_gbit.items()]
    return ReportTable(
        caption=f"Arithmetic that a Gbit of payload needs on its way over {bound.relays} relays, "
        "whatever program does it",
        columns=columns("work", "CPU-s per Gbit", numeric=("CPU-s per Gbit",)),
        rows=(*rows, ("everything", number(whole))),
    )
