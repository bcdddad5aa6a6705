"""Look up which host a service is on, and what is known about that host."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from onionrig.rig.model import Role

if TYPE_CHECKING:
    from onionrig.records.manifest import HostRecord, Manifest

LOOPBACK = "lo"
"""The loopback interface: a rig on one host sends every hop over it."""


def host_of(manifest: Manifest, service: str) -> str:
    """Return a service's host: the recorded one, or the only machine there is."""
    for record in manifest.services:
        if record.name == service:
            return record.host
    return manifest.machines[0].name if len(manifest.machines) == 1 else "unknown"


def machine_of(manifest: Manifest, host: str) -> str:
    """Return the machine that an emulated host is on; any other host is a machine itself."""
    machines = {emulated.name: emulated.machine for emulated in manifest.emulated}
    return machines.get(host) or host


def on_host_text(manifest: Manifest, service: str) -> str:
    """Return `` on HOST`` for a service on a real host, or an empty text on the only machine."""
    return f" on {host_of(manifest, service)}" if manifest.has_real_hosts else ""


def machine_cpu_text(manifest: Manifest, machine: str) -> str:
    """Name the CPU of a machine, by the name of the machine if the rig is on several."""
    has_several = manifest.has_real_hosts or len(manifest.machines) > 1
    return f"the CPU of {machine}" if has_several else "the machine's CPU"


def roles_by_host(manifest: Manifest) -> dict[str, Counter[str]]:
    """Return how many services of each role are on each host."""
    roles: dict[str, Counter[str]] = {}
    for record in manifest.services:
        roles.setdefault(record.host, Counter())[record.role] += 1
    return roles


def serving_role(manifest: Manifest) -> Role:
    """Return the role that goodput comes from: backend instances or, without tor, sources."""
    return Role.SOURCE if manifest.mode == "without tor" else Role.BACKEND


def cores_of(manifest: Manifest, host: str) -> float | None:
    """Return a host's usable cores, or None if nothing is known about it."""
    facts = machine_facts(manifest, host)
    return None if facts is None else facts.usable_cores


def machine_facts(manifest: Manifest, machine: str) -> HostRecord | None:
    """Return the record of a machine, or None if nothing is known about it."""
    return next((facts for facts in manifest.machines if facts.name == machine), None)


def peer_of(manifest: Manifest) -> str | None:
    """Return ``HOST:PORT`` of the foreign source that a baseline pulled from, or None.

    It is read from the raw manifest, so that an experiment of another version does not keep a run
    from being shown.
    """
    peer = manifest.experiment.get("baseline", {}).get("peer")
    return str(peer) if peer and manifest.mode == "without tor" else None


def on_several_hosts(manifest: Manifest) -> bool:
    """Return whether the rig's services are on more than one host."""
    hosts = {record.host for record in manifest.services} | set(manifest.backends.values())
    return len(hosts) > 1
