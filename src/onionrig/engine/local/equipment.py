"""The programs that a run uses, found before anything is started."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec

from onionrig.balancer.program import find_onionbalance, refuse_unknown_version
from onionrig.engine.emulation.privileges import enter_user_namespace_if_needed
from onionrig.rig.allocation import Programs
from onionrig.tor.program import Program, find_tor

if TYPE_CHECKING:
    from onionrig.experiment.schema import Experiment


class Equipment(msgspec.Struct, frozen=True, kw_only=True):
    """The programs of this machine; a baseline needs neither tor nor Onionbalance."""

    tor: Program | None = None
    onionbalance_path: str | None = None
    onionbalance_version: str | None = None

    @classmethod
    def for_experiment(cls, experiment: Experiment) -> Equipment:
        """Find what an experiment needs. Raises Unequipped where it is missing or too old.

        Emulated hosts need privileges: where this user has them only in a user namespace, this
        program is started again in one, so nothing that lasts may have been made before.
        """
        if experiment.hosts:
            enter_user_namespace_if_needed()
        if experiment.network.kind == "none":
            return cls()
        found = cls.found()
        if experiment.frontend.balancer == "extended":
            refuse_unknown_version(found.onionbalance_version or "")
        return found

    @classmethod
    def found(cls) -> Equipment:
        """Find the programs. Raises Unequipped where one is missing or too old."""
        onionbalance_path, onionbalance_version = find_onionbalance()
        return cls(
            tor=find_tor(),
            onionbalance_path=onionbalance_path,
            onionbalance_version=onionbalance_version,
        )

    @property
    def programs(self) -> Programs:
        """Their paths; the bare name where one was not looked for."""
        return Programs(
            tor=self.tor.path if self.tor else "tor",
            onionbalance=self.onionbalance_path or "onionbalance",
            python=sys.executable,
        )
