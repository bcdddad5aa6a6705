"""Print the table of docs/planning.md on how far plans are off, from benchmarks/speeds.jsonl.

usage: python scripts/plan_error_table.py [FILE]

For each row it carries the shipped measurement's cost of a backend instance over to the row's cores
by their yardstick, as a plan does for a board, and compares that with the cost in the row.
"""

from __future__ import annotations

import sys
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from results_table import markdown_table, plain

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))  # for speed_rows

from onionrig.analysis.yardstick.reference_core import REFERENCE_CORES
from onionrig.errors import OnionrigError
from onionrig.plan.cores.slowdown import slowdown
from onionrig.plan.cores.speeds import speeds_of_yardstick
from onionrig.plan.inputs import known
from onionrig.plan.ranges import times
from onionrig.plan.reference import shipped_reference
from onionrig.plan.reference_file import reference_file
from onionrig.records.yardstick.core_speed import HostSpeed, PartSpeed
from speed_rows import ROWS, read_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.plan.question import PlannedMode
    from onionrig.records.plan import Range
    from speed_rows import SpeedRow

HEADINGS = ("date", "note", "speed", "planned (likely, range)", "measured", "measured over likely")
ROLE = "backend"
MODES: dict[str, PlannedMode] = {
    "default": "anonymous", "smoke": "anonymous", "single-hop": "single-hop",
}  # fmt: skip
"""Mode of the profiles whose rows are compared."""


def main() -> None:
    """Print the table."""
    try:
        print(table(read_rows(Path(sys.argv[1]) if len(sys.argv) > 1 else ROWS)))
    except OnionrigError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


def table(rows: Sequence[SpeedRow]) -> str:
    """Return a Markdown table with a line for each row that can be compared, oldest first."""
    cells = [cell for row in sorted(rows, key=lambda row: row.date) if (cell := _cells(row))]
    return markdown_table(HEADINGS, cells)


def planned(row: SpeedRow) -> Range | None:
    """Return the cost of a backend instance that a plan would expect on a row's cores.

    In CPU-seconds per Gbit. None if its profile or its yardstick's version is not known.
    """
    core = REFERENCE_CORES.get(row.yardstick_version)
    if core is None or row.profile not in MODES:
        return None
    path = resources.files("onionrig.plan") / "reference" / "reference.toml"
    text = path.read_text(encoding="utf-8")
    reference = shipped_reference(reference_file(text), MODES[row.profile])
    host = HostSpeed(
        host="the row",
        cores=1,
        readings=1,
        before=None,
        hold=row.speed,
        after=None,
        middle_half=None,
        change=None,
        significance=None,
        parts=tuple(
            PartSpeed(
                part=part,
                before_bytes_per_cpu_second=read.before,
                hold_bytes_per_cpu_second=read.hold,
                after_bytes_per_cpu_second=read.after,
                reference_bytes_per_cpu_second=core.bytes_per_cpu_second.get(part),
            )
            for part, read in row.parts.items()
        ),
    )
    own, theirs = speeds_of_yardstick(row.yardstick_version, [host])
    here = known("what a network costs beyond loopback", 1.0, "", "everything is on one machine")
    slower = slowdown(own, theirs, reference.shares, here)
    return None if slower is None else times(reference.backend_cost.value, slower.value)


def _cells(row: SpeedRow) -> tuple[str, ...] | None:
    cost, expected = row.cpu_seconds_per_gbit.get(ROLE), planned(row)
    if cost is None or expected is None:
        return None
    return (
        row.date,
        plain(row.note),
        "not known" if row.speed is None else f"{row.speed:.2f}",
        f"{expected.likely:.2f} ({expected.lowest:.2f} to {expected.highest:.2f})",
        f"{cost:.2f}",
        f"{cost / expected.likely:.2f}",
    )


if __name__ == "__main__":
    main()
