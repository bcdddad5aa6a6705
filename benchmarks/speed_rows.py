"""The rows of benchmarks/speeds.jsonl: what a run reached, and how fast the cores were.

benchmarks/speeds.py appends them, scripts/speeds_table.py makes a table of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from onionrig.analysis.several_runs.comparison import sum_if_all_known
from onionrig.errors import RecordsUnreadable
from onionrig.records.yardstick.readings import WorkPart
from row_files import read_row_file, without_name

if TYPE_CHECKING:
    from onionrig.records.manifest import Manifest
    from onionrig.records.result import Result

ROWS = Path(__file__).resolve().parent / "speeds.jsonl"
Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]


class PartReadings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One part of the yardstick's work, in bytes per CPU-second; null if it was not read."""

    before: Positive | None
    hold: Positive | None
    after: Positive | None


class Disturbance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was kept busy beside the run."""

    busy_processes: Annotated[int, Meta(ge=0)] = 0
    """Number of processes that only computed."""
    cache_mib: Annotated[int, Meta(ge=0)] = 0
    """Memory that a further process walked through, again and again."""

    def __bool__(self) -> bool:
        """Return whether there was any."""
        return bool(self.busy_processes or self.cache_mib)


class SpeedRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One run of a profile on one machine."""

    date: Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\d$")]
    note: str
    profile: str
    settings: tuple[str, ...]
    """Settings that were given with ``--set``."""
    hold_seconds: NotNegative
    onionrig: str
    tor: str | None
    cpu_model: str
    """Model of the CPU, or its architecture if there is no name."""
    cores: Positive
    yardstick_version: int
    library: str
    """OpenSSL that did the yardstick's digest, cipher and records."""
    parts: dict[WorkPart, PartReadings]
    speed: Positive | None
    """Speed in the hold, relative to the reference core."""
    sustained_bits_per_second: NotNegative | None
    mean_bits_per_second: NotNegative | None
    bottleneck: str | None
    """Kind of the bottleneck."""
    cpu_seconds_per_gbit: dict[str, NotNegative | None]
    """CPU-seconds per Gbit by role, as measured."""
    reference_core_seconds_per_gbit: dict[str, NotNegative | None]
    """CPU-seconds per Gbit by role, as on the reference core."""
    doubts: tuple[str, ...]
    disturbance: Disturbance = Disturbance()

    @property
    def whole_cost(self) -> float | None:
        """CPU-seconds per Gbit of all roles; None if that of any is unknown."""
        return sum_if_all_known(list(self.cpu_seconds_per_gbit.values()))

    @property
    def whole_reference_core_cost(self) -> float | None:
        """The same as on the reference core."""
        return sum_if_all_known(list(self.reference_core_seconds_per_gbit.values()))


def row_of(
    manifest: Manifest,
    result: Result,
    *,
    note: str,
    settings: tuple[str, ...],
    disturbance: Disturbance,
) -> SpeedRow:
    """Return the row of a run. Raises RecordsUnreadable if a row cannot describe it."""
    yardstick = result.yardstick
    if yardstick is None or len(yardstick.hosts) != 1 or len(manifest.machines) != 1:
        raise RecordsUnreadable(
            f"{result.run}: a row is of one machine with readings of the yardstick, and this run "
            "has none or several; choose a profile that runs on one machine"
        )
    (host,), (machine,) = yardstick.hosts, manifest.machines
    return SpeedRow(
        date=result.started[:10],
        note=note,
        profile=result.profile,
        settings=settings,
        hold_seconds=result.goodput.steady_seconds,
        onionrig=manifest.versions.onionrig,
        tor=manifest.versions.tor,
        cpu_model=machine.cpu_model or machine.architecture,
        cores=machine.usable_cores,
        yardstick_version=yardstick.version,
        library=yardstick.libraries[0],
        parts={
            part.part: PartReadings(
                before=part.before_bytes_per_cpu_second,
                hold=part.hold_bytes_per_cpu_second,
                after=part.after_bytes_per_cpu_second,
            )
            for part in host.parts
        },
        speed=yardstick.speed,
        sustained_bits_per_second=result.goodput.sustained_bits_per_second,
        mean_bits_per_second=result.goodput.mean_bits_per_second,
        bottleneck=None if result.bottleneck is None else result.bottleneck.kind,
        cpu_seconds_per_gbit={
            role: cost.cpu_seconds_per_gbit for role, cost in result.costs.items()
        },
        reference_core_seconds_per_gbit={
            role: cost.reference_core_seconds_per_gbit for role, cost in result.costs.items()
        },
        doubts=() if result.trust is None else without_name(result.trust.doubts, machine.name),
        disturbance=disturbance,
    )


def read_rows(path: Path = ROWS) -> list[SpeedRow]:
    """Return the rows of a file. Raises RecordsUnreadable that names the file and the line."""
    return read_row_file(path, SpeedRow, writer="benchmarks/speeds.py")
