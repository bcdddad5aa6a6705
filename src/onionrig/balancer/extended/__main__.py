"""Run Onionbalance's own program with the replacements that are requested.

``python -m onionrig.balancer.extended ORDERS.json``, followed by Onionbalance's own arguments.
"""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import onionbalance.manager

from onionrig.balancer.extended import (
    distinct_descriptors,
    distinct_relays,
    fast_start,
    flow_control,
    liveness,
    publications,
    whole_ring,
)
from onionrig.balancer.program import refuse_unknown_version
from onionrig.errors import OnionrigError
from onionrig.rig.orders import BalancerOrders

if TYPE_CHECKING:
    from collections.abc import Callable

    from onionrig.experiment.frontend import Switch


def main() -> int:
    """Replace what the orders say, then be Onionbalance."""
    path = sys.argv.pop(1)
    try:
        refuse_unknown_version(importlib.metadata.version("onionbalance"))
    except OnionrigError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    replace(msgspec.json.decode(Path(path).read_bytes(), type=BalancerOrders))
    onionbalance.manager.main()
    return 0


def replace(orders: BalancerOrders) -> None:
    """Put the replacements in place; Onionbalance must not have started."""
    publications.replace()
    replacements: dict[Switch, Callable[[], None]] = {
        "whole_ring": whole_ring.replace,
        "flow_control": flow_control.replace,
        "distinct_descriptors": lambda: distinct_descriptors.replace(orders.variants),
        "distinct_relays": distinct_relays.replace,
        "fast_start": fast_start.replace,
        "liveness": lambda: liveness.replace(orders.probes),
    }
    for switch in orders.switches:
        replacements[switch]()


if __name__ == "__main__":
    sys.exit(main())
