"""The state of the board: temperature, clock, governor, and why a Pi's firmware throttles."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from onionrig.movers.sampler.host import number_from, read_text
from onionrig.programs import NotRun, run_program
from onionrig.records.samples import BoardState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

VOLTAGE_SENSOR = "rpi_volt"
ASK_FIRMWARE_SECONDS = 10.0
"""Seconds between two calls of vcgencmd, each of which starts a process."""
ANSWER_SECONDS = 0.5

COLDEST_CELSIUS, HOTTEST_CELSIUS = -40.0, 125.0
"""Temperatures between which a processor works. A zone without a sensor reports -274 °C
(``THERMAL_TEMP_INVALID`` of the kernel), and broken ones 127 or 255 °C."""
MILLI = 1e-3
PROCESSOR_ZONES = ("cpu", "soc", "core", "cluster", "x86_pkg_temp")
"""Parts of the types of zones that belong to a processor. Others belong to radios, disks, batteries
or chipsets, which endure other temperatures and slow nothing of the rig down."""

FLAGS = {
    0: "under-voltage now",
    1: "frequency capped now",
    2: "throttled now",
    3: "soft temperature limit now",
    16: "under-voltage since boot",
    17: "frequency capped since boot",
    18: "throttled since boot",
    19: "soft temperature limit since boot",
}
"""Meaning of each bit in Raspberry Pi's documentation of ``vcgencmd get_throttled``."""


class BoardReader:
    """Reads the state of this board; the files that it has are looked up once."""

    def __init__(self, root: Path, *, vcgencmd: str | None) -> None:
        self._zones = _processor_zones(sorted(root.glob("sys/class/thermal/thermal_zone*/temp")))
        # not psutil: without these files it reads /proc/cpuinfo, whose clock is often nominal
        self._clocks = sorted(root.glob("sys/devices/system/cpu/cpufreq/policy*/scaling_cur_freq"))
        self._governor = root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
        self._firmware = _Firmware(root, vcgencmd)

    def read(self) -> BoardState:
        """Return the current state."""
        clock = max(_numbers(self._clocks), default=None)
        return BoardState(
            temperature_celsius=_highest_celsius(self._zones),
            clock_hertz=None if clock is None else clock * 1000.0,
            governor=(read_text(self._governor) or "").strip() or None,
            throttling=self._firmware.throttling(),
        )


class _Firmware:
    """A Pi's firmware: asked through the kernel's files and through vcgencmd.

    Some kernels have get_throttled and always report 0 in it, so no answer replaces another. Those
    of distributions have neither, and only the voltage sensor of drivers/hwmon/raspberrypi-hwmon.c.
    """

    def __init__(self, root: Path, vcgencmd: str | None) -> None:
        self._file = root / "sys/devices/platform/soc/soc:firmware/get_throttled"
        self._has_file = self._file.exists()
        self._low_voltage_alarms = [
            name.parent / "in0_lcrit_alarm"
            for name in sorted(root.glob("sys/class/hwmon/hwmon*/name"))
            if (read_text(name) or "").strip() == VOLTAGE_SENSOR
        ]
        self._vcgencmd = vcgencmd
        self._answer: str | None = None
        self._answer_until_seconds = 0.0

    def throttling(self) -> tuple[str, ...] | None:
        answers = [
            throttling_from(read_text(self._file)) if self._has_file else None,
            *(_low_voltage(read_text(alarm)) for alarm in self._low_voltage_alarms),
            self._ask_firmware(),
        ]
        if all(answer is None for answer in answers):
            return None
        reported = {flag for answer in answers for flag in answer or ()}
        return tuple(flag for flag in FLAGS.values() if flag in reported)

    def _ask_firmware(self) -> tuple[str, ...] | None:
        if self._vcgencmd is None:
            return None
        now_seconds = time.monotonic()
        if now_seconds >= self._answer_until_seconds:
            self._answer_until_seconds = now_seconds + ASK_FIRMWARE_SECONDS
            self._answer = _output([self._vcgencmd, "get_throttled"])
        return throttling_from(self._answer)


def throttling_from(text: str | None) -> tuple[str, ...] | None:
    """Decode ``throttled=0x50005``, as vcgencmd prints it, or ``50005``, as the kernel does."""
    try:
        bits = int((text or "").strip().removeprefix("throttled="), base=16)
    except ValueError:
        return None
    if bits < 0:
        return None  # no firmware reports that
    return tuple(meaning for bit, meaning in FLAGS.items() if bits >> bit & 1)


def _low_voltage(alarm: str | None) -> tuple[str, ...] | None:
    """Return what the alarm of a Pi's voltage sensor reports."""
    number = number_from(alarm)
    if number is None:
        return None
    return (FLAGS[0],) if number else ()


def _processor_zones(zones: Sequence[Path]) -> Sequence[Path]:
    """Return the zones of processors, or all zones if the type of none of them says so."""
    of_processors = [
        zone
        for zone in zones
        if any(part in (read_text(zone.parent / "type") or "").lower() for part in PROCESSOR_ZONES)
    ]
    return of_processors or zones


def _highest_celsius(zones: Iterable[Path]) -> float | None:
    """Return the highest temperature that can be one."""
    temperatures = (round(number * MILLI, 1) for number in _numbers(zones))
    return max(
        (celsius for celsius in temperatures if COLDEST_CELSIUS <= celsius <= HOTTEST_CELSIUS),
        default=None,
    )


def _numbers(paths: Iterable[Path]) -> list[int]:
    """Return the numbers in these files; those that cannot be read are skipped."""
    numbers = []
    for path in paths:
        try:
            numbers.append(int(read_text(path) or ""))
        except ValueError:
            continue
    return numbers


def _output(command: list[str]) -> str | None:
    try:
        completed = run_program(command, seconds=ANSWER_SECONDS)
    except NotRun:
        return None
    return None if completed.code else completed.out
