"""Locate and read the inventory of an experiment."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from onionrig.engine.ansible.found import with_cores
from onionrig.engine.ansible.inventory import for_experiment, read_inventory
from onionrig.experiment.decode import merged

if TYPE_CHECKING:
    from onionrig.experiment.decode import Layer
    from onionrig.experiment.inventory import Inventory


@functools.cache
def inventory(path: str) -> Inventory:
    """Return what an experiment needs of an inventory, read once for all runs of a series.

    Raises UsageError if it cannot be read, and Unequipped if Ansible is missing.
    """
    return for_experiment(path, with_cores(read_inventory(path)))


def located(layer: Layer, *, directory: Path) -> Layer:
    """Return a layer whose ``cluster.inventory`` is absolute; a relative one is below a directory.

    A sweep may be resumed from elsewhere, and then it still means the same file.
    """
    cluster = layer.get("cluster")
    written = cluster.get("inventory") if isinstance(cluster, Mapping) else None
    if not isinstance(written, str) or not written:
        return layer
    path = directory.absolute() / Path(written).expanduser()
    return merged(layer, {"cluster": {"inventory": str(path)}})
