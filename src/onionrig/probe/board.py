"""What board this is: its name, its processor, its clock, and the instructions that matter."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import msgspec

from onionrig.movers.sampler.host import read_text
from onionrig.probe.facts import first_of
from onionrig.programs import NotRun, run_program

if TYPE_CHECKING:
    from pathlib import Path

    from onionrig.records.manifest import HostFacts

HERTZ_PER_KHZ = 1000.0
CPUINFO = "proc/cpuinfo"

MATTERING = (
    "aes", "vaes", "pclmulqdq", "vpclmulqdq", "pmull",
    "sha_ni", "sha1", "sha2", "sha3", "sha512",
    "ssse3", "avx2", "avx512f", "neon", "asimd",
)  # fmt: skip
"""Flags in /proc/cpuinfo for which OpenSSL and tor have faster code."""

_NAMELESS = ("", "none", "default string", "to be filled by o.e.m.", "system product name",
             "system manufacturer", "not specified", "not applicable", "unknown")  # fmt: skip
"""Placeholders in firmware that a maker did not fill in."""
_LSCPU_SECONDS = 10
_LSCPU_MODEL = re.compile(r"^\s*Model name:\s*(\S.*?)\s*$", re.MULTILINE)


def board_model(root: Path) -> str | None:
    """Return the board's name from the device tree or the firmware, or None."""
    tree = _firmware_text(root / "proc/device-tree/model")
    if tree is not None:
        return tree
    firmware = root / "sys/class/dmi/id"
    for maker, product in (("sys_vendor", "product_name"), ("board_vendor", "board_name")):
        name = _firmware_text(firmware / product)
        if name is not None:
            vendor = _firmware_text(firmware / maker)
            return name if vendor is None or name.startswith(vendor) else f"{vendor} {name}"
    return None


def clock_hertz(root: Path) -> float | None:
    """Return the highest clock of the first core: as configured, or else as designed."""
    frequency = root / "sys/devices/system/cpu/cpu0/cpufreq"
    for name in ("scaling_max_freq", "cpuinfo_max_freq"):
        try:
            return int(read_text(frequency / name) or "") * HERTZ_PER_KHZ
        except ValueError:
            continue
    return None


def instructions(root: Path) -> tuple[str, ...]:
    """Return the instructions that matter, from the first processor's ``flags`` or ``Features``."""
    flags = first_of(root / CPUINFO, ("flags", "Features"))
    has = set((flags or "").split())
    return tuple(name for name in MATTERING if name in has)


def with_cpu_model(facts: HostFacts, root: Path) -> HostFacts:
    """Return the facts with the processor's model even if /proc/cpuinfo does not name it.

    On ARM it has only numbers, whose names lscpu knows.
    """
    if first_of(root / CPUINFO, ("model name",)) is not None:
        return facts
    model = cpu_model_from(_lscpu())
    return facts if model is None else msgspec.structs.replace(facts, cpu_model=model)


def cpu_model_from(printed: str) -> str | None:
    """Return the model's name that ``lscpu`` prints; if clusters differ, one name per cluster."""
    models = dict.fromkeys(match[1] for match in _LSCPU_MODEL.finditer(printed))
    return ", ".join(model for model in models if model != "-") or None


def _lscpu() -> str:
    program = shutil.which("lscpu")
    if program is None:
        return ""
    try:
        lscpu = run_program([program], seconds=_LSCPU_SECONDS, environment={"LC_ALL": "C"})
    except NotRun:
        return ""
    return "" if lscpu.code else lscpu.out


def _firmware_text(path: Path) -> str | None:
    content = (read_text(path) or "").rstrip("\0").strip()
    return None if content.lower() in _NAMELESS else content
