"""How many descriptors an address has, and how many introduction points each contains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from onionrig.experiment.schema import Experiment, Frontend

MOST_POINTS_IN_A_DESCRIPTOR = 20
"""Most introduction points of a descriptor; tor refuses one with more (tor:
src/feature/hs/hs_descriptor.c, hs_config.h)."""
POINTS_AN_INSTANCE = 2
"""Introduction points that Onionbalance takes from each instance (onionbalance 0.2.4:
hs_v3/params.py)."""
MOST_IN_A_DESCRIPTOR = MOST_POINTS_IN_A_DESCRIPTOR // POINTS_AN_INSTANCE
"""Most instances of a descriptor."""
FETCHED_PLACES = 6
"""HSDirs that clients fetch from: 2 replicas with 3 each (torspec: rend-spec-v3, hsdir_n_replicas
and hsdir_spread_fetch)."""
VARIANT_COUNTS = (1, 2, 3, 6)
"""Divisors of the places, so that every descriptor is fetched by the same share of the clients."""
MOST_INSTANCES = VARIANT_COUNTS[-1] * MOST_IN_A_DESCRIPTOR
DAEMONS = 4
"""Backend instances if their count is ``auto`` and the cores of their hosts are not known."""

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
    setting: bool | Literal["auto"] = getattr(frontend, switch)
    return frontend.balancer == "extended" if setting == "auto" else setting


def switches_on(frontend: Frontend) -> tuple[Switch, ...]:
    """Return the switches that are on."""
    return tuple(switch for switch in SWITCHES if is_on(frontend, switch))


def daemons_of(experiment: Experiment) -> int:
    """Return the number of backend instances."""
    daemons = experiment.backends.daemons
    return DAEMONS if daemons == "auto" else daemons


def variants_of(experiment: Experiment) -> int:
    """Return the number of distinct descriptors: the fewest that contain every instance."""
    return variants_for(experiment.frontend, daemons_of(experiment))


def variants_for(frontend: Frontend, instances: int) -> int:
    """Return the number of distinct descriptors that a frontend publishes for its instances."""
    if not is_on(frontend, "distinct_descriptors"):
        return 1
    if frontend.variants != "auto":
        return frontend.variants
    return next(
        (count for count in VARIANT_COUNTS if count * MOST_IN_A_DESCRIPTOR >= instances),
        VARIANT_COUNTS[-1],
    )


def points_in_a_descriptor(experiment: Experiment) -> int:
    """Return the number of introduction points in the largest descriptor when none is missing."""
    instances = -(-daemons_of(experiment) // variants_of(experiment))
    return POINTS_AN_INSTANCE * instances


def most_instances(frontend: Frontend) -> int:
    """Return the largest number of instances that a frontend can publish."""
    if not is_on(frontend, "distinct_descriptors"):
        return MOST_IN_A_DESCRIPTOR
    variants = VARIANT_COUNTS[-1] if frontend.variants == "auto" else frontend.variants
    return variants * MOST_IN_A_DESCRIPTOR
