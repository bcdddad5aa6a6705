"""Read a manifest, also one from before hosts were one list with their kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onionrig.records.manifest import Manifest
from onionrig.store.salvage import read_value

if TYPE_CHECKING:
    from pathlib import Path

    from onionrig.store.salvage import Salvaged


def read_manifest(path: Path) -> Salvaged[Manifest]:
    """Read a manifest with what is to be said of it. Raises RecordsUnreadable."""
    return read_value(path, Manifest, earlier=with_one_list_of_hosts)


def with_one_list_of_hosts(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return a decoded manifest in which emulated hosts stand among the others, as a kind."""
    emulated = manifest.get("emulated")
    machines = manifest.get("hosts")
    if not isinstance(emulated, list) or not isinstance(machines, list):
        return manifest
    facts = {machine["name"]: machine for machine in machines}
    hosts = [
        *machines,
        *({**facts.get(host["machine"], {}), **host, "kind": "emulated"} for host in emulated),
    ]
    return {**{key: value for key, value in manifest.items() if key != "emulated"}, "hosts": hosts}
