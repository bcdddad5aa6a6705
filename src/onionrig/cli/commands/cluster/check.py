"""The cluster check command: whether the hosts of an inventory are fit for a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from onionrig.cli.app import JsonOption
from onionrig.cli.commands.cluster.app import InventoryOption, LimitOption, cluster, progress
from onionrig.cli.help import described
from onionrig.cli.output.printing import print_json, results
from onionrig.cluster.check import Checked
from onionrig.cluster.check import check as check_hosts
from onionrig.errors import MEASURED, Unequipped
from onionrig.units import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

MARKS = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "missing": "[red]missing[/]"}


@cluster.command(
    **described(
        None,
        "onionrig cluster check",
        "onionrig cluster check -i inventory.yml --limit backends",
    )
)
def check(
    *,
    inventory: InventoryOption = "inventory.yml",
    limit: LimitOption = None,
    json: JsonOption = False,
) -> None:
    """Check whether each host is fit for a run, and say what to do if it is not.

    It looks at all hosts at once and changes nothing: connections, sudo, clocks, architecture,
    Python, tor, memory, disk, links, and whether the hosts can reach one another's ports.
    """
    console = progress(json=json)
    checked = check_hosts(inventory, limit=limit, tell=lambda task: console.print(f"check: {task}"))
    if json:
        print_json(checked)
    else:
        out = results()
        for part in _tables(checked):
            out.print(part)
        for remark in checked.remarks:
            out.print(f"{checked.inventory}: {remark}", markup=False)
        out.print(_counts_text(checked), markup=False)
    raise typer.Exit(MEASURED if checked.is_fit else Unequipped.exit_code)


def _tables(checked: Checked) -> Iterable[RenderableType]:
    """Yield each host under its own heading: a column of names would leave no room."""
    for host in checked.hosts:
        yield f"[bold]{host}[/]  {', '.join(checked.roles.get(host, ())) or 'no role'}"
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(min_width=len("missing"))
        table.add_column(min_width=len("provisioned"))
        table.add_column(overflow="fold")
        for finding in checked.findings:
            if finding.host == host:
                advice = f"\n[bold]{escape(finding.advice)}[/]" if finding.advice else ""
                table.add_row(
                    MARKS[finding.verdict], finding.what, f"{escape(finding.found)}{advice}"
                )
        yield Padding(table, (0, 0, 0, 2))


def _counts_text(checked: Checked) -> str:
    """Return how many things are not as they should be."""
    verdicts = [finding.verdict for finding in checked.findings]
    missing, warnings = verdicts.count("missing"), verdicts.count("warning")
    return (
        f"{counted(len(checked.hosts), 'host')}: {missing or 'nothing'} missing, "
        f"{counted(warnings, 'warning')}"
    )
