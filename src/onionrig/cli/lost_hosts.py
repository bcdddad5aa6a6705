"""The exit of a command whose run went on without a host that was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.load.lost_hosts import loss_text
from onionrig.errors import HostLost

if TYPE_CHECKING:
    from onionrig.records.result import Result


def refuse_lost_hosts(result: Result) -> None:
    """Raise HostLost, naming the hosts that were lost under load, if any were."""
    if result.lost_hosts:
        losses = "; ".join(loss_text(lost) for lost in result.lost_hosts)
        names = ", ".join(lost.name for lost in result.lost_hosts)
        raise HostLost(
            f"{losses}; the run went on, and no verdict is given. Once {names} can be reached "
            "again, `onionrig cluster collect` fetches the records that are missing"
        )
