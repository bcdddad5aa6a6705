"""A series of three runs: what another series needs beside "run one"."""

from __future__ import annotations

from onionrig.series.base import PartOf


def three_runs(question, directory, run_one):
    """Run a question three times; return the results, one of each run."""
    return [
        run_one(question, directory.new_run(f"run-{number}"), PartOf(title=f"{number} of 3"))
        for number in (1, 2, 3)
    ]
