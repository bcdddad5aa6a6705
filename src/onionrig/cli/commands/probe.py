"""The probe command: what this board can do, as a file that a plan elsewhere can use."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from onionrig.cli.app import JsonOption, app
from onionrig.cli.help import PLAN, described
from onionrig.cli.output.printing import print_json, results
from onionrig.cluster.probing import probes_of
from onionrig.errors import UsageError
from onionrig.probe.probe import probe as probe_board
from onionrig.rig.model import json_text
from onionrig.store.whole_files import replace_file
from onionrig.views.probe.progress import probing
from onionrig.views.probe.terminal import probe_view

if TYPE_CHECKING:
    from onionrig.records.probe import Probe

READABLE_BY_OTHERS = 0o644
"""Mode of a probe's file: it holds nothing secret, and is meant to be carried elsewhere."""


@app.command(
    **described(
        PLAN,
        "onionrig probe",
        "onionrig probe --out pi5.json",
        "onionrig probe -i inventory.yml --limit backends --out probes",
    )
)
def probe(
    *,
    inventory: Annotated[
        Path | None,
        typer.Option(
            "--inventory",
            "-i",
            metavar="FILE",
            help="Ansible inventory whose hosts are probed (default: none; this machine).",
        ),
    ] = None,
    limit: Annotated[
        str | None,
        typer.Option(
            metavar="HOSTS", help="Hosts or groups of the inventory to probe (default: all)."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File for the probe as JSON, for `onionrig plan --probe FILE`; with an "
            "inventory, a directory that gets one file per host (default: none).",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Measure what this board can do, in half a minute: crypto, loopback TCP, links, heat.

    Nothing else should run during that time. It needs openssl, but not tor (docs/hardware.md). With
    an inventory, every host measures itself, all at the same time.
    """
    if inventory is not None:
        _probe_hosts(inventory, limit, out, json=json)
        return
    if limit is not None:
        raise UsageError("--limit names hosts of an inventory: give -i INVENTORY as well")
    if out is not None and (out.is_dir() or not out.absolute().parent.is_dir()):
        raise UsageError(f"--out {out}: a file in a directory that exists, as in --out pi3.json")
    stderr = Console(stderr=True)
    with probing(stderr) as report_progress:
        probed = asyncio.run(probe_board(report_progress))
    if json:
        print_json(probed)
    else:
        results().print(probe_view(probed))
    if out is not None:
        _keep(probed, out, json=json)


def _probe_hosts(inventory: Path, limit: str | None, out: Path | None, *, json: bool) -> None:
    if out is not None and not out.is_dir():
        raise UsageError(f"--out {out}: with an inventory, a directory that exists")
    stderr = Console(stderr=True)
    stderr.print("probe: every host measures itself, for half a minute", style="dim")
    answers = probes_of(str(inventory), limit)
    if json:
        print_json(answers.found)
    for name, probed in answers.found.items():
        if not json:
            results().print(probe_view(probed))
        if out is not None:
            _keep(probed, out / f"{name}.json", json=json)
    answers.refuse_problems()


def _keep(probed: Probe, path: Path, *, json: bool) -> None:
    replace_file(path, f"{json_text(probed)}\n".encode(), mode=READABLE_BY_OTHERS)
    Console(stderr=json).print(
        f"probe: {path}", style="dim", highlight=False, markup=False, soft_wrap=True
    )
