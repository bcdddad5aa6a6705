"""Simulate how often a stock publication starves an instance: the table in docs/lab-notes.md.

.venv/bin/python scripts/starvation.py [INSTANCES]
"""

from __future__ import annotations

import random
import sys

from onionrig.tor.descriptors import IntroductionPoint, reachable

ROUNDS = 20_000
RELAYS = (5, 8, 12, 16, 24, 32, 48)


def starvation_chance(instances: int, relays: int, *, rounds: int = ROUNDS) -> float:
    """Return how often some instance of so many cannot be reached.

    Each has points on 3 relays of its own choice, 2 of them are published, all are shuffled
    (onionbalance 0.2.4: hs_v3/service.py, common/intro_point_set.py).
    """
    draw = random.Random(1)  # noqa: S311 - a simulation, seeded
    starved = 0
    for _ in range(rounds):
        points = [
            IntroductionPoint(key=f"{instance}-{place}", relay=str(relay))
            for instance in range(instances)
            for place, relay in enumerate(draw.sample(draw.sample(range(relays), 3), 2))
        ]
        draw.shuffle(points)
        served = {point.key.partition("-")[0] for point in reachable(tuple(points))}
        starved += len(served) < instances
    return starved / rounds


def main() -> None:
    """Print the table."""
    instances = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    print("| relays | " + " | ".join(map(str, RELAYS)) + " |")
    print("|---|" + "---|" * len(RELAYS))
    chances = (f"{100 * starvation_chance(instances, relays):.0f} %" for relays in RELAYS)
    print("| chance | " + " | ".join(chances) + " |")


if __name__ == "__main__":
    main()
