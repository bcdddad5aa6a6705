"""Judge how evenly dials fell on the backend instances of each descriptor, and on descriptors.

An address may have several distinct descriptors, each with backend instances of its own. A client
tor holds one of them, so evenness has two parts: within a descriptor, where a client draws an
introduction point for each dial, and between descriptors, where each client tor draws once.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from onionrig.analysis.backends.chance import jain_by_chance, smallest_by_chance
from onionrig.analysis.backends.fairness import jain, smallest_over_mean
from onionrig.records.streams.dials import BetweenVariants, DialledBackend, VariantDials

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from onionrig.records.events import Covered
    from onionrig.records.manifest import Manifest
    from onionrig.records.streams.transfers import Transfer


def variants_with_dials(
    served_dials: Sequence[Transfer], covered: Sequence[Covered], manifest: Manifest
) -> tuple[VariantDials, ...]:
    """Return each descriptor with the dials that were served through it.

    A client tor is taken to hold the descriptor that it was last seen to hold; a client that was
    never seen to hold one is left out.
    """
    last_coverage = {event.client: event for event in covered}
    if not last_coverage:
        return ()
    variant_count = max(
        _requested_variants(manifest), *(event.variant for event in last_coverage.values())
    )
    return tuple(
        _variant(
            number,
            [dial for dial in served_dials if _holds_variant(last_coverage, dial.client, number)],
            {name: event for name, event in last_coverage.items() if event.variant == number},
            manifest,
        )
        for number in range(1, variant_count + 1)
    )


def between_variants(variants: Sequence[VariantDials]) -> BetweenVariants | None:
    """Return how evenly the descriptors were dialled, or None if there is only one.

    Chance means that clients draw a descriptor, all equally likely, and dial equally often.
    Descriptors are taken to have equally many backends (they differ by one at most).
    """
    variant_count = len(variants)
    if variant_count <= 1:
        return None
    mean_dials = [
        variant.dials / len(variant.backends) if variant.backends else 0.0 for variant in variants
    ]
    client_count = sum(len(variant.clients) for variant in variants)
    return BetweenVariants(
        jain=jain(mean_dials),
        jain_by_chance=jain_by_chance(client_count, [1 / variant_count] * variant_count),
    )


def _variant(
    number: int,
    served_dials: Sequence[Transfer],
    clients: Mapping[str, Covered],
    manifest: Manifest,
) -> VariantDials:
    shares = _shares(served_dials, clients, manifest)
    counts = Counter(dial.backend for dial in served_dials)
    backend_dials = [counts[name] for name in shares]
    total_dials = sum(backend_dials)
    return VariantDials(
        variant=number,
        clients=tuple(clients),
        dials=len(served_dials),
        backends=tuple(
            DialledBackend(name=name, dials=counts[name], expected_dials=total_dials * share)
            for name, share in shares.items()
        ),
        others=len(served_dials) - total_dials,
        jain=jain(backend_dials),
        jain_by_chance=jain_by_chance(total_dials, list(shares.values())),
        smallest_over_mean=smallest_over_mean(backend_dials) if backend_dials else None,
        smallest_over_mean_by_chance=smallest_by_chance(total_dials, list(shares.values())),
        unreached=tuple(name for name in shares if not counts[name]),
    )


def _shares(
    served_dials: Sequence[Transfer], clients: Mapping[str, Covered], manifest: Manifest
) -> dict[str, float]:
    """Return the chance that a dial draws each backend: its share of the usable points.

    Two client tors may hold two publications of a descriptor; each counts by its dials.
    """
    weights = Counter(dial.client for dial in served_dials) or Counter(clients.keys())
    shares: dict[str, float] = {}
    for client, dials in weights.items():
        points = _points(clients[client], manifest)
        for name, count in points.items():
            part = count / sum(points.values()) * dials / weights.total()
            shares[name] = shares.get(name, 0.0) + part
    total_share = sum(shares.values())
    return {name: shares[name] / total_share for name in manifest.backends if name in shares}


def _points(event: Covered, manifest: Manifest) -> dict[str, int]:
    """Return the points of known backends; points of unknown ones were replaced recently."""
    points = event.drawn_points or event.usable_points
    return {name: count for name, count in points.items() if count and name in manifest.backends}


def _holds_variant(last_coverage: Mapping[str, Covered], client: str, number: int) -> bool:
    return client in last_coverage and last_coverage[client].variant == number


def _requested_variants(manifest: Manifest) -> int:
    """Return how many descriptors the resolved experiment asks for."""
    frontend = manifest.experiment.get("frontend")
    variant_count = frontend.get("variants") if isinstance(frontend, dict) else None
    return variant_count if isinstance(variant_count, int) else 1
