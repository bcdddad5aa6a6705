"""How evenly the backend instances served."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.units import counted, percent_text

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
    """Return the chance that no stream picks an instance; each picks a point at random.

    Source: tor, src/feature/hs/hs_client.c, client_get_random_intro.
    """
    return (1 - usable_points / all_points) ** streams if all_points else 1.0


def not_chosen(backend: str, covered: Sequence[Covered], streams: int) -> str:
    """Explain why a reachable instance served nothing, and how likely that is.

    Some of an address's descriptors may lack the instance: only streams whose client tor holds one
    that lists it could have chosen it.
    """
    reason = "no stream chose it: client tors pick introduction points at random"
    points_by_client = {event.client: event.usable_points for event in covered}
    if not points_by_client:
        return reason
    points_with_backend = [points for points in points_by_client.values() if points.get(backend)]
    if not points_with_backend:
        return "no client tor holds a descriptor that lists usable points of it"
    own_points, all_points = points_with_backend[0][backend], sum(points_with_backend[0].values())
    able_streams = round(streams * len(points_with_backend) / len(points_by_client))
    chance = percent_text(chance_of_none(own_points, all_points, able_streams))
    return (
        f"{reason}, and {own_points} of the {all_points} that they can use "
        f"{'is' if own_points == 1 else 'are'} its "
        f"own; in {chance} of runs none of {counted(able_streams, 'stream')} picks it"
    )
