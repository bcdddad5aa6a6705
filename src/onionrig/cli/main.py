"""The onionrig command line. A command parses, calls one function, prints."""

from __future__ import annotations

import sys

from rich.console import Console

# importing them is what adds the commands, in the order in which the help lists them
from onionrig.cli import (
    cleaning,  # noqa: F401
    comparing,  # noqa: F401
    describing,  # noqa: F401
    hardware,  # noqa: F401
    measuring,  # noqa: F401
    planning,  # noqa: F401
    probing,  # noqa: F401
    reporting,  # noqa: F401
    sweeping,  # noqa: F401
    viewing,  # noqa: F401
)
from onionrig.cli.app import app
from onionrig.errors import OnionrigError


def main() -> None:
    """Run the command line; an error that is explained becomes a line and its exit code."""
    try:
        app()
    except OnionrigError as error:
        stderr = Console(stderr=True)
        stderr.print(
            f"error: {error}", style="bold red", highlight=False, markup=False, soft_wrap=True
        )
        for note in getattr(error, "__notes__", ()):
            stderr.print(note, highlight=False, markup=False, soft_wrap=True)
        sys.exit(error.exit_code)
