"""The manifest of a run, as more and more of it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onionrig.experiment.decode import plain
from onionrig.experiment.frontend import switches_on
from onionrig.records.manifest import Manifest, ServiceRecord
from onionrig.rig.allocation import ONION_PORT
from onionrig.rig.model import Role
from onionrig.rig.render import mode_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onionrig.engine.base import Opening
    from onionrig.experiment.question import Question
    from onionrig.rig.model import Rig, Service


def manifest_before(question: Question, opening: Opening, *, run: str, started: str) -> Manifest:
    """Return the manifest of a run that has not made or started anything."""
    experiment, versions = question.experiment, opening.versions
    return Manifest(
        run=run,
        started=started,
        command=question.command,
        profile=question.name,
        experiment=plain(experiment),
        resolved=question.resolved,
        address=None,
        port=ONION_PORT,
        mode=mode_of(experiment),
        balancer="none"
        if experiment.network.kind == "none"
        else f"{experiment.frontend.balancer} {versions.onionbalance}",
        balancer_switches=switches_on(experiment.frontend),
        versions=versions,
        hosts=opening.host_records,
        backends={},
        roles={},
        consensus_parameters={},
        services=(),
        until_known=question.until_known,
    )


def known_of_rig(rig: Rig, own_processes: Mapping[str, str]) -> dict[str, Any]:
    """Return the manifest's fields that a rendered rig, and the engine's own processes, fill."""
    return {
        "address": rig.address,
        "port": rig.port,
        "backends": {service.name: service.host for service in rig.with_role(Role.BACKEND)},
        "roles": {
            **{service.name: service.role.value for service in rig.services},
            **own_processes,
        },
        "services": tuple(_service_record(rig, service) for service in rig.services),
    }


def _service_record(rig: Rig, service: Service) -> ServiceRecord:
    return ServiceRecord(
        name=service.name,
        role=service.role.value,
        host=service.host,
        argv=service.argv,
        files={
            str(file.path.relative_to(service.directory)): file.text
            for file in service.rendered_files
        },
        control_socket=None if service.control_path is None else str(service.control_path),
        instances=dict(rig.instances) if service.role is Role.BALANCER else None,
    )
