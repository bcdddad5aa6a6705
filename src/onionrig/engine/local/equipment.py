"""What a run uses of this machine: its programs, found before anything is made, and its cache."""

from __future__ import annotations

import platform
import sys
from typing import TYPE_CHECKING

import msgspec
import platformdirs

from onionrig import __version__
from onionrig.balancer.program import find_onionbalance, refuse_unknown_version
from onionrig.engine.torrcs import longest_socket, refuse_unknown_lines
from onionrig.probe.facts import host_facts, host_name
from onionrig.processes.surroundings import refuse_unfit_surroundings
from onionrig.records.manifest import HostRecord, Versions
from onionrig.rig.layout import LOOPBACK, Programs
from onionrig.tor.program import Program, find_tor, verifying

if TYPE_CHECKING:
    from pathlib import Path

    from onionrig.experiment.schema import Experiment


class Equipment(msgspec.Struct, frozen=True, kw_only=True):
    """The programs of this machine; a baseline needs neither tor nor Onionbalance."""

    tor: Program | None = None
    onionbalance_path: str | None = None
    onionbalance_version: str | None = None

    @classmethod
    def for_experiment(cls, experiment: Experiment) -> Equipment:
        """Return the programs that an experiment needs.

        Raises Unequipped if one is missing or too old or the temporary directory is unsuitable, and
        UsageError if this machine's tor does not accept the lines that the experiment adds.
        """
        refuse_unfit_surroundings(longest_socket(experiment))
        if experiment.network.kind == "none":
            return cls()
        equipment = cls.found()
        equipment.refuse_unknown_lines(experiment)
        if experiment.frontend.balancer == "extended":
            refuse_unknown_version(equipment.onionbalance_version or "")
        return equipment

    @classmethod
    def found(cls) -> Equipment:
        """Return all programs. Raises Unequipped if one is missing or too old."""
        onionbalance_path, onionbalance_version = find_onionbalance()
        return cls(
            tor=find_tor(),
            onionbalance_path=onionbalance_path,
            onionbalance_version=onionbalance_version,
        )

    def refuse_unknown_lines(self, experiment: Experiment) -> None:
        """Raise UsageError if tor does not accept the lines that an experiment adds."""
        if self.tor is not None:
            refuse_unknown_lines(
                experiment, verifying(self.tor.path), f"tor {self.tor.version}, which is here,"
            )

    @property
    def programs(self) -> Programs:
        """Paths of the programs; the bare name of one that was not looked for."""
        return Programs(
            tor=self.tor.path if self.tor else "tor",
            onionbalance=self.onionbalance_path or "onionbalance",
            python=sys.executable,
        )

    @property
    def versions(self) -> Versions:
        """Versions of the programs, and of what they run on."""
        return Versions(
            onionrig=__version__,
            tor=self.tor.version if self.tor else None,
            openssl=self.tor.openssl if self.tor else None,
            onionbalance=self.onionbalance_version,
            python=platform.python_version(),
            kernel=platform.release(),
            tor_build=self.tor.build if self.tor else None,
        )

    @property
    def host_records(self) -> tuple[HostRecord, ...]:
        """Facts about this machine."""
        facts = msgspec.structs.asdict(host_facts(host_name()))
        return (HostRecord(**facts, kind="this machine", address=LOOPBACK),)


def cache_directory() -> Path:
    """Return the program's part of the user's cache directory; what is made there has mode 0700."""
    return platformdirs.user_cache_path("onionrig")
