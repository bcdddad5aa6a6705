"""Hold stock, extended and direct against each other at several round trips and streams.

    .venv/bin/python benchmarks/round_trips.py --out runs/round-trips [--repetitions 3]

At each round trip the two balancers get rigs of their own, in turn, each side first as often as
the other. The extended one's rig carries two loads at each number of streams: through the one
address, and to the instances' own addresses past the balancer (direct), so that their ratio has
the same network under it. Clients are on an emulated host whose link delays by half the round
trip; at 0 there is no such host. A rig that is there already is not measured again.

Prints a table, and writes it with its chart beside the runs.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
from pathlib import Path
from typing import Any

import altair
import msgspec
import vl_convert
from rich.console import Console

from onionrig.analysis.result import results_by_load
from onionrig.cli.catalogue import catalogue
from onionrig.cli.inventory import inventory
from onionrig.cli.live import runs_watched
from onionrig.cli.question import layers_of
from onionrig.errors import OnionrigError
from onionrig.experiment.question import PlannedLoad, question_from
from onionrig.series.base import PartOf
from onionrig.store.run_directory import RunDirectory

ROUND_TRIPS_MS = (0, 50, 100, 200)
STREAMS = (1, 4, 16, 64)
RAMP_SECONDS, HOLD_SECONDS = 5, 10
ENOUGH = 0.95
"""Of direct, which the extended balancer must not be shown to miss."""
ON_THE_NETWORK = ("authority", "relay", "backend", "balancer")


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One way at one round trip and number of streams: Mbit/s of each repetition."""

    round_trip_ms: int
    streams: int
    way: str
    mbits: tuple[float, ...]

    @property
    def median(self) -> float:
        """Of the repetitions."""
        return statistics.median(self.mbits)


def main() -> None:
    """Measure what is missing, then say what it came to."""
    arguments = _arguments()
    out: Path = arguments.out
    console = Console(stderr=True)
    for round_trip_ms, repetition in itertools.product(
        arguments.round_trips, range(1, arguments.repetitions + 1)
    ):
        sides = ("extended", "stock")
        for side in sides if repetition % 2 else reversed(sides):
            path = out / f"{round_trip_ms}ms" / f"{side}-{repetition}"
            if not _measured(path):
                _measure(path, side, round_trip_ms, repetition, console)
    cells = _cells(out, arguments.repetitions)
    table = _table(cells)
    (out / "table.md").write_text(table, encoding="utf-8")
    (out / "chart.svg").write_text(_chart(cells), encoding="utf-8")
    print(table)


def _measure(path: Path, side: str, round_trip_ms: int, repetition: int, console: Console) -> None:
    settings = [f"frontend.balancer={side}", f"load.ramp={RAMP_SECONDS}s"]
    layers = [*layers_of(None, None, settings), _hosts(round_trip_ms)]
    # bring-up is for the largest load: the same clients carry them all
    question = question_from(
        [*layers, {"load": {"streams": STREAMS[-1], "hold": f"{HOLD_SECONDS}s"}}],
        name="round-trips",
        catalogue=catalogue,
        inventory=inventory,
    )
    ways = ("address", "instances") if side == "extended" else ("address",)
    load = question.experiment.load
    loads = tuple(
        PlannedLoad(
            load=msgspec.structs.replace(load, streams=streams, reach=way),
            settings={"load.streams": str(streams), "load.reach": way},
        )
        for streams in STREAMS
        for way in (ways if repetition % 2 else reversed(ways))
    )
    run_directory = RunDirectory.create(path)
    title = f"{round_trip_ms} ms, {side} {repetition}"
    try:
        runs_watched(console)(
            question.asked_by(sys.argv).with_loads(loads), run_directory, PartOf(title=title)
        )
    except OnionrigError as error:
        console.print(f"error: {title}: {error}; start this again to measure it once more")


def _hosts(round_trip_ms: int) -> dict[str, Any]:
    if not round_trip_ms:
        return {}
    return {
        "hosts": [
            {"name": "network", "roles": list(ON_THE_NETWORK)},
            {"name": "clients", "roles": ["client"], "delay": f"{round_trip_ms / 2:g}ms"},
        ]
    }


