"""Find a run by its path or its name."""

from __future__ import annotations

from pathlib import Path

from onionrig.errors import RecordsUnreadable
from onionrig.recorder.run_directory import RunDirectory

RUNS = Path("runs")
"""Where runs are made unless ``--out`` says otherwise, under the working directory."""


def find_run(name: str, *, below: Path = RUNS) -> RunDirectory:
    """Return the run at a path, or the one whose name under ``runs`` is or contains ``name``.

    Raises RecordsUnreadable where there is none, or more than one.
    """
    path = Path(name)
    if (path / "manifest.json").is_file():
        return RunDirectory(path)
    known = sorted(run.parent for run in below.glob("*/manifest.json"))
    found = [run for run in known if run.name == name] or [run for run in known if name in run.name]
    if len(found) == 1:
        return RunDirectory(found[0])
    if found:
        raise RecordsUnreadable(
            f"{name} could be {', '.join(run.name for run in found)}: say more of it"
        )
    latest = f"; the latest there is {known[-1].name}" if known else ""
    raise RecordsUnreadable(
        f"no run {name}: neither a run directory nor a name under {below}/{latest}"
    )
