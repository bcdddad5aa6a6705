"""The cluster purge command: leave the hosts of an inventory as they were before."""

from __future__ import annotations

from typing import Annotated

import typer

from onionrig.cli.app import JsonOption, refuse_without_effect
from onionrig.cli.commands.cluster.app import (
    DryOption,
    InventoryOption,
    LimitOption,
    cluster,
    finish,
    progress,
)
from onionrig.cli.help import described
from onionrig.cluster.provision import purge as purge_hosts
from onionrig.errors import UsageError

YesOption = Annotated[bool, typer.Option("--yes", help="Remove without asking first.")]
WARNING = (
    "This removes everything that onionrig has put on the hosts: packages, accounts, records that "
    "were not collected, and the key of the frontend's address."
)


@cluster.command(
    **described(
        None,
        "onionrig cluster purge --check",
        "onionrig cluster purge",
    )
)
def purge(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    inventory: InventoryOption = "inventory.yml",
    limit: LimitOption = None,
    check: DryOption = False,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Remove everything that provision and runs have left on the hosts, and nothing else."""
    if check:
        refuse_without_effect(context, "yes", reason="--check removes nothing, and does not ask")
    if not (yes or check):
        if json:
            raise UsageError("purge asks before it removes anything; with --json, say --yes")
        typer.confirm(f"{WARNING} Go on?", abort=True)
    console = progress(json=json)
    outcome = purge_hosts(
        inventory, limit=limit, dry=check, tell=lambda task: console.print(f"purge: {task}")
    )
    finish(outcome, json=json, done="purged")
