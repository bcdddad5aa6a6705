"""Do something on every host of an inventory at the same time, and keep who failed apart.

Each command makes a connection of its own: nothing here lasts long enough for more.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from onionrig.engine.ansible.connection import CommandFailed, Connection
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
"""Where ssh looks for a master's socket below the workspace."""


class Answers(msgspec.Struct, Generic[Found], frozen=True, kw_only=True):
    """What each host has answered, in the inventory's order."""

    found: dict[str, Found]
    """The answers, by host."""
    problems: dict[str, str]
    """Why a host gave no answer, by host."""

    def refuse_problems(self) -> None:
        """Raise HostLost, naming every host that gave no answer, if any did not."""
        if self.problems:
            raise HostLost("\n".join(self.problems.values()))


def listed_hosts(inventory: str, limit: str | None) -> tuple[ListedHost, ...]:
    """Return the hosts of an inventory, or those that ``limit`` names, by host or group.

    Raises UsageError for a name that the inventory does not have, and where it cannot be read.
    """
    hosts = read_inventory(inventory)
    wanted = {name for name in (limit or "").split(",") if name}
    unknown = wanted.difference(*({host.name, *host.groups} for host in hosts))
    if unknown:
        raise UsageError(
            f"{inventory} has no host or group {', '.join(sorted(unknown))}; its hosts are "
            f"{', '.join(host.name for host in hosts)}"
        )
    return tuple(host for host in hosts if not wanted or wanted & {host.name, *host.groups})


def accesses_of(inventory: str, limit: str | None = None) -> tuple[Access, ...]:
    """Return how each of the hosts is reached that ``limit`` names. Raises UsageError."""
    return tuple(host.access() for host in listed_hosts(inventory, limit))


async def on_all(
    accesses: Iterable[Access], what: Callable[[Connection], Awaitable[Found]]
) -> Answers[Found]:
    """Do something on all hosts at once; one that fails does not keep the others from it.

    Raises Unequipped where the temporary directory does not do for ssh's sockets.
    """
    refuse_unfit_surroundings(NO_MASTER, for_ssh=True)
    found: dict[str, Found] = {}
    problems: dict[str, str] = {}

    async def on(connection: Connection) -> None:
        try:
            found[connection.host] = await what(connection)
        except BrokenPipeError:
            raise  # whoever read what is printed has gone, which is no host's doing
        except (CommandFailed, OnionrigError, OSError) as error:
            problems[connection.host] = _explained(connection, error)

    async with kept() as keeping:
        # no master's socket is there, so ssh connects by itself (ssh_config(5), ControlMaster)
        connections = [
            Connection(access, keeping.workspace, keeping.environment) for access in accesses
        ]
        await asyncio.gather(*map(on, connections))
    order = [connection.host for connection in connections]
    return Answers(
        found={name: found[name] for name in order if name in found},
        problems={name: problems[name] for name in order if name in problems},
    )


def _explained(connection: Connection, error: Exception) -> str:
    """Say which host gave no answer and why, in one line."""
    if isinstance(error, CommandFailed) and "password" in error.output.stderr:
        return (
            f"{connection.host}: sudo asks for a password; allow its user to use sudo without one "
            "(NOPASSWD)"
        )
    text = " ".join(str(error).split())
    return text if text.startswith(connection.host) else f"{connection.host}: {text}"
