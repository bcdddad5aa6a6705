"""Read what a plan is made from: the measurement, the catalogue, probes."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from onionrig.analysis.result import results_by_load
from onionrig.cli.catalogue import catalogue
from onionrig.cli.opened_run import opened_run
from onionrig.errors import UsageError
from onionrig.hardware.boards import board_named
from onionrig.plan.own_run import mode_of, reference_from
from onionrig.plan.question import MEASURED, Candidate
from onionrig.plan.reference import shipped_reference
from onionrig.plan.reference_file import reference_file
from onionrig.store.account import account_of
from onionrig.store.given_files import read_probe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.plan.question import PlannedMode
    from onionrig.plan.reference import Reference
    from onionrig.records.probe import Probe
    from onionrig.records.result import Result
    from onionrig.store.run_directory import RunDirectory


def reference_for(run: str | None, run_probe: Path | None, mode: PlannedMode | None) -> Reference:
    """Return the shipped measurement in a mode, or a user's run, with gaps filled from the former.

    Raises UsageError and RecordsUnreadable.
    """
    file = reference_file(
        (resources.files("onionrig.plan") / "reference" / "reference.toml").read_text(
            encoding="utf-8"
        )
    )
    if run is None:
        if run_probe is not None:
            raise UsageError("--run-probe is of the machine of a run: give --from RUN as well")
        return shipped_reference(file, mode or "anonymous")
    with opened_run(run) as run_directory:
        manifest = run_directory.read_manifest()
        results = _results(run_directory)
    measured_mode = mode_of(manifest)
    if mode not in (None, measured_mode):
        raise UsageError(
            f"{manifest.run} was measured {measured_mode}: a plan for {mode} needs a run of "
            "that mode"
        )
    return reference_from(
        results,
        manifest,
        otherwise=shipped_reference(file, measured_mode),
        probe=None if run_probe is None else read_probe(run_probe),
    )


def candidates_from(
    hardware: str | None, probes: Sequence[str], reference: Reference
) -> list[Candidate]:
    """Return the requested kinds of hardware, each with its probe. Raises UsageError."""
    ids = [name.strip() for name in (hardware or "").split(",") if name.strip()]
    duplicates = {name for name in ids if ids.count(name) > 1}
    if duplicates:
        raise UsageError(f"--hardware names {', '.join(sorted(duplicates))} more than once")
    named_probes = _probes(probes, ids)
    if not ids:
        return [
            Candidate(id=probe.host.name, board=None, probe=probe)
            for probe in named_probes.values()
        ] or _nothing_asked(reference)
    return [_candidate(name, named_probes.get(name), reference) for name in ids]


def _candidate(name: str, probe: Probe | None, reference: Reference) -> Candidate:
    if name != MEASURED:
        board = board_named(catalogue(), name, where=f"--hardware {name}: ")
        return Candidate(id=name, board=board, probe=probe)
    if reference.hosts is None:
        raise UsageError(f"--hardware {MEASURED} is hosts like those of your run: give --from RUN")
    if probe is not None:
        raise UsageError(f"--hardware {MEASURED} needs no probe: it is as the run was")
    return Candidate(id=name, board=None, probe=None)


def _nothing_asked(reference: Reference) -> list[Candidate]:
    if reference.hosts is not None:
        return [Candidate(id=MEASURED, board=None, probe=None)]
    raise UsageError(
        "no hardware to plan for: give --hardware pi3b or several with commas between (onionrig "
        "hardware lists them), or --probe FILE"
    )


def _probes(texts: Sequence[str], ids: Sequence[str]) -> dict[str, Probe]:
    """Return the probes, by the board that each belongs to."""
    named_probes: dict[str, Probe] = {}
    for text in texts:
        board, equals, path = ("", "", text) if Path(text).exists() else text.partition("=")
        probe = read_probe(Path(path if equals else text))
        if equals:
            name = board
        elif len(ids) > 1:
            raise UsageError(f"--probe {text}: of which board? --probe {ids[0]}={text}")
        else:
            name = ids[0] if ids else probe.host.name
        if equals and name not in ids:
            raise UsageError(f"--probe {text}: {name} is not among --hardware")
        if name in named_probes:
            raise UsageError(f"--probe {text}: there is one of {name} already")
        named_probes[name] = probe
    return named_probes


def _results(run_directory: RunDirectory) -> list[Result]:
    """Return a result for each hold, or the stored one if the records are gone."""
    results = results_by_load(run_directory.recording())
    if any(result.costs for result in results):
        return results
    return [account_of(run_directory).result]
