"""The manifest of a run: what is run, on what, so that it can be repeated."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

import msgspec

from onionrig import __version__
from onionrig.experiment.decode import plain
from onionrig.experiment.frontend import switches_on
from onionrig.experiment.schema import Experiment
from onionrig.probe.facts import host_facts, host_name
from onionrig.records.manifest import (
    BoardFacts,
    EmulatedHost,
    Manifest,
    ServiceRecord,
    Versions,
)
from onionrig.rig.allocation import ONION_PORT
from onionrig.rig.model import Role
from onionrig.rig.render import mode_of
from onionrig.run.load import PlannedLoad

if TYPE_CHECKING:
    from onionrig.engine.emulation.hosts import Emulation
    from onionrig.engine.local.equipment import Equipment
    from onionrig.rig.model import Host, Rig, Service
    from onionrig.tor.consensus import Consensus

CONTROLLER, KEEPER = "controller", "keeper"
"""This program's own processes beside the services: sampled with them, roles of their own."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was asked for, and by which words."""

    experiment: Experiment
    resolved: dict[str, str]
    profile: str
    command: tuple[str, ...]
    loads: tuple[PlannedLoad, ...]
    """In turn, on the same rig."""
    boards: dict[str, BoardFacts] = {}
    """What is known of the boards that emulated hosts name."""

    @classmethod
    def repeated(  # noqa: PLR0913 - what a run is asked for
        cls,
        experiment: Experiment,
        times: int = 1,
        *,
        resolved: dict[str, str],
        profile: str,
        command: tuple[str, ...],
        boards: dict[str, BoardFacts] | None = None,
    ) -> Asked:
        """Ask for the experiment's own load, so many times."""
        return cls(
            experiment=experiment,
            resolved=resolved,
            profile=profile,
            command=command,
            loads=(PlannedLoad(load=experiment.load),) * times,
            boards=boards or {},
        )


def manifest_before(asked: Asked, *, run: str, started: str, equipment: Equipment) -> Manifest:
    """Describe a run that has not made or started anything."""
    tor = equipment.tor
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
        balancer=_balancer(asked.experiment, equipment),
        balancer_switches=switches_on(asked.experiment.frontend),
        versions=Versions(
            onionrig=__version__,
            tor=tor.version if tor else None,
            openssl=tor.openssl if tor else None,
            onionbalance=equipment.onionbalance_version,
            python=platform.python_version(),
            kernel=platform.release(),
        ),
        hosts=(host_facts(host_name()),),
        backends={},
        roles={},
        consensus_parameters={},
        services=(),
    )


def _balancer(experiment: Experiment, equipment: Equipment) -> str:
    if experiment.network.kind == "none":
        return "none"
    return f"{experiment.frontend.balancer} {equipment.onionbalance_version}"


def with_emulation(
    manifest: Manifest, asked: Asked, hosts: tuple[Host, ...], emulation: Emulation | None
) -> Manifest:
    """Add what is known of emulated hosts, if there are any."""
    if emulation is None:
        return manifest
    named = {host.name: host.board for host in asked.experiment.hosts if host.board}
    return msgspec.structs.replace(
        manifest,
        emulated=tuple(
            EmulatedHost(
                name=host.name,
                machine=host_name(),
                address=host.address,
                link_bits_per_second=host.link_bits_per_second,
                delay_seconds=host.delay_seconds,
                delayed_by=emulation.delayed_by if host.delay_seconds else None,
                cpu_cores=host.cpu_cores,
                scale=float(asked.experiment.emulation.scale),
                board=asked.boards.get(named.get(host.name, "")),
            )
            for host in hosts
        ),
        roles=dict.fromkeys(emulation.delays, Role.DELAY.value),
    )


def with_rig(manifest: Manifest, rig: Rig) -> Manifest:
    """Add what a rendered rig knows."""
    return msgspec.structs.replace(
        manifest,
        address=rig.address,
        port=rig.port,
        backends={service.name: service.host for service in rig.with_role(Role.BACKEND)},
        roles={
            **manifest.roles,
            **{service.name: service.role.value for service in rig.services},
            CONTROLLER: CONTROLLER,
            KEEPER: KEEPER,
        },
        services=tuple(_recorded(service) for service in rig.services),
    )


def with_consensus(manifest: Manifest, consensus: Consensus) -> Manifest:
    """Add what the consensus says."""
    return msgspec.structs.replace(manifest, consensus_parameters=consensus.parameters)


def _recorded(service: Service) -> ServiceRecord:
    prefix = f"{service.directory}/"
    return ServiceRecord(
        name=service.name,
        role=service.role.value,
        host=service.host,
        argv=service.argv,
        files={file.path.removeprefix(prefix): file.text for file in service.files},
    )
