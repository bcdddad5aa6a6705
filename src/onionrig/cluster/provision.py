"""Provision the hosts of an inventory for runs, or restore them to what they were before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.cluster.playbooks import PlaybookFailure, play
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
    """Number of tasks that changed something."""
    failure: str | None = None
    """The reason why it was not finished, as one line."""


class ProvisionOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What was done on all hosts."""

    version: str | None
    """The version that is provisioned; null if the hosts were cleaned up."""
    hosts: tuple[HostOutcome, ...]
    dry: bool
    """True if it was only determined what would be done."""

    @property
    def failed(self) -> tuple[HostOutcome, ...]:
        """The hosts on which it was not finished."""
        return tuple(host for host in self.hosts if host.failure is not None)


def provision(
    inventory: str, *, limit: str | None, dry: bool, tell: Callable[[str], None]
) -> ProvisionOutcome:
    """Make hosts fit for runs; what is already as it should be is not touched.

    Raises UsageError for an inventory that cannot be used, Unequipped, Interrupted.
    """
    read_inventory(inventory)
    variables = {"onionrig_program": packed()}
    played = play("provision", inventory, variables=variables, limit=limit, dry=dry, tell=tell)
    return _outcome(played, version=provisioned_version(), dry=dry)


def purge(
    inventory: str, *, limit: str | None, dry: bool, tell: Callable[[str], None]
) -> ProvisionOutcome:
    """Remove everything that provisioning has made. Raises as ``provision`` does."""
    read_inventory(inventory)
    played = play("purge", inventory, limit=limit, dry=dry, tell=tell)
    return _outcome(played, version=None, dry=dry)


def _outcome(played: Played, *, version: str | None, dry: bool) -> ProvisionOutcome:
    failures: dict[str, PlaybookFailure] = {}
    for failure in played.failures:
        failures.setdefault(failure.host, failure)
    names = [*played.changed, *(name for name in failures if name not in played.changed)]
    return ProvisionOutcome(
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
