"""The backend instances that a client can reach through the frontend's descriptor.

An introduction point in the frontend's descriptor keeps the authentication key that it has in its
instance's own descriptor, so each can be attributed; those that are not the first on their relay
are never used (``tor.descriptors.reachable``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.tor.descriptors import reachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onionrig.tor.descriptors import Descriptor

UNKNOWN = "unknown"


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """A frontend's descriptor compared with the instances behind it."""

    listed: dict[str, int]
    """Points in the descriptor, by instance."""
    usable: dict[str, int]
    """Listed points that a client can use."""
    drawn: dict[str, int]
    """Points that lead to an instance when a client draws one: those that share a relay lead to the
    first on it."""

    @property
    def points(self) -> int:
        """Points in the descriptor."""
        return sum(self.listed.values())

    @property
    def unknown(self) -> int:
        """Points in the descriptor that no instance's descriptor has (any more)."""
        return self.listed.get(UNKNOWN, 0)

    def starved(self) -> dict[str, str]:
        """Return the instances that no client of this descriptor reaches, each with the reason.

        The result is empty if some points could not be attributed: dials must show it then.
        """
        if self.unknown:
            return {}
        return {name: self._reason(name) for name, count in self.usable.items() if not count}

    def _reason(self, name: str) -> str:
        listed = self.listed[name]
        if not listed:
            return "Onionbalance published no introduction point of it"
        return (
            f"its {listed} introduction point{'s' if listed > 1 else ''} in the frontend's "
            "descriptor share relays with earlier ones, and clients use only the first on a relay"
        )


def coverage(frontend: Descriptor, instances: Mapping[str, Descriptor]) -> Coverage:
    """Compare a frontend's descriptor with those of its instances, by name."""
    owners = {
        point.key: name for name, descriptor in instances.items() for point in descriptor.points
    }
    listed = dict.fromkeys(instances, 0)
    usable = dict.fromkeys(instances, 0)
    drawn = dict.fromkeys(instances, 0)
    on_relay: dict[str, str] = {}
    for point in reachable(frontend.points):
        owner = on_relay[point.relay] = owners.get(point.key, UNKNOWN)
        usable[owner] = usable.get(owner, 0) + 1
    for point in frontend.points:
        owner = owners.get(point.key, UNKNOWN)
        listed[owner] = listed.get(owner, 0) + 1
        first = on_relay[point.relay]
        drawn[first] = drawn.get(first, 0) + 1
    return Coverage(listed=listed, usable=usable, drawn=drawn)


def variants(coverage_by_client: Mapping[str, Coverage]) -> dict[str, int]:
    """Return the number, from 1, of the distinct descriptor that each client tor holds.

    Descriptors are distinguished by the instances in them.
    """
    listed = {
        name: tuple(instance for instance, count in client_coverage.listed.items() if count)
        for name, client_coverage in coverage_by_client.items()
    }
    order = {
        instances: number for number, instances in enumerate(sorted(set(listed.values())), start=1)
    }
    return {name: order[instances] for name, instances in listed.items()}
