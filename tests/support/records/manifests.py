"""Manifests of runs made by hand."""

from __future__ import annotations

from onionrig.records.manifest import HostFacts, Manifest, ServiceRecord, Versions


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
    return Manifest(**{**whole, **changed})


def host(name, *, cores=2):
    return HostFacts(
        name=name, cpu_model="AMD EPYC", cores=cores, aes_instructions=True, memory_bytes=4 << 30,
        architecture="x86_64", operating_system="Debian GNU/Linux 12 (bookworm)",
    )  # fmt: skip


def service(name, role, where):
    return ServiceRecord(name=name, role=role, host=where, argv=(name,), files={})
