"""Print how many threads waited for a CPU, and how full it was, in stretches of runs' holds.

    .venv/bin/python benchmarks/waiting.py RUN... [--seconds 15] [--unseen] [--alone]

What the threshold of "CPU withheld" was chosen by (docs/lab-notes.md). RUN is a run directory; each
stretch of its hold is judged as if it had been the whole. --unseen takes a restriction that was
recorded for one that nobody could see, as inside a container below a quota. --alone leaves out what
others used: for runs under `chrt -r 1`, which others do not keep waiting.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.limits.full_cpu import host_uses
from onionrig.analysis.limits.withheld_cpu import waitings
from onionrig.analysis.load.loads import load_of
from onionrig.analysis.load.windows import Window
from onionrig.store.run_directory import RunDirectory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from onionrig.analysis.limits.full_cpu import HostUse
    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.records.manifest import HostRecord


def main() -> None:
    """Judge each stretch of each run, and print a row for it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--seconds", type=int, default=15, help="length of a stretch")
    parser.add_argument("--unseen", action="store_true")
    parser.add_argument("--alone", action="store_true")
    arguments = parser.parse_args()
    print("| run | second | rig's cores | others' | fullness | waited | limit |")
    print("|---|---|---|---|---|---|---|")
    for path in arguments.runs:
        load = load_of(RunDirectory(path).recording())
        if arguments.unseen:
            load = _unrestricted(load)
        for stretch in _stretches(load, arguments.seconds):
            uses = host_uses(stretch)
            _print(
                path.name, load, stretch, [_alone(use) for use in uses] if arguments.alone else uses
            )


def _stretches(load: MeasuredLoad, seconds: int) -> Iterator[MeasuredLoad]:
    starts = range(load.hold.begin, load.hold.end - seconds + 1, seconds)
    for start in starts:
        yield msgspec.structs.replace(load, hold=Window(begin=start, end=start + seconds))


def _unrestricted(load: MeasuredLoad) -> MeasuredLoad:
    hosts = tuple(_seen(host) for host in load.manifest.hosts)
    manifest = msgspec.structs.replace(load.manifest, hosts=hosts)
    recording = msgspec.structs.replace(load.recording, manifest=manifest)
    return msgspec.structs.replace(load, recording=recording)


def _seen(host: HostRecord) -> HostRecord:
    return msgspec.structs.replace(
        host, cores=host.machine_cores or host.cores, allowed_cores=None, cpu_restriction=None
    )


def _alone(use: HostUse) -> HostUse:
    return msgspec.structs.replace(
        use, read_cores=0.0, unread_cores=0.0, steal_cores=0.0, machine_busy_cores=use.rig_cores
    )


def _print(run: str, load: MeasuredLoad, stretch: MeasuredLoad, uses: Sequence[HostUse]) -> None:
    waited = {waiting.host: waiting for waiting in waitings(stretch, uses)}
    for use in uses:
        waiting = waited.get(use.host)
        if waiting is None or waiting.threads is None:
            threads, limit = "", "full"
        else:
            threads, limit = f"{waiting.threads:.2f}", f"{waiting.most_threads:.2f}"
        print(
            f"| {run} | {stretch.hold.begin - load.hold.begin} | {use.rig_cores:.2f} "
            f"| {use.others_cores or 0:.2f} | {use.fullness:.2f} | {threads} | {limit} |"
        )


if __name__ == "__main__":
    main()
