"""What a run carries from its first phase to its last: its files, its manifest, its journal."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from onionrig.run.journal import Journal
from onionrig.run.manifest import manifest_before

if TYPE_CHECKING:
    from collections.abc import Callable

    from onionrig.engine.base import Opening
    from onionrig.experiment.question import Question
    from onionrig.records.events import AnyEvent
    from onionrig.records.manifest import Manifest
    from onionrig.store.run_directory import RunDirectory


class Run:
    """One run: its question, its records, and what is known of it by now."""

    def __init__(
        self,
        question: Question,
        opening: Opening,
        directory: RunDirectory,
        watch: Callable[[AnyEvent], None],
    ) -> None:
        """Write a manifest before anything has been made, and open the journal.

        Raises RunDirectoryError.
        """
        self.question = question
        self.directory = directory
        self.manifest: Manifest = manifest_before(
            question,
            opening,
            run=directory.name,
            started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        )
        directory.write_manifest(self.manifest)
        self.journal = Journal(directory.events_appender(), watch)

    def describe(self, **fields: Any) -> None:  # noqa: ANN401 - fields of the manifest, of any type
        """Write a manifest with more known fields. Raises RunDirectoryError."""
        self.manifest = msgspec.structs.replace(self.manifest, **fields)
        self.directory.write_manifest(self.manifest)
