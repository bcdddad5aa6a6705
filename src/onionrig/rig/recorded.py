"""What a manifest says of its rig: where its tors are asked, and who is behind the address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.rig.model import Role

if TYPE_CHECKING:
    from onionrig.records.manifest import Manifest, ServiceRecord

CONTROL_SOCKET = "ControlSocket "


class _Instance(msgspec.Struct):
    address: str
    name: str


class _Service(msgspec.Struct):
    instances: list[_Instance]


class _Config(msgspec.Struct):
    services: list[_Service]


def control_sockets(manifest: Manifest, role: Role) -> list[str]:
    """Return the control sockets of the tors of a role, as their torrcs have them."""
    return [
        line.removeprefix(CONTROL_SOCKET)
        for service in _with_role(manifest, role)
        for line in service.files.get("torrc", "").splitlines()
        if line.startswith(CONTROL_SOCKET)
    ]


def instances(manifest: Manifest) -> dict[str, str]:
    """Return the backend instances' addresses by name, as Onionbalance was told of them."""
    return {
        instance.name: instance.address
        for balancer in _with_role(manifest, Role.BALANCER)
        for service in _config(balancer).services
        for instance in service.instances
    }


def _config(balancer: ServiceRecord) -> _Config:
    return msgspec.json.decode(balancer.files["config.yaml"], type=_Config)  # YAML that is JSON


def _with_role(manifest: Manifest, role: Role) -> list[ServiceRecord]:
    return [service for service in manifest.services if service.role == role.value]
