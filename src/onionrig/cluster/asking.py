"""Do something on every host of an inventory at once, and list those that failed separately.

Each command makes its own connection: nothing here lasts long enough to share one.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from onionrig.engine.ansible.access import root_refused_text
from onionrig.engine.ansible.connection import CommandFailed, SshConnection
from onionrig.engine.ansible.inventory import read_inventory
from onionrig.errors import HostLost, OnionrigError, UsageError
from onionrig.processes.surroundings import refuse_unfit_surroundings
from onionrig.processes.workspace import kept

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from onionrig.engine.ansible.access import Access
    from onionrig.engine.ansible.inventory import ListedHost

Found = TypeVar("Found")
NO_MASTER = "01234567"
"""Path below the workspace at which ssh looks for a master's socket."""


class Answers(msgspec.Struct, Generic[Found], frozen=True, kw_only=True):
    """The answers of hosts, in the inventory's order."""

    found: dict[str, Found]
    """The answers, by host."""
    problems: dict[str, str]
    """The reason why a host gave no answer, by host."""

    def refuse_problems(self) -> None:
        """Raise HostLost, naming every host that gave no answer, if there is any."""
        if self.problems:
            raise HostLost("\n".join(self.problems.values()))


def listed_hosts(inventory: str, limit: str | None) -> tuple[ListedHost, ...]:
    """Return the hosts of an inventory, or those that ``limit`` names, by host or group.

    Raises UsageError for a name that the inventory does not have, and if it cannot be read.
    """
    hosts = read_inventory(inventory)
    names = {name for name in (limit or "").split(",") if name}
    unknown = names.difference(*({host.name, *host.groups} for host in hosts))
    if unknown:
        raise UsageError(
            f"{inventory} has no host or group {', '.join(sorted(unknown))}; its hosts are "
            f"{', '.join(host.name for host in hosts)}"
        )
    return tuple(host for host in hosts if not names or names & {host.name, *host.groups})


def accesses_of(inventory: str, limit: str | None = None) -> tuple[Access, ...]:
    """Return how to reach each of the hosts that ``limit`` names. Raises UsageError."""
    return tuple(host.access() for host in listed_hosts(inventory, limit))


async def on_all(
    accesses: Iterable[Access], ask: Callable[[SshConnection], Awaitable[Found]]
) -> Answers[Found]:
    """Do something on all hosts at once; a failure on one does not affect the others.

    Raises Unequipped if the temporary directory is unfit for ssh's sockets.
    """
    refuse_unfit_surroundings(NO_MASTER, for_ssh=True)
    answers: dict[str, Found] = {}
    problems: dict[str, str] = {}

    async def on(connection: SshConnection) -> None:
        try:
            answers[connection.host] = await ask(connection)
        except BrokenPipeError:
            raise  # the reader of our output has gone, which is not a host's doing
        except (CommandFailed, OnionrigError, OSError) as error:
            problems[connection.host] = _explained(connection, error)

    async with kept() as keeping:
        # no master's socket is there, so ssh connects by itself (ssh_config(5), ControlMaster)
        connections = [
            SshConnection(access, keeping.workspace, keeping.environment) for access in accesses
        ]
        await asyncio.gather(*map(on, connections))
    order = [connection.host for connection in connections]
    return Answers(
        found={name: answers[name] for name in order if name in answers},
        problems={name: problems[name] for name in order if name in problems},
    )


def _explained(connection: SshConnection, error: Exception) -> str:
    """Return which host gave no answer and why, in one line."""
    if isinstance(error, CommandFailed):
        refused = root_refused_text(connection.host, error.output.stderr)
        if refused is not None:
            return refused
    text = " ".join(str(error).split())
    return text if text.startswith(connection.host) else f"{connection.host}: {text}"
