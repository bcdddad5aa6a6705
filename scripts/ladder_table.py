"""Print the tables of docs/performance.md: what a Gbit takes, by arithmetic alone and as measured.

usage: python scripts/ladder_table.py [FILE]

They are made from the rows of benchmarks/ladder.jsonl.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from results_table import markdown_table, plain

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "benchmarks"))  # the benchmark says what a row is

from ladder_rows import ROWS, WHOLE_PATH, read_rows  # noqa: E402 - first the path to the benchmarks
from onionrig.errors import OnionrigError  # noqa: E402 - likewise
from onionrig.units import rate_text  # noqa: E402 - likewise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ladder_rows import LadderRow

STEP_HEADINGS = (
    "step", "command", "tor", "runs", "sustained", "CPU-s per Gbit", "CPU of the first step",
)  # fmt: skip
PART_HEADINGS = ("step", "part", "arithmetic", "measured", "times the arithmetic")


def main() -> None:
    """Print the tables."""
    try:
        print(page(read_rows(Path(sys.argv[1]) if len(sys.argv) > 1 else ROWS)))
    except OnionrigError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


def page(rows: Sequence[LadderRow]) -> str:
    """Return both tables in Markdown, and below them what may speak against the runs."""
    if not rows:
        return "There are no rows yet."
    steps = by_step(rows)
    tables = (
        markdown_table(STEP_HEADINGS, _steps(steps)),
        markdown_table(PART_HEADINGS, _parts(steps)),
    )
    return "\n\n".join((*tables, doubts_text(rows)))


def by_step(rows: Sequence[LadderRow]) -> list[list[LadderRow]]:
    """Return the rows step by step, in the order in which the steps come first.

    The same step on another machine, with another tor or another command is another step.
    """
    steps: dict[tuple[str | float | None, ...], list[LadderRow]] = {}
    for row in rows:
        key = (row.step, row.command, row.tor, row.tor_build, row.cpu_model, row.cores)
        steps.setdefault(key, []).append(row)
    return list(steps.values())


def doubts_text(rows: Sequence[LadderRow]) -> str:
    """Describe where the rows come from and what the runs doubted themselves."""
    machines = sorted({f"{row.cpu_model}, {row.cores:g} cores" for row in rows})
    days = sorted({row.date for row in rows})
    doubted = sum(bool(row.doubts) for row in rows)
    where = f"Measured on {'; '.join(plain(name) for name in machines)}, on {', '.join(days)}."
    if not doubted:
        return f"{where} No run has a doubt."
    doubts = sorted({doubt.rstrip(".") for row in rows for doubt in row.doubts})
    verb = "has" if doubted == 1 else "have"
    return f"{where} {doubted} of {len(rows)} runs {verb} a doubt: {plain('; '.join(doubts))}."


def _steps(steps: Sequence[Sequence[LadderRow]]) -> Iterator[tuple[str, ...]]:
    first_cost = _median_cost(steps[0])
    for rows in steps:
        (row, *_) = rows
        rates = [one.sustained_bits_per_second for one in rows]
        built = f", build {row.tor_build}" if row.tor_build else ""
        costs = [one.parts[WHOLE_PATH].measured for one in rows]
        yield (
            plain(row.step),
            f"`{row.command}`",
            f"{plain(row.tor)}{built}",
            str(len(rows)),
            rate_text(statistics.median(rates))
            + _range([rate_text(min(rates)), rate_text(max(rates))], len(rates)),
            _spread(costs),
            f"{_median_cost(rows) / first_cost:.2f} times",
        )


def _parts(steps: Sequence[Sequence[LadderRow]]) -> Iterator[tuple[str, ...]]:
    for rows in steps:
        name = plain(rows[0].step)
        for part in rows[0].parts:
            parts = [row.parts[part] for row in rows if part in row.parts]
            yield (
                name,
                part,
                _spread([one.arithmetic for one in parts]),
                _spread([one.measured for one in parts]),
                f"{statistics.median(one.measured / one.arithmetic for one in parts):.1f}",
            )
            name = ""


def _median_cost(rows: Sequence[LadderRow]) -> float:
    return statistics.median(row.parts[WHOLE_PATH].measured for row in rows)


def _spread(figures: Sequence[float]) -> str:
    low_and_high = [f"{min(figures):.2f}", f"{max(figures):.2f}"]
    return f"{statistics.median(figures):.2f}" + _range(low_and_high, len(figures))


def _range(low_and_high: Sequence[str], count: int) -> str:
    return f" ({' to '.join(low_and_high)})" if count > 1 else ""


if __name__ == "__main__":
    main()
