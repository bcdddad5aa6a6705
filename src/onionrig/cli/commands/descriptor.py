"""The descriptor command: what clients see of an onion address."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer
from rich.console import Console

from onionrig.cli.app import Json, app
from onionrig.cli.onlooker import look, look_request, watch
from onionrig.cli.printing import print_json
from onionrig.tor.control_address import PASSWORD_VARIABLE, USUAL
from onionrig.views.descriptor import address_view
from onionrig.views.descriptor_watch import watching


@app.command()
def descriptor(
    whom: Annotated[
        str, typer.Argument(metavar="ADDRESS|RUN", help="An onion address, or a run that is up.")
    ],
    *,
    control: Annotated[
        str | None,
        typer.Option(
            metavar="SOCKET|HOST:PORT",
            help=f"Where a tor takes control connections (a run's own; {', then '.join(USUAL)}); "
            f"a password is read from {PASSWORD_VARIABLE}.",
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--watch", help="Fetch again every few seconds until Ctrl-C.")
    ] = False,
    json: Json = False,
) -> None:
    """Fetch what clients see of an onion address: who is published where, who can be reached."""
    asked = look_request(whom, control)
    if again and json:
        watch(asked, lambda seen: print(msgspec.json.encode(seen).decode(), flush=True))
    elif again:
        with watching(Console()) as view:
            watch(asked, view.show)
    elif json:
        print_json(look(asked))
    else:
        Console().print(address_view(look(asked)), highlight=False)
