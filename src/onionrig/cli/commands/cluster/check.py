"""The cluster check command: whether the hosts of an inventory are fit for a run."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.table import Table

from onionrig.cli.app import Json
from onionrig.cli.commands.cluster.app import Inventory, Limit, cluster, progress
from onionrig.cli.printing import print_json
from onionrig.cluster.check import Checked
from onionrig.cluster.check import check as check_hosts
from onionrig.errors import MEASURED, Unequipped

MARKS = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "missing": "[red]missing[/]"}


@cluster.command()
def check(
    *, inventory: Inventory = "inventory.yml", limit: Limit = None, json: Json = False
) -> None:
    """Say whether each host is fit for a run, and what to do where it is not.

    Looks at all hosts at once and changes nothing: connections, sudo, clocks, architecture, Python,
    tor, memory, disk, links, and whether the hosts reach one another's ports.
    """
    console = progress(json=json)
    checked = check_hosts(inventory, limit=limit, tell=lambda task: console.print(f"check: {task}"))
    if json:
        print_json(checked)
    else:
        Console(highlight=False).print(_table(checked))
        for remark in checked.remarks:
            Console(highlight=False).print(f"{checked.inventory}: {remark}", markup=False)
    raise typer.Exit(MEASURED if checked.is_fit else Unequipped.exit_code)


def _table(checked: Checked) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("host", "", "what", "found", "what to do"):
        table.add_column(heading, overflow="fold")
    for host in checked.hosts:
        roles = ", ".join(checked.roles.get(host, ())) or "no role"
        name = f"{host} ({roles})"
        for finding in checked.findings:
            if finding.host == host:
                table.add_row(
                    name, MARKS[finding.verdict], finding.what, finding.found, finding.advice
                )
                name = ""
    return table
