"""The ``onionrig cluster`` commands' application, and the options that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from onionrig.cli.app import app
from onionrig.cli.help import HOSTS, HelpfulGroup
from onionrig.cli.output.printing import print_json
from onionrig.errors import MEASURED, Unequipped

if TYPE_CHECKING:
    from onionrig.cluster.provision import ProvisionOutcome

cluster = typer.Typer(
    name="cluster",
    help="Prepare, watch and clean up the hosts of an inventory.",
    epilog="docs/cluster.md goes from three machines with SSH to a report.",
    cls=HelpfulGroup,
    no_args_is_help=True,
)
app.add_typer(cluster, rich_help_panel=HOSTS)

InventoryOption = Annotated[
    str,
    typer.Option(
        "-i",
        "--inventory",
        metavar="FILE",
        help="Ansible inventory (default: inventory.yml).",
        show_default=False,
    ),
]
LimitOption = Annotated[
    str | None,
    typer.Option(
        metavar="HOSTS", help="Hosts or groups of the inventory to act on (default: all hosts)."
    ),
]
DryOption = Annotated[
    bool, typer.Option("--check", help="Say what would be changed, without changing it.")
]


def progress(*, json: bool) -> Console:
    """Return the console that progress is printed on: stderr, or nothing beside JSON."""
    return Console(stderr=True, quiet=json, highlight=False, markup=False, soft_wrap=True)


def finish(outcome: ProvisionOutcome, *, json: bool, done: str) -> None:
    """Print what was done on each host, and exit with a code that says if all were finished."""
    if json:
        print_json(outcome)
    else:
        for host in outcome.hosts:
            if host.failure is not None:
                print(f"{host.name}: failed: {host.failure}")
            elif outcome.dry:
                print(f"{host.name}: {host.changed or 'no'} changes to make")
            else:
                print(f"{host.name}: {done}, {host.changed or 'no'} changes made")
    raise typer.Exit(Unequipped.exit_code if outcome.failed else MEASURED)
