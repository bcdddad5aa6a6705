"""Speeds of one core at the work that tor does, for a board and for the measured machine.

A board has figures from the catalogue, from a probe, or both. ``slowdown`` decides which of them
can be compared with which of the machine's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.plan.inputs import FIGURE_SPREAD, PROBE_IT, catalogued
from onionrig.plan.ranges import around, spanning
from onionrig.plan.reference_file import range_of
from onionrig.records.plan import Input
from onionrig.records.probe import CELL_BYTES, RECORD_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.hardware.boards import Board
    from onionrig.plan.reference_file import MachineTable
    from onionrig.records.probe import Probe
    from onionrig.records.yardstick.core_speed import HostSpeed
    from onionrig.records.yardstick.readings import WorkPart

BYTES_PER_MB = 1e6
SHA3 = "SHA3-256 of 509 bytes"
AES_CTR = "AES-256-CTR of 509 bytes"
AES_GCM = "AES-256-GCM of 16 KiB"
AES_CBC = "AES-256-CBC of 16 KiB"
LOOPBACK = "loopback TCP"
SEVEN_ZIP = "7-zip"
CLOCK = "clock"
UNITS = {
    SHA3: "bytes per second of a core",
    AES_CTR: "bytes per second of a core",
    AES_GCM: "bytes per second of a core",
    AES_CBC: "bytes per second of a core",
    LOOPBACK: "bytes per CPU-second",
    SEVEN_ZIP: "MIPS of a core",
    CLOCK: "MHz",
}

BY_YARDSTICK: dict[str, WorkPart] = {
    SHA3: "digest", AES_CTR: "cipher", AES_GCM: "records", LOOPBACK: "bulk",
}  # fmt: skip
"""Figures that follow a part of the yardstick."""
YARDSTICK_SPREAD = 0.10
"""Relative error of the speeds of the yardstick's reference core, which are estimates (a
judgement)."""
PROBE_RUN = "`onionrig probe --out FILE` on the machine of the run, then --run-probe FILE"


class Speeds(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one kind of core, by the names above."""

    figures: dict[str, Input]
    aes_instructions: bool | None
    """Whether the core has AES instructions; None if that is not known."""
    cpu_model: str | None = None

    def __getitem__(self, name: str) -> Input | None:
        """Return a figure, or None if it is not known."""
        return self.figures.get(name)


def speeds_of_board(board: Board) -> Speeds:
    """Return what the catalogue knows of a board's core."""
    figures = {
        AES_CBC: catalogued(
            f"{board.name}: {AES_CBC}", board.aes_mb_per_second, UNITS[AES_CBC], BYTES_PER_MB
        ),
        SEVEN_ZIP: catalogued(f"{board.name}: {SEVEN_ZIP}", board.seven_zip_mips, UNITS[SEVEN_ZIP]),
        CLOCK: catalogued(f"{board.name}: {CLOCK}", board.clock_mhz, UNITS[CLOCK]),
    }
    return Speeds(
        figures={
            name: msgspec.structs.replace(figure, replaced_by=PROBE_IT)
            for name, figure in figures.items()
            if figure is not None
        },
        aes_instructions=None if board.aes_instructions is None else board.aes_instructions.value,
    )


def speeds_of_table(machine: MachineTable, date: str) -> Speeds:
    """Return the speeds of the shipped measurement's machine."""
    figures = {
        SHA3: machine.sha3_256_509_bytes_per_second,
        AES_CTR: machine.aes_256_ctr_509_bytes_per_second,
        AES_GCM: machine.aes_256_gcm_16k_bytes_per_second,
        AES_CBC: machine.aes_256_cbc_16k_bytes_per_second,
        LOOPBACK: machine.loopback_bytes_per_cpu_second,
        SEVEN_ZIP: machine.seven_zip_mips,
        CLOCK: machine.clock_mhz,
    }
    return Speeds(
        figures={
            name: Input(
                name=f"the measured machine: {name}",
                value=range_of(figure, name=f"machine, {name}"),
                unit=UNITS[name],
                origin="measured elsewhere",
                source=f"`{machine.command}`, shipped, {date}",
            )
            for name, figure in figures.items()
        },
        aes_instructions=machine.aes_instructions,
        cpu_model=machine.cpu_model,
    )


def speeds_of_probe(probe: Probe) -> Speeds:
    """Return the speeds of one core that a probe measured."""
    figures = {
        SHA3: probe.speed("sha3-256", CELL_BYTES),
        AES_CTR: probe.speed("aes-256-ctr", CELL_BYTES),
        AES_GCM: probe.speed("aes-256-gcm", RECORD_BYTES),
        AES_CBC: probe.speed("aes-256-cbc", RECORD_BYTES),
        LOOPBACK: probe.loopback.bytes_per_cpu_second,
    }
    return Speeds(
        figures={
            name: Input(
                name=f"{probe.host.name}: {name}",
                value=around(figure, FIGURE_SPREAD),
                unit=UNITS[name],
                origin="measured here",
                source=f"the probe of {probe.host.name}, {probe.made}",
            )
            for name, figure in figures.items()
            if figure is not None
        },
        aes_instructions=probe.host.aes_instructions,
        cpu_model=probe.host.cpu_model,
    )


def speeds_of_yardstick(version: int, hosts: Sequence[HostSpeed]) -> tuple[Speeds, Speeds]:
    """Return the speeds of the yardstick's reference core, and of the core of several like hosts.

    They are the yardstick's own figures: compare them with each other alone. There may be several
    readings of one host, as of each hold. A part that was not read is left out.
    """
    reference: dict[str, Input] = {}
    figures: dict[str, Input] = {}
    name_of_hosts = ", ".join(sorted({host.host for host in hosts}))
    for name, part_name in BY_YARDSTICK.items():
        parts = [part for host in hosts for part in host.parts if part.part == part_name]
        references = [part.reference_bytes_per_cpu_second for part in parts]
        read = [speed for part in parts if (speed := part.hold_bytes_per_cpu_second)]
        reference_speed = next((speed for speed in references if speed), None)
        if reference_speed is None or not read:
            continue
        reference[name] = Input(
            name=f"the yardstick's reference core: {name}",
            value=around(reference_speed, YARDSTICK_SPREAD),
            unit=UNITS[name],
            origin="estimated",
            source=f"carried over from the shipped measurement's machine, version {version} of "
            "the yardstick (docs/planning.md)",
            replaced_by=PROBE_RUN,
        )
        figures[name] = Input(
            name=f"{name_of_hosts}, by the yardstick: {name}",
            value=spanning(read),
            unit=UNITS[name],
            origin="measured here",
            source=f"the yardstick of the run, version {version}, in the hold",
        )
    return (
        Speeds(figures=reference, aes_instructions=None),
        Speeds(figures=figures, aes_instructions=None),
    )


def laid_over(upper: Speeds, lower: Speeds) -> Speeds:
    """Return the union of both; the upper one wins if both have a figure."""
    has_aes = upper.aes_instructions
    return Speeds(
        figures={**lower.figures, **upper.figures},
        aes_instructions=lower.aes_instructions if has_aes is None else has_aes,
    )