def _measured(path: Path) -> bool:
    """Return whether a rig has gone through its loads; one that has not is put aside."""
    if not path.exists() or _complete(path):
        return path.exists()
    aside = next(
        aside for number in itertools.count(1)
        if not (aside := path.with_name(f"{path.name}-broken-{number}")).exists()
    )  # fmt: skip
    path.rename(aside)
    return False


def _complete(path: Path) -> bool:
    result = RunDirectory(path).read_result() if path.exists() else None
    return result is not None and result.status == "complete"


def _cells(out: Path, repetitions: int) -> list[Cell]:
    rates: dict[tuple[int, int, str], list[float]] = {}
    for round_trip_ms, side, repetition in itertools.product(
        ROUND_TRIPS_MS, ("stock", "extended"), range(1, repetitions + 1)
    ):
        path = out / f"{round_trip_ms}ms" / f"{side}-{repetition}"
        if not _complete(path):
            continue
        for result in results_by_load(RunDirectory(path).recording()):
            way = side if result.settings["load.reach"] == "address" else "direct"
            key = (round_trip_ms, int(result.settings["load.streams"]), way)
            mean = result.goodput.mean_bits_per_second or 0.0
            rates.setdefault(key, []).append(mean / 1e6)
    return [
        Cell(round_trip_ms=key[0], streams=key[1], way=key[2], mbits=tuple(mbits))
        for key, mbits in sorted(rates.items())
    ]


def _table(cells: list[Cell]) -> str:
    found = {(cell.round_trip_ms, cell.streams, cell.way): cell for cell in cells}
    lines = [
        "| round trip | streams | stock | extended | direct | stock / direct | extended / direct |",
        "|---|---|---|---|---|---|---|",
    ]
    for round_trip_ms, streams in itertools.product(ROUND_TRIPS_MS, STREAMS):
        stock, extended, direct = (
            found.get((round_trip_ms, streams, way)) for way in ("stock", "extended", "direct")
        )
        if stock is None or extended is None or direct is None:
            continue
        pairs = [a / b for a, b in zip(extended.mbits, direct.mbits, strict=True)]
        against_stock = [a / b for a, b in zip(stock.mbits, direct.mbits, strict=True)]
        mark = "" if max(pairs) >= ENOUGH else " **below**"
        lines.append(
            f"| {round_trip_ms} ms | {streams} | {_of(stock)} | {_of(extended)} | {_of(direct)} "
            f"| {_ratios(against_stock)} | {_ratios(pairs)}{mark} |"
        )
    return "\n".join(lines) + "\n"


def _of(cell: Cell) -> str:
    return f"{cell.median:.0f} ({min(cell.mbits):.0f}-{max(cell.mbits):.0f})"


def _ratios(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


def _chart(cells: list[Cell]) -> str:
    rows = [
        {
            "round trip": f"{cell.round_trip_ms} ms",
            "streams": cell.streams,
            "way": cell.way,
            "Mbit/s": cell.median,
            "lowest": min(cell.mbits),
            "highest": max(cell.mbits),
        }
        for cell in cells
    ]
    base = altair.Chart().encode(
        x=altair.X(
            "streams:Q",
            scale=altair.Scale(type="log", base=4),
            axis=altair.Axis(values=list(STREAMS)),
        ),
        color=altair.Color("way:N", sort=["stock", "extended", "direct"]),
    )
    lines = base.mark_line(point=True).encode(
        y=altair.Y("Mbit/s:Q", scale=altair.Scale(type="log"), title="Mbit/s")
    )
    ranges = base.mark_rule().encode(y=altair.Y("lowest:Q", title="Mbit/s"), y2="highest:Q")
    chart = (
        altair.layer(ranges, lines, data=altair.InlineData(values=rows))
        .properties(width=200, height=240)
        .facet(column=altair.Column("round trip:N", sort=[f"{ms} ms" for ms in ROUND_TRIPS_MS]))
    )
    drawn: str = vl_convert.vegalite_to_svg(chart.to_json())
    return drawn


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--round-trips", type=int, nargs="+", default=ROUND_TRIPS_MS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
