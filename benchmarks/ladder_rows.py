"""The rows of benchmarks/ladder.jsonl: what a Gbit took in a run, and the least that it could take.

benchmarks/ladder.py appends them, scripts/ladder_table.py makes a table of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from onionrig.analysis.several_runs.comparison import whole_cost
from onionrig.errors import RecordsUnreadable
from row_files import read_row_file, without_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onionrig.records.manifest import Manifest
    from onionrig.records.result import Result

ROWS = Path(__file__).resolve().parent / "ladder.jsonl"
PARTS = {"backend": "backend instances", "client": "client tors"}
RELAY_PASS, WHOLE_PATH = "one pass through a relay", "whole path"
Positive = Annotated[float, Meta(gt=0)]


class PathPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """CPU-seconds per Gbit of payload for one part of the path."""

    arithmetic: Positive
    """The least, from the yardstick's parts in the same hold."""
    measured: Positive


class LadderRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One run of one step of the ladder."""

    date: Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\d$")]
    step: str
    """Name of the step."""
    command: str
    """Command of the run."""
    onionrig: str
    tor: str
    tor_build: str | None
    compiled: str | None
    """Flags with which tor was compiled for the step; null for the distribution's tor."""
    cpu_model: str
    cores: Positive
    speed: Positive | None
    """Speed of the cores in the hold, relative to the reference core."""
    sustained_bits_per_second: Positive
    parts: dict[str, PathPart]
    doubts: tuple[str, ...]


def row_of(
    manifest: Manifest, result: Result, *, step: str, command: str, compiled: str | None
) -> LadderRow:
    """Return the row of a run. Raises RecordsUnreadable if it lacks one of the figures."""
    versions, rate = manifest.versions, result.goodput.sustained_bits_per_second
    parts = dict(parts_of(result))
    if versions.tor is None or not rate or len(manifest.machines) != 1 or WHOLE_PATH not in parts:
        raise RecordsUnreadable(
            f"{result.run}: a row needs a sustained rate on one machine, with tor, costs and "
            "readings of the yardstick; hold longer, or run on an idle machine"
        )
    (machine,) = manifest.machines
    return LadderRow(
        date=result.started[:10],
        step=step,
        command=command,
        onionrig=versions.onionrig,
        tor=versions.tor,
        tor_build=versions.tor_build,
        compiled=compiled,
        cpu_model=machine.cpu_model or machine.architecture,
        cores=machine.usable_cores,
        speed=result.yardstick.speed if result.yardstick else None,
        sustained_bits_per_second=rate,
        parts=parts,
        doubts=() if result.trust is None else without_name(result.trust.doubts, machine.name),
    )


def parts_of(result: Result) -> Iterator[tuple[str, PathPart]]:
    """Yield each part of the path with what it takes by arithmetic and what it took."""
    bound = result.yardstick.arithmetic if result.yardstick else None
    if bound is None:
        return
    costs = {role: cost.cpu_seconds_per_gbit for role, cost in result.costs.items()}
    least = bound.role_cpu_seconds_per_gbit
    for role, name in PARTS.items():
        if cost := costs.get(role):
            yield name, PathPart(arithmetic=least[role], measured=cost)
    if cost := costs.get("relay"):
        yield (
            RELAY_PASS,
            PathPart(arithmetic=least["relay"] / bound.relays, measured=cost / bound.relays),
        )
    if whole := whole_cost(result):
        yield WHOLE_PATH, PathPart(arithmetic=sum(least.values()), measured=whole)


def read_rows(path: Path = ROWS) -> list[LadderRow]:
    """Return the rows of a file. Raises RecordsUnreadable that names the file and the line."""
    return read_row_file(path, LadderRow, writer="benchmarks/ladder.py")
