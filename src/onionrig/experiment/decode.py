"""Turn TOML text and flags into a checked Experiment, with errors that name the key.

Later layers win: the profile, then the experiment file, then ``--set`` and the other flags.
"""

from __future__ import annotations

import difflib
import functools
import json
import tomllib
import types
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, TypeGuard, get_args, get_origin

import msgspec

from onionrig.errors import UsageError
from onionrig.experiment.faults.tables import asked_faults, fault_table, plain_fault
from onionrig.experiment.loads.registry import DEFAULT, shape_named, shape_of
from onionrig.experiment.schema import Cluster, Experiment
from onionrig.units import BitsPerSecond, Seconds, Share, fraction_from

if TYPE_CHECKING:
    from onionrig.experiment.loads.base import Load

Layer = Mapping[str, Any]

CLUSTER = "cluster"
LOAD, FAULTS = "load", "faults"
"""The tables whose keys are defined by a registry."""
EVENTS = "events"
"""The former name of the table of faults, which existing manifests and sweeps still use."""
VERDICT, TARGET = "verdict", "target"
EXAMPLES: dict[type, str] = {Seconds: "60s", BitsPerSecond: "500Mbit", Share: "20%"}
"""Example of each quantity as text."""
KIND = "kind"
"""The key by which a load names its shape."""
NO_CHOICE = "Invalid enum value"
"""Beginning of msgspec's message for a value that is none of a few."""


def experiment_from(layers: list[Layer]) -> Experiment:
    """Merge layers, later ones overriding earlier ones, and decode the result.

    Raises UsageError for an unknown key (with the nearest known one) and for a wrong value.
    """
    whole: Layer = {}
    for layer in layers:
        whole = merged(whole, _with_faults(layer))
    _refuse_unreadable(whole)
    load = _load_of(whole)
    faults = {key: whole[key] for key in whole if key == FAULTS}
    other_tables = {key: whole[key] for key in whole if key not in {LOAD, FAULTS}}
    shape = shape_named(load.get(KIND, DEFAULT))
    keys = {key: value for key, value in load.items() if key != KIND}
    faults_alone = _faults_alone(fault_table())
    _refuse_unknown_keys(keys, shape.table, place=LOAD)
    _refuse_unknown_keys(other_tables, Experiment, place="")
    _refuse_unknown_keys(faults, faults_alone, place="")
    try:
        # the load is decoded separately, because its shape defines which keys it has
        decoded = msgspec.convert({LOAD: keys}, _table_alone(shape.table), dec_hook=_quantity)
        experiment = msgspec.convert(other_tables, Experiment, dec_hook=_quantity)
        # so are the faults, because each fault defines its own keys
        tables = msgspec.convert(faults, faults_alone, dec_hook=_quantity).faults
    except msgspec.ValidationError as error:
        raise UsageError(_explanation(error, whole, load=shape.table)) from error
    return msgspec.structs.replace(experiment, load=decoded.load, faults=asked_faults(tables))


def merged(below: Layer, above: Layer) -> dict[str, Any]:
    """Return one layer laid over another: tables are merged by key, other values are replaced.

    Items of a list of tables are merged by name: ``hosts.pi3.link`` is the link of the item named
    pi3. Raises UsageError if no item has that name.
    """
    both = dict(below)
    for key, value in above.items():
        lower = both.get(key)
        if isinstance(value, Mapping) and isinstance(lower, Mapping):
            both[key] = merged(lower, value)
        elif isinstance(value, Mapping) and _is_list_of_tables(lower):
            both[key] = _merged_by_name(key, lower, value)
        else:
            both[key] = value
    return both


def layer_from_toml(text: str, *, origin: str) -> Layer:
    """Return the layer that TOML text describes. Raises UsageError, naming the text's origin."""
    try:
        return tomllib.loads(text)
    except (
        ValueError,
        RecursionError,
    ) as error:  # not TOML, or beyond Python's limits
        raise UsageError(f"{origin} is not TOML: {error}") from error


