"""The show command: the summary of a run again, from its files alone."""

from __future__ import annotations

from pathlib import Path

from onionrig.cli.app import JsonOption, RunOrBundle, app
from onionrig.cli.help import RESULTS, described
from onionrig.cli.output.result_output import print_result
from onionrig.store.account import account_of
from onionrig.store.bundle.reading import is_bundle, opened_run


@app.command(
    **described(
        RESULTS,
        "onionrig show latest",
        "onionrig show 20261125T101500Z --json",
        "onionrig show pi5-500mbit.onionrig",
    )
)
def show(
    run: RunOrBundle,
    *,
    json: JsonOption = False,
) -> None:
    """Print the summary of a run again, from its files."""
    bundle = Path(run) if is_bundle(Path(run)) else None
    with opened_run(run) as run_directory:
        account = account_of(run_directory)
        print_result(account.result, run_directory, json=json, notes=account.notes, bundle=bundle)
