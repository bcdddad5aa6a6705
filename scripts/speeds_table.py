"""Print the table of docs/speeds.md, made from the rows of benchmarks/speeds.jsonl.

usage: python scripts/speeds_table.py [FILE]
"""

from __future__ import annotations

import math
import statistics
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from results_table import markdown_table, plain

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "benchmarks"))  # the benchmark says what a row is

from onionrig.errors import OnionrigError  # noqa: E402 - first the path to the benchmarks
from onionrig.units import counted, percent_text, rate_text  # noqa: E402 - likewise
from speed_rows import ROWS, read_rows  # noqa: E402 - likewise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from speed_rows import Disturbance, SpeedRow

    Cost = Callable[[SpeedRow], float | None]

Key = TypeVar("Key")

HEADINGS = (
    "date", "note", "beside it", "CPU", "cores", "speed", "sustained", "CPU-s per Gbit",
    "on the reference core",
)  # fmt: skip
FEWEST_ROWS, FEWEST_MACHINES = 2, 2


def main() -> None:
    """Print the table and what follows from it."""
    try:
        print(page(read_rows(Path(sys.argv[1]) if len(sys.argv) > 1 else ROWS)))
    except OnionrigError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


def page(rows: Sequence[SpeedRow]) -> str:
    """Return the table in Markdown, and below it what the rows say together."""
    if not rows:
        return "There are no rows yet."
    return "\n\n".join((table(rows), *paragraphs(rows)))


def table(rows: Sequence[SpeedRow]) -> str:
    """Return a Markdown table with a line for each row, oldest first."""
    cells = (_cells(row) for row in sorted(rows, key=lambda row: row.date))
    return markdown_table(HEADINGS, cells)


def paragraphs(rows: Sequence[SpeedRow]) -> Iterator[str]:
    """Yield what the rows say together, experiment by experiment and machine by machine."""
    machines = {machine(row) for row in rows}
    few = len(machines) < FEWEST_MACHINES
    count = f"{counted(len(rows), 'row')} from {counted(len(machines), 'machine')}"
    yield f"{count}, so nothing follows about other machines." if few else f"{count}."
    alike = _by(rows, experiment)
    for name, several in alike.items():
        prefix = f"{plain(name)}: " if len(alike) > 1 else ""
        by_machine = _by(several, machine)
        for one in by_machine.values():
            where = prefix if few else f"{prefix}{_machine_text(one[0])}: "
            yield f"{where}{repeat_text(one)}{disturbed_text(one)}"
        if len(by_machine) >= FEWEST_MACHINES:
            yield f"{prefix}{between_text(several)}"


def experiment(row: SpeedRow) -> str:
    """Return what was run, with the yardstick's version: other rows cannot be compared."""
    words = (row.profile, *row.settings, f"yardstick {row.yardstick_version}")
    return ", ".join(words)


def machine(row: SpeedRow) -> tuple[str, float]:
    """Return what a machine is known by; several days of one machine are not several machines."""
    return row.cpu_model, row.cores


def repeat_text(rows: Sequence[SpeedRow]) -> str:
    """Describe how well costs repeat over the undisturbed rows of one experiment on one machine."""
    raw, carried = (_known(_undisturbed(rows), cost) for cost in (_raw, _carried))
    if min(len(raw), len(carried)) < FEWEST_ROWS:
        return "With fewer than two undisturbed rows nothing can be said about how costs repeat."
    return (
        f"Over {len(carried)} undisturbed rows the whole cost has a spread (standard deviation of "
        f"the logarithm) of {percent_text(spread(raw))} as measured and of "
        f"{percent_text(spread(carried))} on the reference core."
    )


def disturbed_text(rows: Sequence[SpeedRow]) -> str:
    """Compare the disturbed rows with the median of the undisturbed ones, raw and normalised."""
    ratios = [residuals(rows, cost) for cost in (_raw, _carried)]
    if not all(ratios):
        return ""
    raw, carried = (f"{min(each):.2f} to {max(each):.2f}" for each in ratios)
    return (
        f" {counted(len(ratios[1]), 'disturbed row')}: {raw} times the median of the undisturbed "
        f"as measured, {carried} times on the reference core."
    )


def between_text(rows: Sequence[SpeedRow]) -> str:
    """Describe how far the machines' undisturbed costs lie apart, raw and normalised."""
    means: list[list[float]] = [[], []]
    for one in _by(_undisturbed(rows), machine).values():
        raw, carried = _known(one, _raw), _known(one, _carried)
        if raw and carried:
            means[0].append(statistics.geometric_mean(raw))
            means[1].append(statistics.geometric_mean(carried))
    if len(means[0]) < FEWEST_MACHINES:
        return "Fewer than two machines have undisturbed rows, so they are not compared."
    raw_factor, carried_factor = (max(each) / min(each) for each in means)
    return (
        f"Between {len(means[0])} machines the whole cost differs by a factor of {raw_factor:.2f} "
        f"as measured and of {carried_factor:.2f} on the reference core."
    )


def spread(costs: Sequence[float]) -> float:
    """Return the standard deviation of the logarithms; at least two costs."""
    return statistics.stdev(math.log(cost) for cost in costs)


def residuals(rows: Sequence[SpeedRow], cost: Cost) -> list[float]:
    """Return each disturbed row's cost over the median of the undisturbed ones."""
    undisturbed = _known(_undisturbed(rows), cost)
    if not undisturbed:
        return []
    middle = statistics.median(undisturbed)
    return [known / middle for known in _known([row for row in rows if row.disturbance], cost)]


def _undisturbed(rows: Sequence[SpeedRow]) -> list[SpeedRow]:
    return [row for row in rows if not row.disturbance]


def _known(rows: Sequence[SpeedRow], cost: Cost) -> list[float]:
    """Return the costs that are known, and have a logarithm."""
    return [known for row in rows if (known := cost(row))]


def _raw(row: SpeedRow) -> float | None:
    return row.whole_cost


def _carried(row: SpeedRow) -> float | None:
    return row.whole_reference_core_cost


def _by(rows: Sequence[SpeedRow], key: Callable[[SpeedRow], Key]) -> dict[Key, list[SpeedRow]]:
    groups: dict[Key, list[SpeedRow]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def _cells(row: SpeedRow) -> tuple[str, ...]:
    rate = row.sustained_bits_per_second
    return (
        row.date,
        plain(row.note) or "none",
        _beside(row.disturbance),
        plain(row.cpu_model),
        f"{row.cores:.10g}",
        "not read" if row.speed is None else f"{row.speed:.2f}",
        "not measured" if rate is None else rate_text(rate),
        *("unknown" if cost is None else f"{cost:.2f}" for cost in (_raw(row), _carried(row))),
    )


def _beside(disturbance: Disturbance) -> str:
    parts = []
    if disturbance.busy_processes:
        parts.append(f"{disturbance.busy_processes} busy")
    if disturbance.cache_mib:
        parts.append(f"{disturbance.cache_mib} MiB walked")
    return ", ".join(parts) or "nothing"


def _machine_text(row: SpeedRow) -> str:
    return plain(f"{row.cpu_model}, {row.cores:.10g} cores")


if __name__ == "__main__":
    main()
