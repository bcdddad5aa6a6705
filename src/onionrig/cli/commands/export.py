"""The export command: a run as CSV files or as a bundle, its result as Prometheus text."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from onionrig.cli.app import RunOrBundle, app, refuse_without_effect
from onionrig.cli.help import RESULTS, described
from onionrig.cli.opened_run import opened_run
from onionrig.cli.output.result_output import print_notes
from onionrig.errors import UsageError
from onionrig.processes.workspace import kept_without_a_loop
from onionrig.store.account import account_of
from onionrig.store.bundle.making import bundle_of
from onionrig.store.csv_files import new_export_directory, write_csv
from onionrig.store.whole_files import replace_file
from onionrig.units import counted, size_text
from onionrig.views.export.prometheus import exposition
from onionrig.views.export.tables import TABLES

if TYPE_CHECKING:
    from onionrig.store.run_directory import RunDirectory

READABLE_BY_OTHERS = 0o644
"""Mode of an exported file: metrics are collected by another user, and no result is secret."""
UNREPLACED = (
    "kept as they are: times, versions, models, and the name and description of the experiment"
)
"""Note on the parts that an owner should look at before a bundle is published."""

HELP = "\n\n".join(
    (
        (
            "Export the records of a run as CSV files or as a bundle, which is one file to share, "
            "or its result in the Prometheus text format."
        ),
        (
            "In a bundle the names of hosts, users and runs, addresses, fingerprints and paths are "
            "replaced; logs and keys are left out. `show`, `report`, `compare`, `plan --from` and "
            "`export` read it as they read a run. docs/results.md says what is in it."
        ),
        (
            "Values are as they were recorded, with one file for each kind of record; an empty "
            "cell means null. The column second is the wall-clock second (Unix time) that a line"
            " "
            "covers, since_hold_seconds counts from the start of the hold, and load numbers the "
            "loads of a "
            "run from 1."
        ),
        *(f"{table.name}.csv, {table.description}: {', '.join(table.columns)}" for table in TABLES),
    )
)


@app.command(
    help=HELP,
    **described(
        RESULTS,
        "onionrig export latest --csv latest-csv",
        "onionrig export latest --bundle pi5-500mbit.onionrig",
        "onionrig export latest --prometheus",
        "onionrig export latest --prometheus-file /var/lib/node_exporter/onionrig.prom",
    ),
)
def export(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    run: RunOrBundle,
    *,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            metavar="DIR",
            help="New or empty directory for the CSV files (default: none are written).",
        ),
    ] = None,
    bundle: Annotated[
        Path | None,
        typer.Option(
            "--bundle",
            metavar="FILE",
            help="New file for the bundle, such as NAME.onionrig (default: none is written).",
        ),
    ] = None,
    prometheus: Annotated[
        bool, typer.Option("--prometheus", help="Print the result in the Prometheus text format.")
    ] = False,
    prometheus_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="File to write that text to, replaced atomically (default: none)."
        ),
    ] = None,
) -> None:
    """Write the exports that were requested."""
    if csv is None and bundle is None and not prometheus and prometheus_file is None:
        raise UsageError(
            "nothing to export: give --csv DIR, --bundle FILE, --prometheus or --prometheus-file"
        )
    if prometheus_file is not None:
        refuse_without_effect(
            context, "prometheus", reason="--prometheus-file writes the same to a file instead"
        )
    with opened_run(run) as run_directory:
        if csv is not None:
            export_csv(run_directory, csv)
        if bundle is not None:
            export_bundle(run_directory, bundle)
        if prometheus or prometheus_file is not None:
            export_prometheus(run_directory, prometheus_file)


def export_csv(run_directory: RunDirectory, directory: Path) -> None:
    """Write every table, and print on stderr what could not be read. Raises OnionrigError."""
    recording = run_directory.recording()
    new_export_directory(directory)
    console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    for table in TABLES:
        path = directory / f"{table.name}.csv"
        count = write_csv(path, table.columns, table.rows(recording))
        console.print(f"{path}: {counted(count, 'row')}")
    print_notes(recording.gaps)


def export_bundle(run_directory: RunDirectory, file: Path) -> None:
    """Write the bundle, and print what was replaced and left out. Raises OnionrigError."""
    if os.path.lexists(file):
        raise UsageError(f"{file} exists: an export never overwrites; choose another --bundle")
    with kept_without_a_loop() as keeping:
        bundled = bundle_of(run_directory, below=keeping.workspace)
    replace_file(file, bundled.content, mode=READABLE_BY_OTHERS, option="--bundle")
    replaced = (_count_text(count, kind) for kind, count in bundled.replaced.items())
    stderr = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    stderr.print(f"{file}: {size_text(len(bundled.content))}")
    stderr.print(f"replaced: {', '.join(replaced) or 'nothing'}")
    stderr.print(f"left out: {'; '.join(bundled.left_out) or 'nothing'}")
    stderr.print(f"{UNREPLACED}; look at them before you publish it: onionrig show {file}")


def _count_text(number: int, kind: str) -> str:
    """Return how many things of a kind there are, for a kind that may be an address."""
    return f"{number} {kind}es" if number > 1 and kind.endswith("s") else counted(number, kind)


def export_prometheus(run_directory: RunDirectory, file: Path | None) -> None:
    """Print the result in Prometheus' text format, or write it to a file. Raises OnionrigError."""
    account = account_of(run_directory)
    text = exposition(account.result)
    if file is None:
        print(text, end="")
    else:
        replace_file(file, text.encode(), mode=READABLE_BY_OTHERS, option="--prometheus-file")
    print_notes(account.notes)
