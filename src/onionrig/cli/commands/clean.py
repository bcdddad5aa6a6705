"""The clean command: remove the leftovers of runs that were cut off."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onionrig.cli.app import JsonOption, app
from onionrig.cli.help import MACHINE, described
from onionrig.cli.output.printing import print_json
from onionrig.errors import RunDirectoryError
from onionrig.processes.leftover_groups import group_mounts
from onionrig.processes.leftovers import clean as clean_up
from onionrig.processes.surroundings import temporary_directory
from onionrig.units import size_text

if TYPE_CHECKING:
    from onionrig.processes.leftovers import Leftover


@app.command(
    **described(
        MACHINE,
        "onionrig clean --dry-run",
        "onionrig clean",
    )
)
def clean(
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be removed, without removing it.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Remove temporary directories and control groups that crashed runs left behind.

    Processes of a run whose controller and keeper were both killed are ended and named. Run
    directories are results and stay. Namespaces and links need no cleaning: they end with the
    processes of their run.
    """
    temporary = Path(temporary_directory())
    leftovers = clean_up(temporary, groups_below=group_mounts(), dry_run=dry_run)
    if json:
        print_json(leftovers)
    else:
        print("\n".join(map(_line, leftovers)) or f"nothing to clean in {temporary}")
    failed = [leftover for leftover in leftovers if leftover.outcome == "failed"]
    if failed:
        raise RunDirectoryError(
            f"{len(failed)} of {len(leftovers)} could not be removed; they belong to this "
            f"user, so look at the permissions: {', '.join(leftover.path for leftover in failed)}"
        )


def _line(leftover: Leftover) -> str:
    reason = f": {leftover.why}" if leftover.why else ""
    if leftover.ended:
        verb = "would end" if leftover.outcome == "would be removed" else "ended"
        reason = (
            f"; {verb} processes of its run, which has neither "
            f"controller nor keeper: {', '.join(leftover.ended)}{reason}"
        )
    description = size_text(leftover.size_bytes) if leftover.kind == "workspace" else leftover.kind
    return f"{leftover.outcome}: {leftover.path} ({description}){reason}"
