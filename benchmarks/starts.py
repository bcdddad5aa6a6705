"""Time from nothing to the first verified byte through the one address, for each balancer.

    .venv/bin/python benchmarks/starts.py --out runs/starts [--times 5]

Stock with 4 instances, extended with 4 and with 24, in turn, on rigs of their own with the default
network; the load after it is as small as it can be. Prints the medians, the range and every start.
A rig that is there already is not started again.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

from rich.console import Console

from onionrig.cli.live import runs_watched
from onionrig.cli.question import ask
from onionrig.series.base import PartOf
from onionrig.store.run_directory import RunDirectory

SIDES = (("stock", 4), ("extended", 4), ("extended", 24))


def main() -> None:
    """Start them in turn, then say what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--times", type=int, default=5)
    arguments = parser.parse_args()
    for number in range(1, arguments.times + 1):
        for balancer, backends in SIDES:
            path = _path(arguments.out, balancer, backends, number)
            if not path.exists():
                _start(path, balancer, backends)
    print("| balancer | instances | network | first verified byte | each |")
    print("|---|---|---|---|---|")
    for balancer, backends in SIDES:
        paths = [_path(arguments.out, balancer, backends, n) for n in range(1, arguments.times + 1)]
        results = [RunDirectory(path).read_result() for path in paths]
        ups = [result.bring_up_seconds for result in results if result is not None]
        first = [up.total for up in ups if up.total is not None]
        network = [up.network for up in ups if up.network is not None]
        print(
            f"| {balancer} | {backends} | {statistics.median(network):.1f} s "
            f"| {statistics.median(first):.1f} s ({min(first):.1f}-{max(first):.1f}) "
            f"| {', '.join(f'{seconds:.1f}' for seconds in first)} |"
        )


def _path(out: Path, balancer: str, backends: int, number: int) -> Path:
    return out / f"{balancer}-{backends}-{number}"


def _start(path: Path, balancer: str, backends: int) -> None:
    settings = [
        f"frontend.balancer={balancer}", f"backends.daemons={backends}",
        "load.streams=6", "load.ramp=1s", "load.hold=10s",
    ]  # fmt: skip
    question = ask(None, None, settings, {}, name="starts")
    runs_watched(Console(stderr=True))(question, RunDirectory.create(path), PartOf(title=path.name))


if __name__ == "__main__":
    main()
