"""The manifest of a run: what is run, on what, so that it can be repeated."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

import msgspec

from onionrig import __version__
from onionrig.engine.facts import host_facts
from onionrig.experiment.decode import plain
from onionrig.experiment.schema import Experiment
from onionrig.records.manifest import Manifest, ServiceRecord, Versions
from onionrig.rig.allocation import ONION_PORT
from onionrig.rig.model import Role
from onionrig.rig.render import mode_of

if TYPE_CHECKING:
    from onionrig.rig.model import Rig, Service
    from onionrig.tor.consensus import Consensus
    from onionrig.tor.program import Program

CONTROLLER, KEEPER = "controller", "keeper"
"""This program's own processes beside the services: sampled with them, roles of their own."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was asked for, and by which words."""

    experiment: Experiment
    resolved: dict[str, str]
    profile: str
    command: tuple[str, ...]


def manifest_before(
    asked: Asked, *, run: str, started: str, tor: Program, onionbalance: str
) -> Manifest:
    """Describe a run that has not made or started anything."""
    return Manifest(
        run=run,
        started=started,
        command=asked.command,
        profile=asked.profile,
        experiment=plain(asked.experiment),
        resolved=asked.resolved,
        address=None,
        port=ONION_PORT,
        mode=mode_of(asked.experiment),
        balancer=f"{asked.experiment.frontend.balancer} {onionbalance}",
        versions=Versions(
            onionrig=__version__,
            tor=tor.version,
            openssl=tor.openssl,
            onionbalance=onionbalance,
            python=platform.python_version(),
            kernel=platform.release(),
        ),
        hosts=(host_facts(host_name()),),
        backends={},
        roles={},
        consensus_parameters={},
        services=(),
    )


def with_rig(manifest: Manifest, rig: Rig) -> Manifest:
    """Add what a rendered rig knows."""
    return msgspec.structs.replace(
        manifest,
        address=rig.address,
        backends={service.name: service.host for service in rig.with_role(Role.BACKEND)},
        roles={
            **{service.name: service.role.value for service in rig.services},
            CONTROLLER: CONTROLLER,
            KEEPER: KEEPER,
        },
        services=tuple(_recorded(service) for service in rig.services),
    )


def with_consensus(manifest: Manifest, consensus: Consensus) -> Manifest:
    """Add what the consensus says."""
    return msgspec.structs.replace(manifest, consensus_parameters=consensus.parameters)


def host_name() -> str:
    """Return this machine's name."""
    return platform.node() or "localhost"


def _recorded(service: Service) -> ServiceRecord:
    prefix = f"{service.directory}/"
    return ServiceRecord(
        name=service.name,
        role=service.role.value,
        host=service.host,
        argv=service.argv,
        files={file.path.removeprefix(prefix): file.text for file in service.files},
    )
