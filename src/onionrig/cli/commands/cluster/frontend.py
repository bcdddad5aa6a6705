"""The frontend commands: keep one onion address across rigs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from onionrig.cli.app import app
from onionrig.cli.commands.cluster.app import InventoryOption, LimitOption  # noqa: TC001 - typer evaluates them
from onionrig.cli.help import HOSTS, HelpfulGroup, described
from onionrig.cluster.asking import listed_hosts
from onionrig.cluster.frontend_key import (
    FrontendKey,
    balancer_host,
    keep_key,
    key_from,
    read_key,
    write_key,
)
from onionrig.errors import UsageError

frontend = typer.Typer(
    name="frontend",
    help="Save and restore the key of the onion address, so that later runs have the same address.",
    cls=HelpfulGroup,
    no_args_is_help=True,
)
app.add_typer(frontend, rich_help_panel=HOSTS)

KeyFileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="File of the key, which only its owner may read.")
]
ReplaceOption = Annotated[
    bool, typer.Option("--replace", help="Replace the key of another address, which is then lost.")
]


@frontend.command(**described(None, "onionrig frontend show -i inventory.yml"))
def show(*, inventory: InventoryOption = "inventory.yml", limit: LimitOption = None) -> None:
    """Print the address whose key the balancer's host has."""
    print(_key(inventory, limit).address)


@frontend.command(**described(None, "onionrig frontend export frontend.pem -i inventory.yml"))
def export(
    file: KeyFileArgument,
    *,
    inventory: InventoryOption = "inventory.yml",
    limit: LimitOption = None,
) -> None:
    """Copy the key of the address from the balancer's host into a new file with mode 0600.

    Whoever has the key can be the address: keep it as you keep a password.
    """
    key = _key(inventory, limit)
    keep_key(file, key.pem)
    print(f"{key.address}: its key is in {file}; whoever has it can be the address")


@frontend.command(
    "import", **described(None, "onionrig frontend import frontend.pem -i inventory.yml")
)
def import_key(
    file: KeyFileArgument,
    *,
    inventory: InventoryOption = "inventory.yml",
    limit: LimitOption = None,
    replace: ReplaceOption = False,
) -> None:
    """Put the key of an address on the balancer's host; later runs there have that address."""
    pem = key_from(file)
    host = balancer_host(inventory, listed_hosts(inventory, limit))
    address = asyncio.run(write_key(host.access(), pem, replace=replace))
    print(f"{address}: its key is on {host.name}, and later runs there have this address")


def _key(inventory: str, limit: str | None) -> FrontendKey:
    """Return the key that the balancer's host has. Raises UsageError if it has none."""
    host = balancer_host(inventory, listed_hosts(inventory, limit))
    key = asyncio.run(read_key(host.access()))
    if key is None:
        raise UsageError(
            f"{host.name} has no key of an address yet: the first run makes one, and `onionrig "
            "frontend import FILE` puts one there"
        )
    return key
