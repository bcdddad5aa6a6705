"""Print the table of docs/performance.md: what a Gbit takes, by arithmetic alone and as measured.

usage: python scripts/ladder_table.py [DIRECTORY]

It is made from the bundles in docs/results whose yardstick was read.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from onionrig.analysis.several_runs.comparison import whole_cost
from onionrig.store.account import account_of
from onionrig.store.bundle.archive import SUFFIX
from onionrig.store.bundle.reading import unpacked_bundle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onionrig.records.result import Result

RESULTS = Path(__file__).resolve().parent.parent / "docs" / "results"
HEADINGS = ("result", "part", "arithmetic", "measured", "times the arithmetic")
PARTS = {"backend": "backend instances", "client": "client tors", "relay": "relays"}


def main() -> None:
    """Print the table."""
    print(table(Path(sys.argv[1]) if len(sys.argv) > 1 else RESULTS))


def table(directory: Path) -> str:
    """Return a Markdown table with the rows of each bundle in a directory, by its name."""
    rows = [row for path in sorted(directory.glob(f"*{SUFFIX}")) for row in _rows(path)]
    lines = (HEADINGS, ("---",) * len(HEADINGS), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _rows(bundle: Path) -> Iterator[tuple[str, ...]]:
    with unpacked_bundle(bundle) as run:
        result = account_of(run).result
    name = f"[{bundle.stem}](results/{bundle.name})"
    for part, least, measured in parts(result):
        yield name, part, f"{least:.2f}", f"{measured:.2f}", f"{measured / least:.1f}"
        name = ""


def parts(result: Result) -> Iterator[tuple[str, float, float]]:
    """Yield each part of the path, with its CPU-seconds per Gbit by arithmetic and as measured."""
    bound = result.yardstick.arithmetic if result.yardstick else None
    if bound is None:
        return
    for role, name in PARTS.items():
        cost = result.costs[role].cpu_seconds_per_gbit if role in result.costs else None
        if cost is not None:
            yield name, bound.role_cpu_seconds_per_gbit[role], cost
    whole = whole_cost(result)
    if whole is not None:
        yield "everything", sum(bound.role_cpu_seconds_per_gbit.values()), whole


if __name__ == "__main__":
    main()