def layer_from_setting(setting: str, *, option: str = "--set") -> Layer:
    """Return the layer that ``table.key=value`` sets; a value is TOML, or else plain text.

    A name with a dot in it stands in quotes, as in TOML. Raises UsageError, naming the option, if
    there is no ``=`` or no table.
    """
    path, equals, value = setting.partition("=")
    names = _names(path.strip())
    if not equals or len(names) == 1 or not all(names):
        raise UsageError(f'{option} {setting}: write table.key=value, as in "load.streams=32"')
    layer: dict[str, Any] = {names[-1]: _value(value.strip(), name=f"{option} {path.strip()}")}
    for name in reversed(names[:-1]):
        layer = {name: layer}
    return layer


def _names(path: str) -> list[str]:
    """Return the names in a path, which are none if it has quotes and is not TOML."""
    if '"' not in path:
        return path.split(".")
    try:
        rest: Any = tomllib.loads(f"{path} = 0")
    except tomllib.TOMLDecodeError:
        return [""]
    names = []
    while isinstance(rest, dict) and len(rest) == 1:
        ((name, rest),) = rest.items()
        names.append(name)
    return [""] if isinstance(rest, dict) else names


def plain(experiment: Experiment) -> dict[str, Any]:
    """Return the experiment as plain data, with quantities as text, as a file could have it."""
    built: dict[str, Any] = msgspec.to_builtins(experiment, enc_hook=str)
    shape = shape_of(experiment.load)
    if shape.kind != DEFAULT:
        built[LOAD] = {KIND: shape.kind, **built[LOAD]}
    if experiment.cluster == Cluster():
        # recordings made before there was a cluster must equal those of runs without one
        del built[CLUSTER]
    # nor do these recordings have other thresholds than the target
    built[VERDICT] = {
        key: value
        for key, value in built[VERDICT].items()
        if key == TARGET or value not in (None, {})
    }
    del built[FAULTS]
    built[EVENTS] = tuple(plain_fault(asked_fault) for asked_fault in experiment.faults)
    return built


def _with_faults(layer: Layer) -> Layer:
    """Return a layer with its faults under the current name. Raises UsageError if both are used."""
    if EVENTS not in layer:
        return layer
    if FAULTS in layer:
        raise UsageError(f"{FAULTS} and {EVENTS} are one table: call all of them [[{FAULTS}]]")
    other_keys = {key: value for key, value in layer.items() if key != EVENTS}
    return {**other_keys, FAULTS: layer[EVENTS]}


def _load_of(whole: Layer) -> Layer:
    """Return the table of the load. Raises UsageError if it is not a table."""
    load = whole.get(LOAD, {})
    if not isinstance(load, Mapping):
        raise UsageError(f"load = {load!r}: a table, as in [load]")
    return load


@functools.cache
def _table_alone(table: type[Load]) -> type[Any]:
    """Return a struct that has only the load, so that errors name its keys as the file does."""
    return msgspec.defstruct("LoadAlone", [(LOAD, table)])


@functools.cache
def _faults_alone(table: type[msgspec.Struct]) -> type[Any]:
    """Return a struct that has only the faults, for the same reason."""
    tables = types.GenericAlias(tuple, (table, ...))
    return msgspec.defstruct("FaultsAlone", [(FAULTS, tables, ())])


def _is_list_of_tables(value: object) -> TypeGuard[list[Layer]]:
    return isinstance(value, list | tuple) and all(isinstance(item, Mapping) for item in value)


def _merged_by_name(key: str, below: list[Layer], above: Layer) -> list[Layer]:
    names = [table.get("name") for table in below]
    for name in above:
        if name not in names:
            names_text = ", ".join(map(str, names)) or "none"
            raise UsageError(f"{key}.{name}: no such name among {key}: {names_text}")
    return [merged(table, above.get(str(table.get("name")), {})) for table in below]


def _value(text: str, *, name: str) -> object:
    try:
        values = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    except (ValueError, RecursionError) as error:  # thousands of digits or brackets
        raise UsageError(f"{name}={text[:20]}… cannot be read: {error}") from error
    return values["value"] if len(values) == 1 else text  # with more lines it is no value


