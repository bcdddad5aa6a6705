"""The onionrig command line. A command parses, calls one function, prints."""

from __future__ import annotations

import contextlib
import signal
import sys
import traceback
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

from rich.console import Console

from onionrig.cli.app import app
from onionrig.cli.output.printing import ignore_unusable_width, readable
from onionrig.cli.output.refused_output import flush_output, outlive_refused_output
from onionrig.errors import OnionrigError
from onionrig.store.refusals import explained

if TYPE_CHECKING:
    from collections.abc import Sequence

    import typer

_PACKAGE = "onionrig.cli.commands"
COMMANDS = (
    "run", "compare", "sweep", "baseline", "show", "report", "runs", "export", "descriptor", "plan",
    "hardware", "probe", "doctor", "check", "clean", "schema", "cluster",
)  # fmt: skip
"""The names of the commands and of their modules, in the order in which the help lists them."""


def application(words: Sequence[str] = ()) -> typer.Typer:
    """Return the app with the command that these words of a command line call.

    Only its module is imported: all of them take longer than most commands do. Words that call
    none, as those that ask for help, get the app with every command. The app is one for the whole
    process, and importing a command's module adds the command to it.
    """
    called = words[:1] if words and words[0] in COMMANDS else COMMANDS
    for name in called:
        import_module(f"{_PACKAGE}.{name}")
    return app


def main(*, raise_interrupts: bool = False) -> None:
    """Run the command line; an explained error becomes one line and its exit code.

    With ``raise_interrupts`` Ctrl-C is raised once the command is imported.
    """
    outlive_refused_output()
    ignore_unusable_width()
    words = sys.argv[1:]
    sys.argv = [readable(word) for word in sys.argv]  # for records; files go by their bytes
    try:
        try:
            command_line = application(words)
            if raise_interrupts:
                signal.signal(signal.SIGINT, signal.default_int_handler)
            command_line(words)
        except SystemExit:  # the normal end of an app
            flush_output()
            raise
    except Exception as error:  # noqa: BLE001 - a defect ends here, with its traceback
        _end(explained(error) or _defect())


def _defect() -> OnionrigError:
    """Print the traceback of what nothing explains, for the report of the defect, and say so."""
    with contextlib.suppress(OSError):
        traceback.print_exc()
    return OnionrigError(
        "onionrig failed in a way that it does not know, which is a defect of it; please report it "
        "with the command, the lines above, and manifest.json of the run directory if there is one"
    )


def _end(error: OnionrigError) -> NoReturn:
    """Print an error and end with its exit code."""
    with contextlib.suppress(OSError):  # stderr may be on a full disk too
        stderr = Console(stderr=True)
        stderr.print(
            f"error: {error}", style="bold red", highlight=False, markup=False, soft_wrap=True
        )
        for note in getattr(error, "__notes__", ()):
            stderr.print(note, highlight=False, markup=False, soft_wrap=True)
    with contextlib.suppress(OnionrigError):  # the first error is the one to report
        flush_output()
    sys.exit(error.exit_code)
