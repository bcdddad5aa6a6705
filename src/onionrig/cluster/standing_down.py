"""End whatever run there is on the hosts; its records stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.cluster.asking import on_all
from onionrig.cluster.state import host_state
from onionrig.engine.ansible.opening import RECORDS, WORKSPACES
from onionrig.engine.ansible.scripts import stand_down_script
from onionrig.errors import HostLost
from onionrig.rig.units import HostRun

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onionrig.cluster.asking import Answers
    from onionrig.cluster.state import HostState
    from onionrig.engine.ansible.access import Access
    from onionrig.engine.ansible.connection import SshConnection

END_SECONDS = 60.0
"""Deadline that exceeds what systemd takes to kill what does not end by itself."""


class EndedRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run that was ended on a host."""

    run_id: str
    who: str | None
    """The run's name and who started it where; null if only leftovers of it were there."""
    services: tuple[str, ...]
    """The services that ran."""
    records: str | None
    """The directory on the host that keeps the records; null if nothing was recorded."""


async def stand_down(accesses: Iterable[Access]) -> Answers[tuple[EndedRun, ...]]:
    """End every run on all hosts at once; return what was ended on each host."""
    return await on_all(accesses, _stood_down)


async def _stood_down(connection: SshConnection) -> tuple[EndedRun, ...]:
    """End every run on a host. Raises HostLost if one is still there afterwards."""
    before = await host_state(connection)
    if not before.run_ids:
        return ()
    for run_id in before.run_ids:
        run = HostRun(
            run_id=run_id,
            workspace=WORKSPACES / run_id,
            records=RECORDS / (_records_of(before, run_id) or f"-{run_id}"),
            longest_seconds=0,
        )
        await connection.script(stand_down_script(run, keep_records=True), seconds=END_SECONDS)
    after = await host_state(connection)
    remaining = set(before.run_ids) & set(after.run_ids)
    if remaining:
        raise HostLost(
            f"{connection.host}: run {', '.join(sorted(remaining))} could not be ended; look at "
            f"{connection.access.by_hand()}systemctl list-units 'onionrig-*'"
        )
    return tuple(_ended(before, after, run_id) for run_id in before.run_ids)


def _ended(before: HostState, after: HostState, run_id: str) -> EndedRun:
    claimed = before.claim is not None and before.claim.run_id == run_id
    directory = _records_of(after, run_id)
    return EndedRun(
        run_id=run_id,
        who=before.claim.who if claimed and before.claim is not None else None,
        services=tuple(
            name for name, state in before.services.items() if claimed and state == "running"
        ),
        records=None if directory is None else str(RECORDS / directory),
    )


def _records_of(state: HostState, run_id: str) -> str | None:
    return next((records.directory for records in state.records if records.run_id == run_id), None)