def _quantity(kind: type, value: object) -> object:
    if kind is Fraction:
        return _fraction(value)
    for quantity in (Seconds, BitsPerSecond, Share):
        if kind is quantity:
            if not isinstance(value, str):
                raise ValueError(
                    f'Expected text with a unit, as in "{EXAMPLES[kind]}", got `{value!r}`'
                )
            try:
                return quantity.parse(value)
            except UsageError as error:
                raise ValueError(str(error)) from error
    raise NotImplementedError(kind)


def _fraction(value: object) -> Fraction:
    try:
        return fraction_from(str(value))
    except UsageError as error:
        raise ValueError(str(error)) from error


def _refuse_unreadable(value: object, place: str = "") -> None:
    """Raise UsageError for command-line text that is not UTF-8, which no record could store."""
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            text = value.encode(errors="surrogateescape").decode(errors="replace")
            raise UsageError(f"{place} = {text!r}: this is not UTF-8, and records are") from error
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            _refuse_unreadable(key, f"a key of {place or 'the experiment'}")
            _refuse_unreadable(inner, f"{place}.{key}" if place else key)
    elif isinstance(value, list | tuple):
        for inner in value:
            _refuse_unreadable(inner, place)


def _refuse_unknown_keys(layer: Layer, table: type[msgspec.Struct], *, place: str) -> None:
    fields = _fields(table)
    for key, value in layer.items():
        key_path = f"{place}.{key}" if place else key
        if key not in fields:
            raise UsageError(f"unknown key {key_path}{_nearest(key, list(fields), place=place)}")
        nested = _table_of(fields[key])
        if nested is None:
            continue
        if isinstance(value, Mapping):
            _refuse_unknown_keys(value, nested, place=key_path)
        elif _is_list_of_tables(value):
            for number, entry in enumerate(value):
                _refuse_unknown_keys(entry, nested, place=f"{key_path}[{number}]")


@functools.cache
def _fields(table: type[msgspec.Struct]) -> dict[str, Any]:
    # a sweep decodes at every point, and resolving annotations takes most of the time
    types = {field.name: field.type for field in msgspec.structs.fields(table)}
    # a load's own keys come before those common to all loads: users look for them first
    return {name: types[name] for name in (*table.__annotations__, *types)}


def _table_of(annotation: object) -> type[msgspec.Struct] | None:
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, msgspec.Struct):
            return candidate
    return None


def _nearest(key: str, keys: list[str], *, place: str) -> str:
    close = difflib.get_close_matches(key.casefold(), keys, n=1)
    if close:
        return f"; did you mean {f'{place}.' if place else ''}{close[0]}?"
    return f"; {f'[{place}]' if place else 'an experiment'} has {', '.join(keys)}"


def _explanation(error: msgspec.ValidationError, whole: Layer, *, load: type[Load]) -> str:
    message, _, path = str(error).rpartition(" - at `$.")
    key_path = path.rstrip("`")
    if not message:
        return str(error)
    if message.startswith(NO_CHOICE):
        *choices, last_choice = _choices(_annotation(key_path, load=load))
        message = f"write {', '.join(choices)} or {last_choice}"
    return f"{key_path} = {_value_at(key_path, whole)!r}: {message}"


def _annotation(key_path: str, *, load: type[Load]) -> object:
    """Return the type of a key's values."""
    annotation: object = Experiment
    for name in key_path.replace("[", ".[").split("."):
        table = _table_of(annotation)
        if table is not None and not name.startswith("["):
            annotation = load if name == LOAD else _fields(table)[name]
    return annotation


def _choices(annotation: object) -> list[str]:
    """Return what values of a type can be: its words and truth values, as TOML writes them."""
    if get_origin(annotation) is Literal:
        return [json.dumps(choice) for choice in get_args(annotation)]
    if annotation is bool:
        return ["true", "false"]
    if annotation is int:
        return ["a number"]
    return [choice for part in get_args(annotation) for choice in _choices(part)]


def _value_at(key_path: str, whole: Layer) -> object:
    value: object = whole
    for name in key_path.replace("[...]", "").replace("[", ".[").split("."):
        if isinstance(value, Mapping):
            value = value.get(name)
        elif isinstance(value, list | tuple) and name.strip("[]").isdecimal():
            value = value[int(name.strip("[]"))]
        else:
            value = None
    return value
