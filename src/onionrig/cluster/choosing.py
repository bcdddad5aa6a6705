"""Choose a run among those of which hosts have records, and refuse one that has not ended."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import msgspec

from onionrig.cluster.state import KeptRecords
from onionrig.errors import HostsInUse, RecordsUnreadable
from onionrig.rig.units import plain_name
from onionrig.units import rough_duration_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onionrig.cluster.state import HostState


class RunThere(msgspec.Struct, frozen=True, kw_only=True):
    """A run of which hosts have records."""

    directory: str
    """The name of the directory of its records, the same on every host."""
    run: str
    run_id: str
    kept: dict[str, KeptRecords]
    """The records of it on each host."""
    standing: tuple[str, ...] = ()
    """The hosts that are in use for it."""

    @property
    def changed_wall_seconds(self) -> float:
        """The last time at which it was changed on any host."""
        return max(records.changed_wall_seconds for records in self.kept.values())

    @property
    def text(self) -> str:
        """Its name and its hosts, for a message."""
        return f"{self.run} (on {', '.join(self.kept)})"


def runs_there(states: Mapping[str, HostState]) -> dict[str, RunThere]:
    """Return the runs of which hosts have records, by directory, the newest last."""
    records_by_directory: dict[str, dict[str, KeptRecords]] = {}
    for host, state in states.items():
        for records in state.records:
            records_by_directory.setdefault(records.directory, {})[host] = records
    runs = [
        RunThere(
            directory=directory,
            run=next(iter(hosts.values())).run,
            run_id=(run_id := next(iter(hosts.values())).run_id),
            kept=hosts,
            standing=tuple(
                host
                for host in hosts
                if (claim := states[host].claim) is not None and claim.run_id == run_id
            ),
        )
        for directory, hosts in records_by_directory.items()
    ]
    return {run.directory: run for run in sorted(runs, key=lambda run: run.changed_wall_seconds)}


def named_run(runs: Mapping[str, RunThere], name: str) -> RunThere | None:
    """Return the run of this name, id or directory, or None if there is none.

    Raises RecordsUnreadable if there are several.
    """
    names = {name, plain_name(name)}  # hosts have the second
    matching = [run for run in runs.values() if names & {run.run, run.directory, run.run_id}]
    if len(matching) > 1:
        raise RecordsUnreadable(
            f"{name} could be {', '.join(run.directory for run in matching)}: say which"
        )
    return matching[0] if matching else None


def only_run(runs: Mapping[str, RunThere]) -> RunThere:
    """Return the only run of which hosts have records.

    Raises RecordsUnreadable if there are several, which it lists, or none.
    """
    if not runs:
        raise RecordsUnreadable("no host has records of a run that were not fetched")
    if len(runs) > 1:
        raise RecordsUnreadable(
            "the hosts have records of several runs; name one of them: "
            + ", ".join(run.text for run in runs.values())
        )
    return next(iter(runs.values()))


def standing_or_newest(runs: Mapping[str, RunThere]) -> RunThere:
    """Return the run that stands on a host, else the newest. Raises RecordsUnreadable."""
    if not runs:
        raise RecordsUnreadable(
            "no host has records of a run; the logs of one that has ended or was collected are in "
            "its run directory, in logs/"
        )
    return next((run for run in runs.values() if run.standing), [*runs.values()][-1])


def refuse_while_it_goes_on(run: RunThere, states: Mapping[str, HostState]) -> None:
    """Raise HostsInUse while a run stands on a host; the message says until when."""
    standing = {host: states[host] for host in run.standing}
    if not standing:
        return
    first = next(iter(standing.values()))
    who = first.claim.who if first.claim is not None else run.run
    down = _end_text(standing)
    schedule = next(
        (records.schedule for host, records in run.kept.items() if host in standing), None
    )
    loaded = [state for state in standing.values() if state.in_load]
    if loaded and schedule is not None and schedule.end_second > loaded[0].wall_seconds:
        end = datetime.datetime.fromtimestamp(schedule.end_second, tz=datetime.UTC)
        remaining = rough_duration_text(schedule.end_second - loaded[0].wall_seconds)
        raise HostsInUse(
            f"{who}: its load is on until {end:%H:%M:%S} UTC, for {remaining} more, and nothing is "
            f"collected before; {down}"
        )
    raise HostsInUse(
        f"{who}: it still stands, and nothing is collected before it has ended; if its controller "
        f"is gone, {down}, and `onionrig cluster down` ends it now"
    )


def _end_text(standing: Mapping[str, HostState]) -> str:
    """Return a text that says when the hosts end the run that stands on them."""
    ends = [state.stands_down_in_seconds for state in standing.values()]
    hosts = ", ".join(standing)
    if any(seconds is None for seconds in ends):
        return f"nothing ends it on {hosts}"
    latest = max(seconds for seconds in ends if seconds is not None)
    return f"it ends by itself on {hosts} within {rough_duration_text(latest)}"
