"""Measure the links of real hosts: each serving host alone, and then all of them at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.experiment.hosts import hosts_for, serving_alone
from onionrig.series.base import PartOf
from onionrig.store.run_directory import RunDirectory

if TYPE_CHECKING:
    from pathlib import Path

    from onionrig.experiment.question import Question
    from onionrig.records.result import Result
    from onionrig.series.base import RunOne


def each_link_alone(question: Question, directory: Path, run_one: RunOne) -> dict[str, Result]:
    """Run a baseline once for each serving host while no other serves; return the results.

    Each run is in its own directory, named after the host. Raises OnionrigError for what ended a
    run early.
    """
    names = hosts_for(question.experiment, "backend")
    return {
        name: run_one(
            msgspec.structs.replace(question, experiment=serving_alone(question.experiment, name)),
            RunDirectory.create(directory / name),
            PartOf(title=f"{name} alone, {number} of {len(names)}"),
        )
        for number, name in enumerate(names, start=1)
    }
