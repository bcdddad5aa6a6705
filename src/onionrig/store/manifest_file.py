"""Read a manifest, also one of an earlier version of this program."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import msgspec

from onionrig.records.manifest import Manifest
from onionrig.store.salvage import read_value

if TYPE_CHECKING:
    from pathlib import Path

    from onionrig.store.salvage import Salvaged

CONTROL_SOCKET = "ControlSocket "
"""Beginning of the line of a torrc that says where tor takes control connections."""


def read_manifest(path: Path) -> Salvaged[Manifest]:
    """Return a manifest with notes on it. Raises RecordsUnreadable."""
    return read_value(path, Manifest, upgrade=as_this_version)


def as_this_version(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return a decoded manifest of an earlier version as this version would have written it.

    Emulated hosts had their own list; control sockets, and the instances that the balancer was
    given, were only in the files of the services.
    """
    emulated, machines = manifest.get("emulated"), manifest.get("hosts")
    if not isinstance(emulated, list) or not isinstance(machines, list):
        return manifest
    facts = {machine["name"]: machine for machine in machines}
    hosts = [
        *machines,
        *({**facts.get(host["machine"], {}), **host, "kind": "emulated"} for host in emulated),
    ]
    services = [_with_facts_from_its_files(service) for service in manifest.get("services", [])]
    other_fields = {key: value for key, value in manifest.items() if key != "emulated"}
    return {**other_fields, "hosts": hosts, "services": services}


def _with_facts_from_its_files(service: dict[str, Any]) -> dict[str, Any]:
    files: dict[str, str] = service.get("files", {})
    sockets = [
        line.removeprefix(CONTROL_SOCKET)
        for line in files.get("torrc", "").splitlines()
        if line.startswith(CONTROL_SOCKET)
    ]
    fields: dict[str, Any] = {"control_socket": sockets[0]} if sockets else {}
    with contextlib.suppress(msgspec.DecodeError, KeyError, TypeError):
        balancer_config = msgspec.json.decode(files["config.yaml"])  # YAML that is JSON
        fields["instances"] = {
            instance["name"]: instance["address"]
            for frontend in balancer_config["services"]
            for instance in frontend["instances"]
        }
    return {**service, **fields}
