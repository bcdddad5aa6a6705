"""Make the hosts of an inventory fit for runs, or leave them as they were before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.cluster.playbooks import Failure, play
from onionrig.cluster.troubles import explained
from onionrig.engine.ansible.inventory import read_inventory
from onionrig.engine.ansible.program import packed, provisioned_version

if TYPE_CHECKING:
    from collections.abc import Callable

    from onionrig.cluster.playbooks import Played


class HostOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What was done on one host."""

    name: str
    changed: int
    """Tasks that changed something."""
    failure: str | None = None
    """Why it was not finished, as one line."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What was done on all hosts."""

    version: str | None
    """The version that is provisioned; null where the hosts were cleaned up."""
    hosts: tuple[HostOutcome, ...]
    dry: bool
    """Whether it was only found out what would be done."""

    @property
    def failed(self) -> tuple[HostOutcome, ...]:
        """The hosts that it was not finished on."""
        return tuple(host for host in self.hosts if host.failure is not None)


def provision(
    inventory: str, *, limit: str | None, dry: bool, tell: Callable[[str], None]
) -> Outcome:
    """Make hosts fit; what is as it should be is not touched.

    Raises UsageError for an inventory that cannot be used, Unequipped, Interrupted.
    """
    read_inventory(inventory)
    variables = {"onionrig_program": packed()}
    played = play("provision", inventory, variables=variables, limit=limit, dry=dry, tell=tell)
    return _outcome(played, version=provisioned_version(), dry=dry)


def purge(inventory: str, *, limit: str | None, dry: bool, tell: Callable[[str], None]) -> Outcome:
    """Remove everything that provisioning has made. Raises as ``provision`` does."""
    read_inventory(inventory)
    played = play("purge", inventory, limit=limit, dry=dry, tell=tell)
    return _outcome(played, version=None, dry=dry)


def _outcome(played: Played, *, version: str | None, dry: bool) -> Outcome:
    failures: dict[str, Failure] = {}
    for failure in played.failures:
        failures.setdefault(failure.host, failure)
    names = [*played.changed, *(name for name in failures if name not in played.changed)]
    return Outcome(
        version=version,
        dry=dry,
        hosts=tuple(
            HostOutcome(
                name=name,
                changed=played.changed.get(name, 0),
                failure=explained(failures[name]) if name in failures else None,
            )
            for name in sorted(names)
        ),
    )
