"""The onionrig command line. A command parses, calls one function, prints."""

from __future__ import annotations

import contextlib
import sys
from typing import NoReturn

from rich.console import Console

from onionrig.cli.app import app
from onionrig.cli.output.printing import readable
from onionrig.cli.output.refused_output import flush_output, outlive_refused_output
from onionrig.errors import OnionrigError
from onionrig.store.refusals import explained

# importing them adds the commands, in the order in which the help lists them
from onionrig.cli.commands import (  # isort: skip
    run,  # noqa: F401
    compare,  # noqa: F401
    sweep,  # noqa: F401
    baseline,  # noqa: F401
    show,  # noqa: F401
    report,  # noqa: F401
    runs,  # noqa: F401
    export,  # noqa: F401
    descriptor,  # noqa: F401
    plan,  # noqa: F401
    hardware,  # noqa: F401
    probe,  # noqa: F401
    doctor,  # noqa: F401
    check,  # noqa: F401
    clean,  # noqa: F401
    schema,  # noqa: F401
    cluster,  # noqa: F401
)


def main() -> None:
    """Run the command line; an explained error becomes one line and its exit code."""
    outlive_refused_output()
    words = sys.argv[1:]
    sys.argv = [readable(word) for word in sys.argv]  # for records; files go by their bytes
    try:
        try:
            app(words)
        except SystemExit:  # the normal end of an app
            flush_output()
            raise
    except Exception as error:
        message = explained(error)
        if message is None:
            raise
        _end(message)


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
