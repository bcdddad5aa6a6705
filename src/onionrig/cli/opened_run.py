"""Open a run or a bundle for as long as a command reads it.

A bundle is unpacked in a workspace that a keeper guards, like that of a run, so nothing of it stays
however the command ends; ``onionrig clean`` knows what a power cut leaves.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from onionrig.processes.workspace import kept_without_a_loop
from onionrig.store.bundle.reading import is_bundle, unpacked_bundle
from onionrig.store.runs import find_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onionrig.store.run_directory import RunDirectory


@contextlib.contextmanager
def opened_run(name: str) -> Iterator[RunDirectory]:
    """Give the run directory of a run by path or name, or of a bundle by the path of its file.

    Raises RecordsUnreadable.
    """
    path = Path(name)
    if is_bundle(path):
        with (
            kept_without_a_loop() as keeping,
            unpacked_bundle(path, below=keeping.workspace) as run,
        ):
            yield run
    else:
        yield find_run(name)
