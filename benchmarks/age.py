"""Print minute by minute what a run's network costs as it grows older, for each role.

    .venv/bin/python benchmarks/age.py RUN [--per-minute] [--every 5]

RUN is a run directory. CPU-seconds are per Gbit of payload, or with --per-minute as they are, for a
network that is as good as idle; the memory of the largest process, open files and threads come from
the run's samples too. What records do not have is measured if this is started while the run goes
on, once a minute, and kept beside the run directory in RUN.sizes.jsonl: the directories of each
role's tors, and what the run directory itself takes.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.hosts.costs import costs_by_role
from onionrig.analysis.load.loads import load_of
from onionrig.analysis.load.windows import Window
from onionrig.errors import OnionrigError
from onionrig.store.lines import Appender, read_all
from onionrig.store.run_directory import RunDirectory
from onionrig.units import BITS_PER_BYTE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.records.manifest import Manifest
    from onionrig.records.samples import HostSample, ProcessUse

MINUTE_SECONDS = 60
LONGEST_START_SECONDS = 600
"""How long a run may take until its tors have directories."""
MIB, KIB = 2**20, 2**10

Row = dict[str, float]
"""A figure for each role, or for each part of the run directory."""


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """What was on the disk at one moment."""

    wall_seconds: float
    directory_bytes: dict[str, int]
    """What the directories of each role's tors take together."""
    directory_files: dict[str, int]
    record_bytes: dict[str, int]
    """What the run directory's own samples, logs and other records take."""


