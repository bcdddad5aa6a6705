"""This machine as an engine that can be entered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.engine.local.engine import entered_local

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from onionrig.engine.base import Engine
    from onionrig.engine.local.equipment import Equipment
    from onionrig.experiment.question import Question
    from onionrig.records.manifest import HostRecord, Versions
    from onionrig.store.run_directory import RunDirectory


class LocalOpening:
    """What ``entered`` needs: the programs have been found, and nothing has been made."""

    capabilities: frozenset[type] = frozenset()

    def __init__(self, equipment: Equipment) -> None:
        self._equipment = equipment

    @property
    def versions(self) -> Versions:
        """Versions of the programs that would run."""
        return self._equipment.versions

    @property
    def host_records(self) -> tuple[HostRecord, ...]:
        """Facts about this machine."""
        return self._equipment.host_records

    def entered(
        self, question: Question, run_directory: RunDirectory
    ) -> AbstractAsyncContextManager[Engine]:
        """Return the engine as a context, for one run."""
        del question
        return entered_local(self._equipment, run_directory)
