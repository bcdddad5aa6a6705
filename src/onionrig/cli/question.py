"""From flags, files and shipped profiles to a question: the command line's part of it."""

from __future__ import annotations

import sys
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onionrig.cli.catalogue import catalogue
from onionrig.cli.inventory import inventory, located
from onionrig.cli.printing import readable
from onionrig.engine.registry import capabilities_for
from onionrig.errors import UsageError
from onionrig.experiment.decode import layer_from_setting, layer_from_toml, merged
from onionrig.experiment.faults.planned import planned_faults
from onionrig.experiment.question import question_from
from onionrig.run.faults import refuse_undoable

if TYPE_CHECKING:
    from onionrig.experiment.decode import Layer
    from onionrig.experiment.question import Question

DEFAULT_PROFILE = "default"


def ask(
    file: Path | None,
    profile: str | None,
    settings: list[str],
    flags: Layer,
    *,
    name: str | None = None,
) -> Question:
    """Merge profile, file, ``--set`` and flags, in this order. Raises UsageError."""
    layers = layers_of(file, profile, settings)
    asked = question_of([*layers, flags], name=name or name_of(file, profile))
    return asked.asked_by(sys.argv)


def question_of(layers: list[Layer], *, name: str) -> Question:
    """Return the question that layers ask.

    Raises UsageError, also for a fault that the engine it would run on cannot do.
    """
    question = question_from(layers, name=name, catalogue=catalogue, inventory=inventory)
    experiment = question.experiment
    refuse_undoable(planned_faults(experiment), capabilities_for(experiment))
    return question


def layers_of(file: Path | None, profile: str | None, settings: list[str]) -> list[Layer]:
    """Return profile, file and ``--set`` as layers. Raises UsageError."""
    layers = [profile_layer(profile or DEFAULT_PROFILE)]
    if file is not None:
        layers.append(_file_layer(file))
    return [*layers, *(setting_layer(setting) for setting in settings)]


def setting_layer(setting: str, *, option: str = "--set") -> Layer:
    """Return what an option such as ``--set`` was given as a layer. Raises UsageError."""
    return located(layer_from_setting(setting, option=option), directory=Path())


def name_of(file: Path | None, profile: str | None) -> str:
    """Return what an experiment is called: its file's stem, or its profile's name."""
    return readable(file.stem) if file is not None else profile or DEFAULT_PROFILE


def profile_names() -> list[str]:
    """Return the names of the shipped profiles."""
    shipped = resources.files("onionrig.experiment") / "profiles"
    return sorted(
        entry.name.removesuffix(".toml")
        for entry in shipped.iterdir()
        if entry.name.endswith(".toml")
    )


def profile_layer(name: str) -> Layer:
    """Read a shipped profile. Raises UsageError where there is none of that name."""
    if name not in profile_names():
        raise UsageError(f"no profile {name}: there are {', '.join(profile_names())}")
    path = resources.files("onionrig.experiment") / "profiles" / f"{name}.toml"
    return layer_from_toml(path.read_text(encoding="utf-8"), origin=f"profile {name}")


def flags_layer(  # noqa: PLR0913 - one flag each
    *,
    streams: int | None = None,
    backends: int | None = None,
    clients: int | None = None,
    hold: str | None = None,
    single_hop: bool = False,
    balancer: str | None = None,
    target: str | None = None,
    scale: str | None = None,
    inventory: Path | None = None,
) -> Layer:
    """Return the flags that were given as a layer."""
    asked: dict[str, dict[str, Any]] = {
        "backends": {"daemons": backends, "single_hop": single_hop or None},
        "frontend": {"balancer": balancer},
        "load": {
            "streams": streams,
            "clients": clients,
            "hold": f"{hold}s" if hold and hold.replace(".", "", 1).isdigit() else hold,
        },
        "verdict": {"target": target},
        "emulation": {"scale": scale},
        "cluster": {"inventory": None if inventory is None else str(inventory.absolute())},
    }
    return {
        table: {key: value for key, value in keys.items() if value is not None}
        for table, keys in asked.items()
    }


def baseline_layer(flags: Layer, *, peer: str | None, listen: str | None) -> Layer:
    """Return the flags of a baseline as a layer: no network, one source."""
    where = {key: value for key, value in (("peer", peer), ("listen", listen)) if value is not None}
    return merged(
        flags, {"network": {"kind": "none"}, "backends": {"daemons": 1}, "baseline": where}
    )


def _file_layer(path: Path) -> Layer:
    try:
        text = path.read_text(encoding="utf-8-sig")  # editors of Windows begin files with a mark
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}") from error
    return located(layer_from_toml(text, origin=str(path)), directory=path.parent)
