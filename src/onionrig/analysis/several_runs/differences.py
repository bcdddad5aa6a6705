"""List what differs between two runs: settings, versions, hosts, network, measurement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeGuard

import msgspec

from onionrig.records.manifest import HostFacts
from onionrig.records.series.comparison import Difference

if TYPE_CHECKING:
    from onionrig.records.manifest import Manifest
    from onionrig.records.result import Result

DifferenceKind = Literal["setting", "version", "host", "network", "measurement"]

ABSENT = "-"


def differences(
    a: Manifest, b: Manifest, result_a: Result, result_b: Result
) -> tuple[Difference, ...]:
    """Name everything in which two runs differ, the settings first."""
    return (
        *_differences_between(
            "setting",
            {**_flat(a.experiment), **result_a.settings},
            {**_flat(b.experiment), **result_b.settings},
        ),
        *_differences_between("setting", {"mode": a.mode}, {"mode": b.mode}),
        *_differences_between("version", _versions(a), _versions(b)),
        *_differences_between("version", *_builds(a, b)),
        *_differences_between("host", _hosts(a), _hosts(b)),
        *_differences_between("network", _consensus(a), _consensus(b)),
        *_differences_between("measurement", _measurement(result_a), _measurement(result_b)),
    )


def _differences_between(
    kind: DifferenceKind, a: Mapping[str, str], b: Mapping[str, str]
) -> list[Difference]:
    return [
        Difference(kind=kind, what=key, a=a.get(key, ABSENT), b=b.get(key, ABSENT))
        for key in dict.fromkeys([*a, *b])
        if a.get(key, ABSENT) != b.get(key, ABSENT)
    ]


def _flat(table: Mapping[str, Any], *, parent_key: str = "") -> dict[str, str]:
    """Return the keys of nested tables as ``table.key``; descriptions do not count."""
    flat_table: dict[str, str] = {}
    for key, value in table.items():
        full_key = f"{parent_key}.{key}" if parent_key else key
        if isinstance(value, Mapping):
            flat_table |= _flat(value, parent_key=full_key)
        elif _are_named_tables(value):
            for table_of_list in value:
                flat_table |= _flat(table_of_list, parent_key=f"{full_key}.{table_of_list['name']}")
        elif full_key != "description":
            flat_table[full_key] = _text(value)
    return flat_table


def _are_named_tables(value: object) -> TypeGuard[Sequence[Mapping[str, Any]]]:
    """Return True for tables such as ``[[hosts]]``, whose keys are set by ``hosts.NAME.key``."""
    return (
        isinstance(value, list | tuple)
        and bool(value)
        and all(isinstance(table, Mapping) and "name" in table for table in value)
    )


def _text(value: object) -> str:
    """Write a value as a setting has it, so that 16 from a file and "16" from a flag are equal."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _versions(manifest: Manifest) -> dict[str, str]:
    versions: dict[str, str | None] = msgspec.to_builtins(manifest.versions)
    del versions["tor_build"]
    return {name: version or ABSENT for name, version in versions.items()}


def _builds(a: Manifest, b: Manifest) -> tuple[dict[str, str], dict[str, str]]:
    """Return the builds of tor on both sides; none if a side does not know its own."""
    builds = (a.versions.tor_build, b.versions.tor_build)
    if builds[0] is None or builds[1] is None:
        return {}, {}
    return {"build of tor": builds[0]}, {"build of tor": builds[1]}


def _hosts(manifest: Manifest) -> dict[str, str]:
    return {
        f"{fact} of {'the host' if len(manifest.machines) == 1 else host.name}": ABSENT
        if value is None
        else _text(value)
        for host in manifest.machines
        for fact in HostFacts.__struct_fields__
        for value in (getattr(host, fact),)
    }


def _consensus(manifest: Manifest) -> dict[str, str]:
    return {
        f"consensus parameter {name}": str(value)
        for name, value in sorted(manifest.consensus_parameters.items())
    }


def _measurement(result: Result) -> dict[str, str]:
    return {"status": result.status, "day": result.started[:10]}
