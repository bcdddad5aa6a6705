"""Manifests of runs made by hand."""

from __future__ import annotations

import msgspec

from onionrig.records.manifest import HostRecord, Manifest, ServiceRecord, Versions


def manifest(backends=("backend-1", "backend-2"), **changed):
    whole = {
        "run": "20260101T000000Z-default",
        "started": "2026-01-01T00:00:00+00:00",
        "command": ("onionrig", "run"),
        "profile": "default",
        "experiment": {},
        "resolved": {},
        "address": "a" * 56 + ".onion",
        "port": 9000,
        "mode": "anonymous",
        "balancer": "stock 0.2.4",
        "versions": Versions(
            onionrig="0.2.0", tor="0.4.9.11", openssl="OpenSSL 3.0.19", onionbalance="0.2.4",
            python="3.11.2", kernel="6.1.0",
        ),
        "hosts": (host("here"),),
        "backends": backends if isinstance(backends, dict) else dict.fromkeys(backends, "here"),
        "roles": {
            "sink": "sink", "source": "source", "relay-1": "relay", "relay-2": "relay",
            "client-1": "client", "sampler": "sampler", **dict.fromkeys(backends, "backend"),
        },
        "consensus_parameters": {"cc_alg": 2},
        "services": (),
    }  # fmt: skip
    emulated = changed.pop("emulated", ())
    return with_emulated(Manifest(**{**whole, **changed}), emulated)


def with_emulated(whole, emulated):
    """Return the same manifest with these emulated hosts beside its machines."""
    return msgspec.structs.replace(whole, hosts=(*whole.machines, *emulated))


def host(name, *, cores=2):
    return HostRecord(
        name=name, cpu_model="AMD EPYC", cores=cores, aes_instructions=True, memory_bytes=4 << 30,
        architecture="x86_64", operating_system="Debian GNU/Linux 12 (bookworm)",
    )  # fmt: skip


def emulated_host(name, machine, **more):
    """Return a host that is emulated on a machine, whose facts it has."""
    facts = msgspec.structs.asdict(host(machine))
    made = {"address": "10.77.0.1", **facts, **more}
    return HostRecord(**{**made, "name": name, "kind": "emulated", "machine": machine})


def service(name, role, where, *, control=None):
    return ServiceRecord(
        name=name, role=role, host=where, argv=(name,), files={}, control_socket=control
    )


def balanced_manifest():
    """Return a manifest whose services are tors with control sockets, and the balancer."""
    tors = {
        "backend-1": "backend", "backend-2": "backend", "relay-1": "relay",
        "balancer-tor": "balancer-tor",
    }  # fmt: skip
    return manifest(
        services=(
            *(service(name, role, "here", control=f"/{name}") for name, role in tors.items()),
            service("balancer", "balancer", "here"),
        )
    )