def main() -> None:
    """Follow a run while it goes on, then print its tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--per-minute", action="store_true", help="print CPU-seconds per minute")
    parser.add_argument("--every", type=int, default=1, help="minutes from one row to the next")
    arguments = parser.parse_args()
    sizes_path = arguments.run.with_name(f"{arguments.run.name}.sizes.jsonl")
    _follow(RunDirectory(arguments.run), sizes_path)
    load = load_of(RunDirectory(arguments.run).recording())
    begin, end = load.hold.begin, load.hold.end
    minutes = [
        Window(begin=start, end=start + MINUTE_SECONDS)
        for start in range(begin, end - MINUTE_SECONDS + 1, MINUTE_SECONDS)
    ]
    shown = [
        minute for number, minute in enumerate(minutes) if number % max(1, arguments.every) == 0
    ]
    unit = "per minute" if arguments.per_minute else "per Gbit"
    _print(f"CPU-seconds {unit}", _cpu(load, shown, per_minute=arguments.per_minute), begin)
    _print("memory of the largest process, MiB", _memory(load, shown), begin)
    _print("open files", _sums(load, shown, lambda use: use.open_files or 0), begin)
    _print("threads", _sums(load, shown, lambda use: len(use.thread_cpu_seconds)), begin)
    if sizes_path.exists():
        _print_sizes(list(read_all(sizes_path, Sizes)), shown, begin)


def _follow(run: RunDirectory, sizes_path: Path) -> None:
    """Note sizes once a minute for as long as the run has no result and its tors have directories.

    Returns at once where the run has ended.
    """
    deadline = time.monotonic() + LONGEST_START_SECONDS
    followed = False
    while not _ended(run):
        sizes = _sizes(run)
        if sizes is not None and sizes.directory_bytes:
            followed = True
            with Appender(sizes_path) as appender:
                appender.append(sizes)
        elif followed or time.monotonic() > deadline:
            return
        time.sleep(MINUTE_SECONDS if followed else 1)


def _ended(run: RunDirectory) -> bool:
    try:
        return run.read_result() is not None
    except OnionrigError:
        return False


def _sizes(run: RunDirectory) -> Sizes | None:
    try:
        manifest = run.read_manifest()
    except OnionrigError:
        return None
    counted: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for role, directory in _tor_directories(manifest):
        size, files = _taken(directory)
        if files:
            counted[role] = (counted[role][0] + size, counted[role][1] + files)
    return Sizes(
        wall_seconds=time.time(),
        directory_bytes={role: size for role, (size, _) in counted.items()},
        directory_files={role: files for role, (_, files) in counted.items()},
        record_bytes={
            path.name: _taken(path)[0] for path in sorted(run.path.iterdir()) if path.exists()
        },
    )


def _tor_directories(manifest: Manifest) -> Iterable[tuple[str, Path]]:
    for service in manifest.services:
        if service.control_socket is not None:
            yield service.role, Path(service.control_socket).parent


def _taken(path: Path) -> tuple[int, int]:
    """Return the bytes and the number of files at and below a path; what goes meanwhile is 0."""
    size = files = 0
    for each in (path, *path.rglob("*")):
        try:
            if each.is_file():
                size, files = size + each.stat().st_size, files + 1
        except OSError:
            continue
    return size, files


def _cpu(load: MeasuredLoad, minutes: Sequence[Window], *, per_minute: bool) -> dict[int, Row]:
    rows: dict[int, Row] = {}
    for minute in minutes:
        costs = costs_by_role(msgspec.structs.replace(load, hold=minute))
        gbit = sum(load.sink_seconds.payload_in(minute)) * BITS_PER_BYTE / 1e9
        rows[minute.begin] = {
            role: cost.cores * MINUTE_SECONDS if per_minute else cost.cpu_seconds_per_gbit or 0.0
            for role, cost in costs.items()
        }
        rows[minute.begin]["all"] = sum(rows[minute.begin].values())
        rows[minute.begin]["Mbit/s"] = gbit * 1000 / MINUTE_SECONDS
    return rows


def _memory(load: MeasuredLoad, minutes: Sequence[Window]) -> dict[int, Row]:
    return {
        minute.begin: {
            role: cost.peak_rss_bytes / MIB
            for role, cost in costs_by_role(msgspec.structs.replace(load, hold=minute)).items()
        }
        for minute in minutes
    }


def _sums(
    load: MeasuredLoad, minutes: Sequence[Window], figure: Callable[[ProcessUse], float]
) -> dict[int, Row]:
    """Add a figure up over the processes of each role, as each minute ends."""
    roles = load.manifest.roles
    rows: dict[int, Row] = {}
    for minute in minutes:
        row: Row = defaultdict(float)
        for samples in load.recording.samplers.values():
            for name, use in _last(samples, minute).items():
                row[roles.get(name, name)] += figure(use)
        rows[minute.begin] = dict(row)
    return rows


def _last(samples: Sequence[HostSample], minute: Window) -> Mapping[str, ProcessUse]:
    within = [sample for sample in samples if sample.second in minute.seconds]
    return within[-1].processes if within else {}


def _print_sizes(sizes: Sequence[Sizes], minutes: Sequence[Window], begin: int) -> None:
    at = {
        minute.begin: size
        for minute in minutes
        for size in sizes
        if int(size.wall_seconds) in minute.seconds
    }
    _print(
        "directories of the tors, KiB",
        {second: _scaled(size.directory_bytes) for second, size in at.items()},
        begin,
    )
    _print(
        "files in them",
        {second: _scaled(size.directory_files, 1) for second, size in at.items()},
        begin,
    )
    _print(
        "the run directory, KiB",
        {second: _scaled(size.record_bytes) for second, size in at.items()},
        begin,
    )


def _scaled(counts: Mapping[str, int], unit: int = KIB) -> Row:
    return {name: count / unit for name, count in counts.items()}


def _print(title: str, rows: Mapping[int, Row], begin: int) -> None:
    columns = list(dict.fromkeys(name for row in rows.values() for name in row))
    print(f"\n{title}\n\n| minute | {' | '.join(columns)} |")
    print(f"|---{'|---' * len(columns)}|")
    for second, row in rows.items():
        figures = (f"{row[name]:.2f}" if name in row else "" for name in columns)
        print(f"| {(second - begin) // MINUTE_SECONDS} | {' | '.join(figures)} |")


if __name__ == "__main__":
    main()
