"""The hardware command: the board catalogue, with the source of every figure."""

from __future__ import annotations

from typing import Annotated

import typer

from onionrig.cli.app import JsonOption, app
from onionrig.cli.catalogue import catalogue, own_boards
from onionrig.cli.help import PLAN, described
from onionrig.cli.output.printing import print_json, results
from onionrig.hardware.boards import board_named
from onionrig.views.hardware import board_view, catalogue_view


@app.command(
    **described(
        PLAN,
        "onionrig hardware",
        "onionrig hardware pi3b",
        "onionrig hardware --json",
    )
)
def hardware(
    board: Annotated[
        str | None,
        typer.Argument(
            metavar="BOARD", help="Board to show in full (default: a table of all boards)."
        ),
    ] = None,
    *,
    json: JsonOption = False,
) -> None:
    """List boards and cloud types: cores, AES, real link rates, watts and price, with sources.

    A host of an experiment takes over the link of a board with board = "pi3b". Your own figures go
    into ~/.config/onionrig/boards.toml (docs/hardware.md).
    """
    boards = catalogue()
    if board is None:
        if json:
            print_json(boards)
        else:
            own = own_boards() or "$XDG_CONFIG_HOME/onionrig/boards.toml"
            results().print(catalogue_view(boards, str(own)))
        return
    entry = board_named(boards, board, where=f"{board}: ")
    if json:
        print_json(entry)
    else:
        results().print(board_view(board, entry))
