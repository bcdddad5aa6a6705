"""Carry the shipped machine's figures over to the parts of the yardstick: the reference core.

    .venv/bin/python benchmarks/reference_core.py [--rounds 10] [--seconds 1] [--core N]

The machine of src/onionrig/plan/reference/reference.toml was measured by `onionrig probe` before
there was a yardstick. Here the probe's own timings (openssl, TCP over loopback) alternate with
readings of the yardstick on one core: before and after each timing. The ratio of a part to its
figure, times the shipped figure, is that part of the reference core. Let nothing else run.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
from importlib import resources
from typing import TYPE_CHECKING

import msgspec

from core_readings import pinned, read_core, spread
from onionrig.analysis.yardstick.core_speed import part_speeds
from onionrig.analysis.yardstick.reference_core import REFERENCE_CORES
from onionrig.errors import OnionrigError, Unequipped
from onionrig.movers.yardstick.work import Work
from onionrig.plan.reference_file import range_of, reference_file
from onionrig.probe.loopback import loopback
from onionrig.probe.openssl import Untimed, find_openssl, one_core
from onionrig.processes.interrupts import interruptible
from onionrig.processes.workspace import kept
from onionrig.records.yardstick.readings import YARDSTICK_VERSION, WorkPart

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from onionrig.plan.reference_file import MachineTable, Spread
    from onionrig.records.yardstick.readings import YardstickSample

FIGURES: dict[WorkPart, str] = {
    "digest": "sha3_256_509_bytes_per_second",
    "cipher": "aes_256_ctr_509_bytes_per_second",
    "records": "aes_256_gcm_16k_bytes_per_second",
    "loopback": "loopback_bytes_per_cpu_second",
    "bulk": "loopback_bytes_per_cpu_second",
}
"""Figure of reference.toml that each part of the yardstick resembles."""
READING_SECONDS = 0.3
"""Time for one reading of the yardstick."""


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the reference core, from several rounds."""

    ratios: tuple[float, ...]
    """Ratio of the yardstick's part to the figure, in each round."""
    shipped_bytes_per_second: float
    """The likely value of the figure in reference.toml."""

    @property
    def bytes_per_cpu_second(self) -> float:
        """Speed of the reference core at this part, by the median of the ratios."""
        return statistics.median(self.ratios) * self.shipped_bytes_per_second


def main() -> None:
    """Measure, and print a line for each part."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=1, help="of each timing")
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    options = parser.parse_args()
    if options.rounds < 1 or options.seconds < 1:
        parser.error("--rounds and --seconds are at least 1")
    if options.core not in os.sched_getaffinity(0):
        parser.error(f"--core {options.core}: this process may not use that core")
    try:
        with pinned(options.core), Work() as work:
            print(f"core {options.core}, yardstick {YARDSTICK_VERSION}, {work.library}")
            ratios = asyncio.run(_measured(work, options.rounds, options.seconds))
    except OnionrigError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    shipped = (resources.files("onionrig.plan") / "reference" / "reference.toml").read_text(
        encoding="utf-8"
    )
    print("\n".join(lines(estimates(ratios, reference_file(shipped).machine))))


def estimates(
    ratios: Mapping[WorkPart, Sequence[float]], machine: MachineTable
) -> dict[WorkPart, Estimate]:
    """Return each part of the reference core, by these ratios and the shipped figures."""
    return {
        part: Estimate(
            ratios=tuple(several),
            shipped_bytes_per_second=_likely(getattr(machine, FIGURES[part]), FIGURES[part]),
        )
        for part, several in ratios.items()
    }


def lines(estimated: Mapping[WorkPart, Estimate]) -> Iterator[str]:
    """Yield a line for each part: ratio, shipped figure, what follows, and what is in use."""
    used = REFERENCE_CORES[YARDSTICK_VERSION].bytes_per_cpu_second
    for part, estimate in estimated.items():
        follows = estimate.bytes_per_cpu_second
        yield (
            f"{part:<9} {spread(estimate.ratios, '.3f')} of {FIGURES[part]}, "
            f"{estimate.shipped_bytes_per_second:.3g} there: "
            f"{follows:.3g} bytes per CPU-second ({used[part]:.3g} is in use, "
            f"{used[part] / follows - 1:+.1%})"
        )


def ratios_of(
    before: YardstickSample, after: YardstickSample, figure: str, bytes_per_second: float
) -> dict[WorkPart, float]:
    """Return the ratios to a figure of the parts that resemble it, read around its timing."""
    speeds = part_speeds([before, after])
    return {
        part: speeds[part] / bytes_per_second
        for part, resembled in FIGURES.items()
        if resembled == figure and part in speeds
    }


async def _measured(work: Work, rounds: int, seconds: int) -> dict[WorkPart, list[float]]:
    """Alternate timings and readings, and return the ratios of each part by round."""
    openssl = find_openssl()
    print(openssl.version)
    ratios: dict[WorkPart, list[float]] = {part: [] for part in FIGURES}
    async with interruptible(), kept() as keeping:

        async def over_loopback() -> float:
            return (await loopback(keeping, seconds=seconds)).bytes_per_cpu_second

        timings: dict[str, Callable[[], Awaitable[float]]] = {
            "sha3_256_509_bytes_per_second": lambda: one_core(
                openssl, "sha3-256", 509, keeping, seconds=seconds
            ),
            "aes_256_ctr_509_bytes_per_second": lambda: one_core(
                openssl, "aes-256-ctr", 509, keeping, seconds=seconds
            ),
            "aes_256_gcm_16k_bytes_per_second": lambda: one_core(
                openssl, "aes-256-gcm", 16384, keeping, seconds=seconds
            ),
            "loopback_bytes_per_cpu_second": over_loopback,
        }
        before = read_core(work, READING_SECONDS)
        for number in range(1, rounds + 1):
            for figure, timed in timings.items():
                try:
                    bytes_per_second = await timed()
                except Untimed as error:
                    raise Unequipped(f"{openssl.path}: {figure}: {error}") from error
                after = read_core(work, READING_SECONDS)
                for part, ratio in ratios_of(before, after, figure, bytes_per_second).items():
                    ratios[part].append(ratio)
                before = after
            print(f"round {number} of {rounds}", file=sys.stderr)
    return ratios


def _likely(figure: Spread, name: str) -> float:
    return range_of(figure, name=name).likely


if __name__ == "__main__":
    main()
