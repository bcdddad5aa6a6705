"""The cluster init command: write an inventory for hosts that are named."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Annotated

import typer

from onionrig.cli.commands.cluster.app import InventoryOption, cluster
from onionrig.cli.help import described
from onionrig.cluster.init import (
    LOCAL_NAMES,
    inventory_text,
    plan,
    unknown_to_ssh,
    write_inventory,
)

HostsArgument = Annotated[
    list[str], typer.Argument(metavar="[USER@]HOST...", help="Hosts, as ssh reaches them.")
]
BalancerOption = Annotated[
    str | None,
    typer.Option(metavar="HOST", help="Host that publishes the address (default: the first)."),
]
ClientsOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="HOST",
        help="Host that generates the load; repeatable (default: none, and init says so).",
    ),
]
AuthoritiesOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="HOST", help="Host of directory authorities; repeatable (default: the clients)."
    ),
]
RelaysOption = Annotated[
    list[str] | None,
    typer.Option(metavar="HOST", help="Host of relays; repeatable (default: the clients)."),
]


@cluster.command(
    **described(
        None,
        "onionrig cluster init pi1 pi2 pi3 --balancer pi1 --clients laptop",
    )
)
def init(  # noqa: PLR0913 - the groups of an inventory
    hosts: HostsArgument,
    *,
    balancer: BalancerOption = None,
    clients: ClientsOption = None,
    authorities: AuthoritiesOption = None,
    relays: RelaysOption = None,
    inventory: InventoryOption = "inventory.yml",
) -> None:
    """Write an inventory for these hosts, and say what it still lacks.

    Hosts that get no other role are backends. An existing file is never overwritten.
    """
    planned = plan(
        hosts,
        balancer=balancer,
        clients=_separate(clients),
        authorities=_separate(authorities),
        relays=_separate(relays),
        local_names={*LOCAL_NAMES, socket.gethostname()},
    )
    write_inventory(Path(inventory), planned)
    print(inventory_text(planned), end="")
    for remark in planned.remarks:
        print(f"init: {remark}")
    if unknown := unknown_to_ssh(planned):
        print(
            f"init: ssh does not know {', '.join(unknown)} yet: log in to each once and compare "
            "the fingerprint of its key"
        )
    print(f"init: wrote {inventory}; next: onionrig cluster check -i {inventory}")


def _separate(names: list[str] | None) -> list[str]:
    """Return names that were given by several options, or with commas in one."""
    return [name for comma_list in names or () for name in comma_list.split(",") if name]
