"""How evenly the backend instances served."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.units import percent_text

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from onionrig.records.events import Covered


def jain(shares: Collection[float]) -> float | None:
    """Return Jain's index: 1 where all are equal, 1/n where one has everything.

    Source: Jain, Chiu, Hawe, "A Quantitative Measure of Fairness", DEC-TR-301 (1984).
    None where there is nothing to share.
    """
    squares = sum(share * share for share in shares)
    if not squares:
        return None
    return min(1.0, sum(shares) ** 2 / (len(shares) * squares))


def smallest_over_mean(shares: Collection[float]) -> float | None:
    """Return the smallest share over the mean share; None where there is nothing to share."""
    total = sum(shares)
    return min(shares) * len(shares) / total if total else None


def chance_of_none(usable_points: int, all_points: int, streams: int) -> float:
    """Return the chance that no stream picks an instance: each picks a point at random.

    Source: tor, src/feature/hs/hs_client.c, client_get_random_intro.
    """
    return (1 - usable_points / all_points) ** streams if all_points else 1.0


def not_chosen(backend: str, covered: Sequence[Covered], streams: int) -> str:
    """Explain why an instance that can be reached served nothing: chance, and how much of it.

    Of distinct descriptors, those streams could have chosen it whose client tor holds one with it.
    """
    said = "no stream chose it: client tors pick introduction points at random"
    held = {event.client: event.usable_points for event in covered}
    able = [points for points in held.values() if points.get(backend)]
    if not able:
        return said if not held else "no client tor holds a descriptor by which it can be reached"
    mine, everyones = able[0][backend], sum(able[0].values())
    could = round(streams * len(able) / len(held))
    chance = percent_text(chance_of_none(mine, everyones, could))
    return (
        f"{said}, and {mine} of {everyones} that can be used are its own; "
        f"{could} streams all miss it in {chance} of runs"
    )
