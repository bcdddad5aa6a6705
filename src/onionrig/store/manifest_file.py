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
    return read_value(path, Manifest, earlier=as_this_version)


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
    services = [_with_what_its_files_say(service) for service in manifest.get("services", [])]
    others = {key: value for key, value in manifest.items() if key != "emulated"}
    return {**others, "hosts": hosts, "services": services}


def _with_what_its_files_say(service: dict[str, Any]) -> dict[str, Any]:
    files: dict[str, str] = service.get("files", {})
    sockets = [
        line.removeprefix(CONTROL_SOCKET)
        for line in files.get("torrc", "").splitlines()
        if line.startswith(CONTROL_SOCKET)
    ]
    known: dict[str, Any] = {"control_socket": sockets[0]} if sockets else {}
    with contextlib.suppress(msgspec.DecodeError, KeyError, TypeError):
        told = msgspec.json.decode(files["config.yaml"])  # YAML that is JSON
        known["instances"] = {
            instance["name"]: instance["address"]
            for frontend in told["services"]
            for instance in frontend["instances"]
        }
    return {**service, **known}
