"""The cluster logs command: the output of services, from the hosts that they run on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from onionrig.cli.commands.cluster.app import InventoryOption, cluster, progress
from onionrig.cli.help import described
from onionrig.cli.output.refused_output import print_line
from onionrig.cluster.asking import accesses_of
from onionrig.cluster.logs import pass_on_logs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NameArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="SERVICE|HOST",
        help="Service or host whose logs are printed (default: all services).",
    ),
]
OfRunOption = Annotated[
    str | None,
    typer.Option(
        "--run",
        metavar="RUN",
        help="Name of the run (default: the one that is on the hosts, or the latest).",
    ),
]
LinesOption = Annotated[
    int,
    typer.Option(
        min=0, max=1_000_000, metavar="N", help="Number of lines from the end of each log."
    ),
]
FollowOption = Annotated[
    bool, typer.Option("--follow", "-f", help="Go on printing new lines until Ctrl-C.")
]


@cluster.command(
    **described(
        None,
        "onionrig cluster logs backend-1 --follow",
        "onionrig cluster logs pi2 --lines 100",
    )
)
def logs(
    name: NameArgument = None,
    *,
    run: OfRunOption = None,
    lines: LinesOption = 20,
    follow: FollowOption = False,
    inventory: InventoryOption = "inventory.yml",
) -> None:
    """Print the logs of services from their hosts, with the service's name if there are several.

    Once a run has ended and was collected, its logs are in its run directory, in logs/.
    """
    telling = pass_on_logs(
        accesses_of(inventory), name, run, lines=lines, keeps_on=follow, begin=_printer
    )
    try:
        answers = asyncio.run(telling)
    except (KeyboardInterrupt, BrokenPipeError):  # the latter with `| head`
        return
    answers.refuse_problems()


def _printer(title: str, services: Sequence[str]) -> Callable[[str, str], None]:
    """Print which run the logs belong to, and return the printer of a service's lines."""
    progress(json=False).print(title, style="dim", markup=False, soft_wrap=True)
    width = max(map(len, services))
    if len(services) == 1:
        return lambda _, line: print_line(line)
    return lambda service, line: print_line(f"{service:{width}} | {line}")
