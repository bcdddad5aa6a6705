"""The state of every host of an inventory, with its clock and whether it has this version."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from onionrig.cluster.asking import on_all
from onionrig.cluster.state import HostState, host_state
from onionrig.engine.ansible.clocks import ClockReading, clock_reading
from onionrig.engine.ansible.program import provisioned_version

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onionrig.engine.ansible.access import Access
    from onionrig.engine.ansible.connection import SshConnection


class HostStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one host, as far as it is known."""

    name: str
    problem: str | None = None
    """The reason why it gave no answer; null if it did."""
    this_version: bool | None = None
    """Whether this controller's version was provisioned; null if none was."""
    clock: ClockReading | None = None
    """Null if it could not be read."""
    state: HostState | None = None
    """Null if the host gave no answer."""


class ClusterStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The state of every host of an inventory."""

    version: str
    """The version that this controller would provision."""
    hosts: tuple[HostStatus, ...]


async def cluster_status(accesses: Iterable[Access]) -> ClusterStatus:
    """Ask all hosts at once and return their state."""
    reached = tuple(accesses)
    answers = await on_all(reached, _ask)
    version = provisioned_version()
    return ClusterStatus(
        version=version,
        hosts=tuple(
            _status(access.name, answers.found.get(access.name), answers.problems, version)
            for access in reached
        ),
    )


async def _ask(connection: SshConnection) -> tuple[HostState, ClockReading | None]:
    state = await host_state(connection)
    return state, await asyncio.to_thread(clock_reading, connection.access)


def _status(
    name: str,
    answer: tuple[HostState, ClockReading | None] | None,
    problems: dict[str, str],
    version: str,
) -> HostStatus:
    if answer is None:
        return HostStatus(name=name, problem=problems[name])
    state, clock = answer
    return HostStatus(
        name=name,
        this_version=None if state.version is None else state.version == version,
        clock=clock,
        state=state,
    )
