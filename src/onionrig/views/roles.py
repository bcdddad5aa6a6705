"""Describe how many services of each role a host runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

UNSEEN = frozenset({"sampler", "yardstick", "namespace", "delay"})
"""Roles that every host has, or that belong to the emulation itself."""
PLURALS = {"backend": "backend instances", "authority": "authorities"}
SINGULARS = {"backend": "backend instance", "balancer-tor": "the balancer's tor"}


def roles_text(roles: Iterable[tuple[str, int, int]]) -> str:
    """Return how many services of each role there are per host, from fewest to most."""
    texts: list[str] = []
    for role, fewest, most in roles:
        if most == 1:
            texts.append(SINGULARS.get(role, role))
        else:
            number = str(most) if fewest == most else f"{fewest} to {most}"
            texts.append(f"{number} {PLURALS.get(role, f'{role}s')}")
    return ", ".join(texts) or "nothing"


def services_text(services: Mapping[str, int]) -> str:
    """Return what one host runs, the most frequent role first."""
    shown_services = [(role, count) for role, count in services.items() if role not in UNSEEN]
    ordered = sorted(shown_services, key=lambda item: -item[1])
    return roles_text((role, count, count) for role, count in ordered)
