"""Inventories as data, and what is asked of their hosts."""

from __future__ import annotations

import pytest

from onionrig.errors import UsageError
from onionrig.experiment.decode import layer_from_toml
from onionrig.experiment.inventory import Inventory, InventoryHost
from onionrig.experiment.question import question_from

PATH = "/there/inventory.yml"
SHELF = {
    "pi1": ["balancer"],
    "pi2.local": ["backends"],
    "Pi_3": ["backends"],
    "laptop": ["clients"],
    "printer": ["office"],
}
PRIVATE = {**SHELF, "big": ["authorities", "relays"]}
ON_REAL_HOSTS = {"cluster": {"inventory": PATH}}


def inventory_of(groups, cores=None):
    """Return the inventory of hosts that are in these groups."""
    cores = cores or {}
    return Inventory(
        path=PATH,
        hosts=tuple(
            InventoryHost(name=name, groups=tuple(names), cores=cores.get(name))
            for name, names in groups.items()
        ),
    )


def question(groups=SHELF, text="", *, cores=None, **tables):
    """Return what is asked of these hosts by a file's text and by tables."""
    return question_from(
        [layer_from_toml(text, origin="test"), tables, ON_REAL_HOSTS],
        name="test",
        catalogue=lambda: pytest.fail("no board is named"),
        inventory=lambda path: {PATH: inventory_of(groups, cores)}[path],
    )


def refused(groups=SHELF, text="", **more):
    """Return why it cannot be asked."""
    with pytest.raises(UsageError) as caught:
        question(groups, text, **more)
    return str(caught.value)


def roles(experiment):
    """Return the roles of each host that takes part."""
    return {host.name: host.roles for host in experiment.hosts}
