"""Run the command line, as ``onionrig`` or as ``python -m onionrig``."""

from __future__ import annotations

import signal


def main() -> None:
    """Import the command line and run it.

    Ctrl-C while it is imported, which takes a moment, ends the program as it would any other, and
    not with the traceback of an import. From then on it is raised, so that blocks clean up.
    """
    is_raised = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_raised:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from onionrig.cli.main import main as run_command_line  # noqa: PLC0415 - see above

    run_command_line(raise_interrupts=is_raised)


if __name__ == "__main__":
    main()
