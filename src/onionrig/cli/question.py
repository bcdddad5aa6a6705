"""From flags, files and shipped profiles to a question: the command line's part of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rich.console import Console

from onionrig.cli.catalogue import catalogue
from onionrig.cli.inventory import inventory, located
from onionrig.cli.output.printing import readable
from onionrig.cli.profiles import DEFAULT_PROFILE, profile_layer
from onionrig.engine.registry import capabilities_for
from onionrig.errors import UsageError
from onionrig.experiment.decode import (
    EVENTS,
    FAULTS,
    experiment_from,
    layer_from_setting,
    layer_from_toml,
)
from onionrig.experiment.faults.planned import planned_faults
from onionrig.experiment.question import question_from
from onionrig.run.faults import refuse_undoable
from onionrig.store.given_files import given_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onionrig.experiment.decode import Layer
    from onionrig.experiment.question import Question

FLAGS = {
    "backends.daemons": "--backends",
    "backends.single_hop": "--single-hop",
    "frontend.balancer": "--balancer",
    "load.streams": "--streams",
    "load.clients": "--clients",
    "load.hold": "--hold",
    "verdict.target": "--target",
    "emulation.scale": "--scale",
    "cluster.inventory": "--inventory",
    "baseline.peer": "--to",
    "baseline.listen": "--listen",
}
"""The flag of each key that has one."""
BASELINE: Layer = {"network": {"kind": "none"}, "backends": {"daemons": 1}}
"""Layer that makes an experiment a baseline: no network, one source."""


def ask(  # noqa: PLR0913 - a layer each
    file: Path | None,
    profile: str | None,
    settings: list[str],
    flags: Layer,
    *,
    fixed: Layer | None = None,
    name: str | None = None,
) -> Question:
    """Return the question of profile, file, ``--set``, flags and a command's fixed layer.

    They are merged in this order. Raises UsageError, also if ``--set`` and a flag give different
    values for the same key.
    """
    layers = [*asked_layers(file, profile, settings, flags), fixed or {}]
    question = question_of(layers, name=name or name_of(file, profile))
    return question.asked_by(sys.argv)


def question_of(layers: list[Layer], *, name: str) -> Question:
    """Return the question that layers describe.

    Raises UsageError, also for a fault that the engine it would run on cannot carry out.
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


def asked_layers(
    file: Path | None,
    profile: str | None,
    settings: list[str],
    flags: Layer,
    *,
    further: Mapping[str, list[str]] = MappingProxyType({}),
) -> list[Layer]:
    """Return profile, file, ``--set``, further options like it by their names, and flags as layers.

    Raises UsageError, also if such an option and a flag give one key different values.
    """
    layers = layers_of(file, profile, [])
    for option, option_settings in ({"--set": settings} | dict(further)).items():
        first = len(layers)
        layers += [setting_layer(setting, option=option) for setting in option_settings]
        _refuse_contradictions(layers, flags, first=first, option=option)
    return [*layers, flags]


def _refuse_contradictions(
    layers: list[Layer], flags: Layer, *, first: int, option: str = "--set"
) -> None:
    """Raise UsageError for a key to which an option such as ``--set`` and a flag give other values.

    ``layers`` are those of the experiment, without the flags; those from ``first`` on came from the
    option. A later setting of a key replaces an earlier one, as repeated options do everywhere; but
    a flag and a setting are two ways to set one thing, and nobody could know which of them counts.
    """
    given_keys: dict[str, object] = {}
    for layer in layers[first:]:
        given_keys |= dict(_keys(layer))
    everything = [*layers, flags]
    for key, value in _keys(flags):
        if key not in given_keys:
            continue
        # decoded before they are compared: 60s and 1min are the same
        if experiment_from([*everything, _nested(key, given_keys[key])]) != experiment_from(
            everything
        ):
            raise UsageError(
                f"{option} {key}={_text(given_keys[key])}: {FLAGS[key]} says {_text(value)} of "
                "the same key; give one of them"
            )


def setting_layer(setting: str, *, option: str = "--set") -> Layer:
    """Return the value of an option such as ``--set`` as a layer. Raises UsageError."""
    return located(layer_from_setting(setting, option=option), directory=Path())


def name_of(file: Path | None, profile: str | None) -> str:
    """Return the name of an experiment: its file's stem, or its profile's name."""
    return readable(file.stem) if file is not None else profile or DEFAULT_PROFILE


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
    peer: str | None = None,
    listen: str | None = None,
) -> Layer:
    """Return the flags that were given as a layer."""
    tables: dict[str, dict[str, Any]] = {
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
        "baseline": {"peer": peer, "listen": listen},
    }
    return {
        table: {key: value for key, value in keys.items() if value is not None}
        for table, keys in tables.items()
    }


def _file_layer(path: Path) -> Layer:
    try:
        text = given_text(path)
    except OSError as error:
        raise UsageError(f"the experiment file {path} cannot be read: {error.strerror}") from error
    layer = layer_from_toml(text, origin=str(path))
    if EVENTS in layer:
        Console(stderr=True).print(
            f"{path}: [[{EVENTS}]] is called [[{FAULTS}]] now, and is read as that",
            markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip
    return located(layer, directory=path.parent)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _nested(key: str, value: object) -> Layer:
    layer: Layer = {}
    for name in reversed(key.split(".")):
        layer = {name: layer} if layer else {name: value}
    return layer


def _keys(layer: Layer, above: str = "") -> Iterator[tuple[str, object]]:
    """Yield each key of a layer, prefixed with its tables, and its value."""
    for name, value in layer.items():
        key = f"{above}{name}"
        if isinstance(value, Mapping):
            yield from _keys(value, f"{key}.")
        else:
            yield key, value
