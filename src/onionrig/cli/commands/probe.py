"""The probe command: what this board can do, to be carried to where a plan is made."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from onionrig.cli.app import Json, app
from onionrig.cli.printing import print_json
from onionrig.errors import UsageError
from onionrig.probe.probe import probe as probe_board
from onionrig.rig.model import json_text
from onionrig.store.whole_files import replace_file
from onionrig.views.probe.progress import probing
from onionrig.views.probe.terminal import probe_view

READABLE_BY_OTHERS = 0o644
"""It holds nothing secret, and is there to be carried elsewhere."""


@app.command()
def probe(
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write the JSON there, for `onionrig plan --probe FILE`."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Measure what this board can do, in half a minute: crypto, loopback TCP, links, heat.

    Let nothing else run meanwhile. It needs openssl, not tor (docs/hardware.md).
    """
    if out is not None and (out.is_dir() or not out.absolute().parent.is_dir()):
        raise UsageError(f"--out {out}: a file in a directory that exists, as in --out pi3.json")
    stderr = Console(stderr=True)
    with probing(stderr) as told:
        probed = asyncio.run(probe_board(told))
    if json:
        print_json(probed)
    else:
        Console().print(probe_view(probed), highlight=False)
    if out is not None:
        replace_file(out, f"{json_text(probed)}\n".encode(), mode=READABLE_BY_OTHERS)
        (stderr if json else Console()).print(
            f"probe: {out}", style="dim", highlight=False, markup=False, soft_wrap=True
        )
