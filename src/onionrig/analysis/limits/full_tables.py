"""Check whether the connection tracking table of a host was full, so that connections failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.hosts.counters import network_rise, samples_by_host
from onionrig.analysis.limits.findings import LimitCheck, LimitFinding
from onionrig.records.findings import Evidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.records.samples import HostSample

FULL = 0.95
"""Share of the table from which it counts as full: connections come and go between readings."""
MOST_DROPS_PER_SECOND = 1.0
"""Packets per second that may be dropped while the table has room: two packets of a new connection
tracked at the same time suffice for one drop (a judgement)."""


class ConnectionTable(msgspec.Struct, frozen=True, kw_only=True):
    """The connection tracking table of one host over the hold."""

    host: str
    most: int
    """Highest number of connections held."""
    limit: int
    dropped: float
    """Packets dropped because they could not be tracked."""
    forgotten: float
    """Connections forgotten early to make room."""
    dropped_per_second: float

    @property
    def full(self) -> bool:
        """True if the table had no room; only a full table forgets early."""
        return self.most >= FULL * self.limit or self.forgotten > 0


def check_tables(load: MeasuredLoad) -> LimitCheck:
    """Name the host whose table was full."""
    tables = _tables(load)
    full_tables = [table for table in tables if table.full]
    return LimitCheck(
        evidence=tuple(
            Evidence(
                what=f"tracked connections of {table.host}",
                measured=float(table.most),
                limit=float(table.limit),
                unit="connections",
                at_limit=table.full,
            )
            for table in tables
            if table.most
        ),
        finding=LimitFinding(
            kind="connection table",
            subject=full_tables[0].host,
            sentence=_full_text(full_tables[0]),
        )
        if full_tables
        else None,
    )


def table_doubts(load: MeasuredLoad) -> list[str]:
    """Return a doubt for each host that dropped packets because it could not track them."""
    return [
        _full_text(table) if table.full else _dropped_text(table)
        for table in _tables(load)
        if table.full or table.dropped_per_second > MOST_DROPS_PER_SECOND
    ]


def _dropped_text(table: ConnectionTable) -> str:
    return (
        f"the connection tracking of {table.host} dropped {table.dropped:.0f} packets in the hold"
    )


def _full_text(table: ConnectionTable) -> str:
    return (
        f"the connection tracking table of {table.host} was full: {table.most} of {table.limit} "
        f"connections, {table.dropped:.0f} packets dropped, {table.forgotten:.0f} connections "
        "forgotten"
    )


def _tables(load: MeasuredLoad) -> list[ConnectionTable]:
    tables = (_table(host, host_samples) for host, host_samples in samples_by_host(load).items())
    return [table for table in tables if table]


def _table(host: str, host_samples: Sequence[HostSample]) -> ConnectionTable | None:
    """Return the table of a host, or None if the host tracks no connections."""
    counts_with_limit = [
        sample.network
        for sample in host_samples
        if sample.network and sample.network.most_tracked_connections
    ]
    if not counts_with_limit:
        return None
    dropped = network_rise(host_samples, lambda counts: counts.untracked_drops)
    forgotten = network_rise(host_samples, lambda counts: counts.early_drops)
    return ConnectionTable(
        host=host,
        most=max(counts.tracked_connections or 0 for counts in counts_with_limit),
        limit=counts_with_limit[-1].most_tracked_connections or 0,
        dropped=dropped.amount if dropped else 0.0,
        forgotten=forgotten.amount if forgotten else 0.0,
        dropped_per_second=dropped.per_second if dropped else 0.0,
    )
