"""The cluster provision command: make the hosts of an inventory fit for runs."""

from __future__ import annotations

from onionrig.cli.app import JsonOption
from onionrig.cli.commands.cluster.app import (
    DryOption,
    InventoryOption,
    LimitOption,
    cluster,
    finish,
    progress,
)
from onionrig.cli.help import described
from onionrig.cluster.provision import provision as provision_hosts


@cluster.command(
    **described(
        None,
        "onionrig cluster provision",
        "onionrig cluster provision --check --limit pi2",
    )
)
def provision(
    *,
    inventory: InventoryOption = "inventory.yml",
    limit: LimitOption = None,
    check: DryOption = False,
    json: JsonOption = False,
) -> None:
    """Install tor (never started as a service), a Python environment and the programs of a run.

    A second run changes nothing. What is installed is recorded on each host first, and
    `onionrig cluster purge` removes exactly that.
    """
    console = progress(json=json)
    outcome = provision_hosts(
        inventory, limit=limit, dry=check, tell=lambda task: console.print(f"provision: {task}")
    )
    finish(outcome, json=json, done=f"provisioned with {outcome.version}")
