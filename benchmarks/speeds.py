"""Run the default experiment, and record what it reached beside how fast the cores were.

    .venv/bin/python benchmarks/speeds.py --note "quiet" [--runs 3] [--hold 30s] [--profile NAME]
        [--set TABLE.KEY=VALUE] [--busy N] [--cache MIB] [--out benchmarks/speeds.jsonl]

Each run draws a network of its own, through the command line, and adds one row to a file of JSON
lines; `make docs` makes the table of docs/speeds.md of it. With --busy, N processes only compute
meanwhile, and with --cache another one walks through so much memory: that varies what a core gets
done without another machine. They end with the run, also on Ctrl-C.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from onionrig.store.lines import Appender
from onionrig.units import rate_text
from recorded_run import exits_with_a_code, recorded_run
from siblings import busy
from speed_rows import ROWS, Disturbance, SpeedRow, read_rows, row_of

if TYPE_CHECKING:
    from collections.abc import Sequence


def main() -> None:
    """Run, and add a row for each run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--note", default="", metavar="TEXT", help="remark for the rows")
    parser.add_argument("--runs", type=int, default=1, metavar="N")
    parser.add_argument("--profile", default="default", metavar="NAME")
    parser.add_argument("--hold", metavar="TIME", help="hold of each run (default: the profile's)")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="KEY=VALUE")
    parser.add_argument("--busy", type=int, default=0, metavar="N", help="processes that compute")
    parser.add_argument(
        "--cache", type=int, default=0, metavar="MIB", help="memory to walk through"
    )
    parser.add_argument("--out", type=Path, default=ROWS, metavar="FILE")
    options = parser.parse_args()
    if options.runs < 1 or min(options.busy, options.cache) < 0:
        parser.error("--runs is at least 1, and --busy and --cache are at least 0")
    disturbance = Disturbance(busy_processes=options.busy, cache_mib=options.cache)
    with exits_with_a_code():
        if options.out.exists():
            read_rows(options.out)  # a row is not added to a file that nobody can read
        for number in range(1, options.runs + 1):
            row = _measured(options, disturbance)
            with Appender(options.out) as rows:
                rows.append(row)
            print(f"run {number} of {options.runs}: {sentence(row)}", flush=True)


def arguments_of(profile: str, hold: str | None, settings: Sequence[str]) -> list[str]:
    """Return the arguments of ``onionrig run`` for one run."""
    return [
        "--profile", profile,
        *(() if hold is None else ("--hold", hold)),
        *(word for setting in settings for word in ("--set", setting)),
    ]  # fmt: skip


def sentence(row: SpeedRow) -> str:
    """Return a row in words."""
    speed = "not read" if row.speed is None else f"{row.speed:.2f} of the reference core"
    rate = row.sustained_bits_per_second
    sustained = "no sustained rate" if rate is None else f"{rate_text(rate)} sustained"
    raw, carried = row.whole_cost, row.whole_reference_core_cost
    costs = [f"{cost:.2f}" if cost is not None else "unknown" for cost in (raw, carried)]
    doubts = "; ".join(row.doubts) or "none"
    return (
        f"{sustained}, speed {speed}, {costs[0]} CPU-s per Gbit, "
        f"{costs[1]} on the reference core; doubts: {doubts}"
    )


def _measured(options: argparse.Namespace, disturbance: Disturbance) -> SpeedRow:
    arguments = arguments_of(options.profile, options.hold, options.settings)
    with busy(disturbance.busy_processes, disturbance.cache_mib):
        manifest, result = recorded_run(arguments)
    return row_of(
        manifest,
        result,
        note=options.note,
        settings=tuple(options.settings),
        disturbance=disturbance,
    )


if __name__ == "__main__":
    main()
