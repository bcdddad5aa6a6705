"""Rates, durations and sizes: read from text with a unit, printed for people.

A user writes a value as text with a unit ("60s", "500Mbit"); inside the program it is a ``Seconds``
or ``BitsPerSecond``, a float whose type states its unit.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Self

from onionrig.errors import UsageError

BITS_PER_BYTE = 8
SECONDS_A_MINUTE, SECONDS_AN_HOUR = 60, 3600
HIGHEST_PORT = 65535
GREATEST = 1e15
"""Largest number of seconds or bits per second that is accepted; anything more is a typing
error."""

_FRACTION = re.compile(r"\d{1,6}(?:/\d{1,6}|\.\d{1,6})?")
_PORT = re.compile(r"[0-9]{1,5}")
_QUANTITY = re.compile(r"\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[A-Za-z/]*)\s*")

_SECONDS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_BITS_PER_SECOND = {"bit": 1.0, "kbit": 1e3, "Mbit": 1e6, "Gbit": 1e9}

RATE_STEPS = ((1e9, "Gbit/s"), (1e6, "Mbit/s"), (1e3, "kbit/s"))
SIZE_STEPS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


class Seconds(float):
    """A duration in seconds."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the duration in text such as ``"60s"``, ``"1.5m"`` or ``"200ms"``.

        Raises UsageError if the unit is missing or unknown.
        """
        return cls(_parse(text, _SECONDS, thing="duration", example="60s"))

    def __str__(self) -> str:
        return duration_text(self)


class BitsPerSecond(float):
    """A rate in bits per second; decimal multiples, as links are sold."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the rate in text such as ``"500Mbit"`` or ``"1.2Gbit/s"``.

        Raises UsageError if the unit is missing or unknown.
        """
        without_per_second = text.strip().removesuffix("/s").removesuffix("ps")
        return cls(_parse(without_per_second, _BITS_PER_SECOND, thing="rate", example="500Mbit"))

    def __str__(self) -> str:
        for factor, unit in ((1e9, "Gbit"), (1e6, "Mbit"), (1e3, "kbit")):
            if self >= factor and (self / factor) == round(self / factor, 6):
                return f"{self / factor:.10g}{unit}"
        return f"{float(self):.10g}bit"


class Share(float):
    """A share of a whole, from 0 to 1."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the share in text such as ``"20%"`` or ``"0.2"``.

        Raises UsageError if it is not one, or is more than the whole.
        """
        share = cls(share_from(text))
        if share > 1:
            raise UsageError(f'"{text}" is more than the whole: write a share of 100% at most')
        return share

    def __str__(self) -> str:
        return f"{100 * self:.10g}%"


def fraction_from(text: str) -> Fraction:
    """Return the fraction in text such as ``"1/4"`` or ``"0.25"``. Raises UsageError."""
    try:
        if _FRACTION.fullmatch(text.strip()):
            return Fraction(text.strip())
    except ZeroDivisionError:
        pass
    raise UsageError(f'"{text}" is no fraction: write it as in "1/4" or "0.25"')


def share_from(text: str) -> float:
    """Return the share in text such as ``"20%"`` or ``"0.2"``. Raises UsageError."""
    number = text.strip()
    try:
        share = float(fraction_from(number.removesuffix("%")))
    except UsageError as error:
        raise UsageError(f"cannot read {number!r} as a share: write it as in 20% or 0.2") from error
    return share / 100 if number.endswith("%") else share


def host_and_port(text: str) -> tuple[str, int]:
    """Return the parts of ``HOST:PORT``; an IPv6 address is in brackets. Raises UsageError."""
    host, colon, port = text.strip().rpartition(":")
    if not colon or not host or not _PORT.fullmatch(port) or not 0 < int(port) <= HIGHEST_PORT:
        raise UsageError(f'"{text}" is no address: write HOST:PORT, as in "192.0.2.7:9000"')
    return host.removeprefix("[").removesuffix("]"), int(port)


def duration_text(seconds: float) -> str:
    """Return a duration as text that ``Seconds.parse`` reads as the same value."""
    return f"{seconds * 1e3:.10g}ms" if 0 < seconds < 1 else f"{seconds:.10g}s"


def rough_duration_text(seconds: float) -> str:
    """Return a rough duration in its natural unit: seconds, then minutes, then hours."""
    if seconds < 1.5 * SECONDS_A_MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 1.5 * SECONDS_AN_HOUR:
        return f"{seconds / SECONDS_A_MINUTE:.0f} min"
    return f"{seconds / SECONDS_AN_HOUR:.1f} h"


def rate_text(bits_per_second: float) -> str:
    """Return a rate with three significant figures, in the unit that a reader expects."""
    for factor, unit in RATE_STEPS:
        if bits_per_second >= factor:
            return f"{_three_figures(bits_per_second / factor)} {unit}"
    return f"{bits_per_second:.0f} bit/s"


def cores_text(cores: float) -> str:
    """Return a share of CPU time as a number of cores, with four decimals at most."""
    return f"{round(cores, 4):.10g} core{'' if cores == 1 else 's'}"


def size_text(size_bytes: float) -> str:
    """Return a size in binary multiples with three significant figures."""
    for factor, unit in SIZE_STEPS:
        if size_bytes >= factor:
            return f"{_three_figures(size_bytes / factor)} {unit}"
    return f"{size_bytes:.0f} B"


def percent_text(fraction: float) -> str:
    """Return a fraction as a percentage with one decimal."""
    return f"{round(100 * fraction, 1) + 0.0:.1f} %"  # a zero without a minus sign


def counted(number: int, thing: str) -> str:
    """Return a number with the name of a thing, in the plural unless the number is one."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def version_numbers(version: str) -> tuple[int, ...]:
    """Return the numeric part of a version for comparison: 0.4.8.2-alpha gives (0, 4, 8, 2)."""
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("-")[0]))


def _three_figures(value: float) -> str:
    decimals = max(0, 2 - math.floor(math.log10(value))) if value > 0 else 0
    return f"{value:.{decimals}f}"


def _parse(text: str, factors: dict[str, float], *, thing: str, example: str) -> float:
    match = _QUANTITY.fullmatch(text)
    units = ", ".join(factors)
    if match is None:
        raise UsageError(f'"{text}" is no {thing}: write a number and a unit, as in "{example}"')
    unit = match["unit"]
    if unit not in factors:
        wrong = (
            f'the unit "{unit}" is not one of {units}' if unit else f"the unit ({units}) is missing"
        )
        raise UsageError(f'"{text}" is no {thing}: {wrong}, as in "{example}"')
    value = float(match["number"]) * factors[unit]
    if value > GREATEST:
        raise UsageError(f"{thing} {text[:20]}…: greater than anything that can be measured")
    return value
