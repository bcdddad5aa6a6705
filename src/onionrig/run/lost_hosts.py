"""Continue under load without a host that was lost, if the rig can do without it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from onionrig.errors import HostLost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onionrig.engine.base import Engine, GoneHost
    from onionrig.rig.model import Rig
    from onionrig.run.journal import Journal


@contextmanager
def outlived(engine: Engine, rig: Rig, journal: Journal) -> Iterator[None]:
    """Journal each host that is lost in a block, and go on without it.

    Raises HostLost if nothing is served without the host, since no other has one of its roles.
    """

    def journal_loss(gone_host: GoneHost) -> None:
        if role := rig.role_missing_without({*engine.lost_hosts, gone_host.name}):
            raise HostLost(
                f"{gone_host.name}: {gone_host.reason}; no other host has a {role}, and nothing is "
                "served without one"
            )
        journal.host_gone(gone_host)

    with engine.outliving_hosts(journal_loss):
        yield
