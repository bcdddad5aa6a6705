"""The descriptor command: what clients see of an onion address."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer
from rich.console import Console

from onionrig.cli.app import JsonOption, app
from onionrig.cli.help import RESULTS, described
from onionrig.cli.onlooker import look, look_request, watch
from onionrig.cli.output.printing import print_json, results
from onionrig.tor.control_address import PASSWORD_VARIABLE, USUAL
from onionrig.views.descriptor import address_view
from onionrig.views.descriptor_watch import watching


@app.command(
    **described(
        RESULTS,
        "onionrig descriptor latest",
        "onionrig descriptor ADDRESS.onion --control 127.0.0.1:9051 --watch",
    )
)
def descriptor(
    whom: Annotated[
        str, typer.Argument(metavar="ADDRESS|RUN", help="Onion address, or a run whose rig is up.")
    ],
    *,
    control: Annotated[
        str | None,
        typer.Option(
            metavar="SOCKET|HOST:PORT",
            help="Control port of the tor to ask; a password is read from "
            f"{PASSWORD_VARIABLE} (default: that of the run, or {', then '.join(USUAL)}).",
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--watch", help="Fetch again every few seconds until Ctrl-C.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Show what clients see of an onion address: its descriptors on every HSDir."""
    request = look_request(whom, control)
    if again and json:
        watch(request, lambda address: print(msgspec.json.encode(address).decode(), flush=True))
    elif again:
        with watching(Console()) as view:
            watch(request, view.show)
    elif json:
        print_json(look(request))
    else:
        results().print(address_view(look(request)))
