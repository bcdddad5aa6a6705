"""Draw one report, as ``python -m onionrig.cli.output.drawing``, separate from every command.

Charts are drawn by a JavaScript engine, which ends its whole process if it gets no memory. With two
paths it writes the report of the records in the first into the second; without any it reads a plan
as JSON and prints its page. An error is printed alone, and its exit code is its class's.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from onionrig.cli.output.report_files import write_report
from onionrig.records.plan import Plan
from onionrig.store.refusals import explained


def main(words: list[str]) -> None:
    """Draw the report that the words name. Raises an error if files cannot be read or written."""
    if words:
        records, directory = words
        write_report(Path(records), Path(directory))
        return
    from onionrig.views.report.plan.report import plan_page  # noqa: PLC0415 - slow to import

    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)
    sys.stdout.buffer.write(plan_page(plan).encode())


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Exception as error:
        message = explained(error)
        if message is None:
            raise
        print(message, file=sys.stderr)
        sys.exit(message.exit_code)
