"""The cluster down command: end whatever run is on the hosts."""

from __future__ import annotations

import asyncio

from onionrig.cli.app import JsonOption
from onionrig.cli.commands.cluster.app import InventoryOption, LimitOption, cluster
from onionrig.cli.help import described
from onionrig.cli.output.printing import print_json
from onionrig.cluster.asking import accesses_of
from onionrig.cluster.standing_down import stand_down
from onionrig.units import counted


@cluster.command(
    **described(
        None,
        "onionrig cluster down",
        "onionrig cluster down --limit pi2",
    )
)
def down(
    *,
    inventory: InventoryOption = "inventory.yml",
    limit: LimitOption = None,
    json: JsonOption = False,
) -> None:
    """End whatever run is on the hosts, whoever started it, and keep its records.

    Its services, units, timers and files are removed, and the hosts are free again. A host on which
    nothing runs is left alone, and that is not an error.
    """
    answers = asyncio.run(stand_down(accesses_of(inventory, limit)))
    if json:
        print_json(answers)
    else:
        for host, runs in answers.found.items():
            for run in runs:
                records_text = f"; its records stay in {run.records}" if run.records else ""
                owner = run.who or f"remains of run {run.run_id}"
                print(
                    f"{host}: ended {owner} ({counted(len(run.services), 'service')}){records_text}"
                )
            if not runs:
                print(f"{host}: nothing runs")
    answers.refuse_problems()
