"""The show command: the summary of a run again, from its files alone."""

from __future__ import annotations

from onionrig.cli.app import Json, RunName, app
from onionrig.cli.help import RESULTS, described
from onionrig.cli.output.printing import print_result
from onionrig.store.account import account_of
from onionrig.store.runs import find_run


@app.command(
    **described(
        RESULTS,
        "onionrig show latest",
        "onionrig show 20261125T101500Z --json",
    )
)
def show(
    run: RunName,
    *,
    json: Json = False,
) -> None:
    """Print the summary of a run again, from its files."""
    run_directory = find_run(run)
    account = account_of(run_directory)
    print_result(account.result, run_directory, json=json, notes=account.notes)
