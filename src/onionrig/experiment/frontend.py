"""How many descriptors the one address has, and how many introduction points stand in each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from onionrig.experiment.schema import Experiment, Frontend

MOST_POINTS_IN_A_DESCRIPTOR = 20
"""tor refuses a descriptor with more (tor: src/feature/hs/hs_descriptor.c, hs_config.h)."""
POINTS_AN_INSTANCE = 2
"""What Onionbalance takes of each instance (onionbalance 0.2.4: hs_v3/params.py)."""
MOST_IN_A_DESCRIPTOR = MOST_POINTS_IN_A_DESCRIPTOR // POINTS_AN_INSTANCE
"""Instances that one descriptor holds."""
FETCHED_PLACES = 6
"""HSDirs that clients fetch from: 2 replicas with 3 each (torspec: rend-spec-v3, hsdir_n_replicas
and hsdir_spread_fetch)."""
VARIANT_COUNTS = (1, 2, 3, 6)
"""Divisors of the places: every descriptor is fetched by the same share of the clients."""
MOST_INSTANCES = VARIANT_COUNTS[-1] * MOST_IN_A_DESCRIPTOR
DAEMONS = 4
"""Backend instances where their count is ``auto`` and the cores of their hosts are not known."""

Switch = Literal[
    "whole_ring",
    "flow_control",
    "distinct_descriptors",
    "distinct_relays",
    "fast_start",
    "liveness",
]
SWITCHES: tuple[Switch, ...] = get_args(Switch)


def is_on(frontend: Frontend, switch: Switch) -> bool:
    """Return whether a switch of the extended balancer is on."""
    asked: bool | Literal["auto"] = getattr(frontend, switch)
    return frontend.balancer == "extended" if asked == "auto" else asked


def switches_on(frontend: Frontend) -> tuple[Switch, ...]:
    """Name the switches that are on."""
    return tuple(switch for switch in SWITCHES if is_on(frontend, switch))


def daemons_of(experiment: Experiment) -> int:
    """Return how many backend instances there are."""
    daemons = experiment.backends.daemons
    return DAEMONS if daemons == "auto" else daemons


def variants_of(experiment: Experiment) -> int:
    """Return how many distinct descriptors there are: the fewest that hold every instance."""
    return variants_for(experiment.frontend, daemons_of(experiment))


def variants_for(frontend: Frontend, instances: int) -> int:
    """Return how many distinct descriptors such a frontend makes for so many instances."""
    if not is_on(frontend, "distinct_descriptors"):
        return 1
    if frontend.variants != "auto":
        return frontend.variants
    return next(
        (count for count in VARIANT_COUNTS if count * MOST_IN_A_DESCRIPTOR >= instances),
        VARIANT_COUNTS[-1],
    )


def points_in_a_descriptor(experiment: Experiment) -> int:
    """Return how many introduction points the largest descriptor holds when all are in it."""
    instances = -(-daemons_of(experiment) // variants_of(experiment))
    return POINTS_AN_INSTANCE * instances


def most_instances(frontend: Frontend) -> int:
    """Return how many instances such a frontend holds."""
    if not is_on(frontend, "distinct_descriptors"):
        return MOST_IN_A_DESCRIPTOR
    variants = VARIANT_COUNTS[-1] if frontend.variants == "auto" else frontend.variants
    return variants * MOST_IN_A_DESCRIPTOR
