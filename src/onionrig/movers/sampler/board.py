"""The state of the board: temperature, clock, governor, and why a Pi's firmware throttles."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from onionrig.movers.sampler.host import read_text
from onionrig.programs import NotRun, run_program
from onionrig.records.samples import BoardState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

ASK_FIRMWARE_SECONDS = 10.0
"""Seconds between two calls of vcgencmd, each of which starts a process."""
ANSWER_SECONDS = 0.5

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
        self._zones = sorted(root.glob("sys/class/thermal/thermal_zone*/temp"))
        # not psutil: without these files it reads /proc/cpuinfo, whose clock is often nominal
        self._clocks = sorted(root.glob("sys/devices/system/cpu/cpufreq/policy*/scaling_cur_freq"))
        self._governor = root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
        self._firmware = _Firmware(root, vcgencmd)

    def read(self) -> BoardState:
        """Return the current state."""
        temperature, clock = _highest(self._zones), _highest(self._clocks)
        return BoardState(
            temperature_celsius=None if temperature is None else round(temperature / 1000, 1),
            clock_hertz=None if clock is None else clock * 1000.0,
            governor=(read_text(self._governor) or "").strip() or None,
            throttling=self._firmware.throttling(),
        )


class _Firmware:
    """A Pi's firmware: asked through the kernel's file and through vcgencmd.

    Some kernels have the file and always report 0 in it, so it does not replace the other answer.
    """

    def __init__(self, root: Path, vcgencmd: str | None) -> None:
        self._file = root / "sys/devices/platform/soc/soc:firmware/get_throttled"
        self._has_file = self._file.exists()
        self._vcgencmd = vcgencmd
        self._answer: str | None = None
        self._answer_until_seconds = 0.0

    def throttling(self) -> tuple[str, ...] | None:
        answers = [
            throttling_from(read_text(self._file)) if self._has_file else None,
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


def _highest(paths: Iterable[Path]) -> int | None:
    """Return the highest number in these files; those that cannot be read are skipped."""
    numbers = []
    for path in paths:
        try:
            numbers.append(int(read_text(path) or ""))
        except ValueError:
            continue
    return max(numbers, default=None)


def _output(command: list[str]) -> str | None:
    try:
        completed = run_program(command, seconds=ANSWER_SECONDS)
    except NotRun:
        return None
    return None if completed.code else completed.out
