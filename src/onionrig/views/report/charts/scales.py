"""Choose units in which a chart's numbers are short, for rates and for time."""

from __future__ import annotations

from onionrig.records import Part

MINUTES_FROM_SECONDS = 900


class UnitScale(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A unit, and its factor to the base unit."""

    unit: str
    factor: float

    def of(self, value: float) -> float:
        """Return a value in this unit, to five significant figures."""
        return float(f"{value / self.factor:.5g}")


def rate_scale(most_bits_per_second: float) -> UnitScale:
    """Return the unit for rates up to this one."""
    for factor, unit in ((1e9, "Gbit/s"), (1e6, "Mbit/s"), (1e3, "kbit/s")):
        if most_bits_per_second >= factor:
            return UnitScale(unit=unit, factor=factor)
    return UnitScale(unit="bit/s", factor=1.0)


def time_scale(most_seconds: float) -> UnitScale:
    """Return the unit for a run as long as this."""
    return (
        UnitScale(unit="minutes", factor=60.0)
        if most_seconds > MINUTES_FROM_SECONDS
        else UnitScale(unit="seconds", factor=1.0)
    )


def short_time_scale(most_seconds: float) -> UnitScale:
    """Return the unit for waits up to this one."""
    return (
        UnitScale(unit="ms", factor=1e-3) if most_seconds < 1 else UnitScale(unit="s", factor=1.0)
    )
