"""The cluster collect command: fetch what hosts have kept of a run, and remake its result."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onionrig.cli.app import JsonOption, ReportOption
from onionrig.cli.commands.cluster.app import InventoryOption, cluster, progress
from onionrig.cli.help import described
from onionrig.cli.output.printing import print_json
from onionrig.cli.output.report_files import announce
from onionrig.cli.output.result_output import print_result
from onionrig.cluster.asking import accesses_of
from onionrig.cluster.collecting import collect as collect_run
from onionrig.errors import HostLost
from onionrig.store.run_directory import RunDirectory

if TYPE_CHECKING:
    from onionrig.cluster.collecting import Collected

RunArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="RUN",
        help='Run directory, run name, or "latest" (default: the only run on the hosts).',
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="New directory for a run of which only the hosts have records (default: RUN, or below "
        "runs/).",
    ),
]
KeepOption = Annotated[bool, typer.Option("--keep", help="Leave the records on the hosts as well.")]


@cluster.command(
    **described(
        None,
        "onionrig cluster collect",
        "onionrig cluster collect 20261125T101500Z --out collected --keep",
    )
)
def collect(  # noqa: PLR0913 - one parameter an option
    run: RunArgument = None,
    *,
    out: OutOption = None,
    inventory: InventoryOption = "inventory.yml",
    keep: KeepOption = False,
    report: ReportOption = True,
    json: JsonOption = False,
) -> None:
    """Fetch the records that hosts have kept of a run, and write its result and report again.

    This heals a run whose controller was killed or lost hosts, even one started elsewhere. It does
    nothing while the load is on. Once all records are here, they are removed from the hosts.
    """
    console = progress(json=json)
    collected = asyncio.run(
        collect_run(
            accesses_of(inventory),
            run,
            out,
            keep=keep,
            tell=lambda text: console.print(f"collect: {text}", markup=False),
        )
    )
    if collected is None:
        console.print(f"collect: no host has anything of {run}", markup=False)
        return
    records_text = "are removed from the hosts" if collected.removed else "stay on the hosts"
    console.print(f"collect: the records {records_text}", markup=False)
    _finish(collected, report=report, json=json)


def _finish(collected: Collected, *, report: bool, json: bool) -> None:
    """Print what was collected. Raises HostLost if hosts could not be asked."""
    run_directory = RunDirectory(Path(collected.run_directory))
    if json:
        print_json(collected)
    else:
        print_result(collected.result, run_directory, json=False, notes=collected.notes)
    if report:
        announce(run_directory.path, stderr=json)
    if collected.problems:
        raise HostLost("\n".join(collected.problems))
