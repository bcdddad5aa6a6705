"""The cluster status command: what each host is in use for, and its health."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from onionrig.cli.app import JsonOption
from onionrig.cli.commands.cluster.app import InventoryOption, LimitOption, cluster
from onionrig.cli.help import described
from onionrig.cli.output.printing import print_json, results
from onionrig.cluster.asking import accesses_of
from onionrig.cluster.status import cluster_status
from onionrig.errors import HostLost
from onionrig.units import counted, rough_duration_text, size_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from onionrig.cluster.state import HostState
    from onionrig.cluster.status import ClusterStatus, HostStatus

HEADINGS = ("host", "version", "clock", "in use by", "stands down", "memory", "disk", "°C")
RUNNING = "running"


@cluster.command(
    **described(
        None,
        "onionrig cluster status",
        "onionrig cluster status -i inventory.yml --json",
    )
)
def status(
    *,
    inventory: InventoryOption = "inventory.yml",
    limit: LimitOption = None,
    json: JsonOption = False,
) -> None:
    """Show what each host is used for, its services, and records that were not collected.

    All hosts are asked at once. A host that does not answer is named, and the exit code is then 13.
    """
    status = asyncio.run(cluster_status(accesses_of(inventory, limit)))
    if json:
        print_json(status)
    else:
        _print(status, results())
    lost = [host for host in status.hosts if host.problem is not None]
    if lost:
        raise HostLost("\n".join(str(host.problem) for host in lost))


def _print(status: ClusterStatus, console: Console) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in HEADINGS:
        table.add_column(heading, overflow="fold")
    for host in status.hosts:
        table.add_row(*map(Text, _row(host)))
    console.print(table)
    for host in status.hosts:
        if host.state is not None:
            for line in _detail_lines(host.name, host.state):
                console.print(line, markup=False, soft_wrap=True)


def _row(host: HostStatus) -> tuple[str, ...]:
    state = host.state
    if state is None:
        return (host.name, "no answer")
    version = "not provisioned"
    if state.version is not None:
        version = "this one" if host.this_version else f"another ({state.version})"
    return (
        host.name,
        version,
        "unknown" if host.clock is None else f"{host.clock.ahead_seconds:+.3f} s",
        "-" if state.claim is None else state.claim.who,
        _stand_down_text(state),
        "" if state.available_memory_bytes is None else size_text(state.available_memory_bytes),
        "" if state.free_disk_bytes is None else size_text(state.free_disk_bytes),
        "" if state.temperature_celsius is None else f"{state.temperature_celsius:.0f}",
    )


def _stand_down_text(state: HostState) -> str:
    if state.claim is None:
        return "-"
    if state.stands_down_in_seconds is None:
        return "not by itself"
    condition = "after its load" if state.in_load else "if its controller is gone"
    return f"in {rough_duration_text(state.stands_down_in_seconds)}, {condition}"


def _detail_lines(name: str, state: HostState) -> Iterable[str]:
    """Yield the lines for which a table has no room."""
    if state.services:
        running = [
            service for service, service_state in state.services.items() if service_state == RUNNING
        ]
        others = [
            f"{service} {service_state}"
            for service, service_state in state.services.items()
            if service_state != RUNNING
        ]
        parts = [f"{len(running)} running: {', '.join(running)}"] if running else []
        yield f"{name}: services: {'; '.join([*parts, *others])}"
    if state.leftover_run_ids:
        yield (
            f"{name}: remains of {counted(len(state.leftover_run_ids), 'run')} that it is not in "
            "use for: onionrig cluster down"
        )
    for records in state.records:
        if state.claim is None or records.run_id != state.claim.run_id:
            yield (
                f"{name}: records of {records.run} ({size_text(records.size_bytes)}): "
                f"onionrig cluster collect {records.run}"
            )
