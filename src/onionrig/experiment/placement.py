"""Where each service of an experiment runs: spread by role over the hosts that have the role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.experiment.auto import fewest_clients, most_relays
from onionrig.experiment.frontend import daemons_of
from onionrig.experiment.hosts import cores_by_host, hosts_for, shared_out
from onionrig.experiment.names import (
    BALANCER,
    BALANCER_TOR,
    DIALLER,
    LOAD_DIALLER,
    PINGER,
    SAMPLER,
    SINK,
    SOURCE,
    YARDSTICK,
    numbered,
    on,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onionrig.experiment.schema import Experiment, HostRole

HERE = "localhost"
"""The host of every service if an experiment names no hosts, until its real name is known."""

BESIDE_CLIENTS = (SINK, PINGER, DIALLER, LOAD_DIALLER)
"""The rig's own processes that run once on every host with client tors."""


def placement(experiment: Experiment, *, here: str = HERE) -> dict[str, str]:
    """Return the host of every service that the experiment's rig can have, by service.

    ``here`` is the host of all of them if the experiment names no hosts. While a count is ``auto``,
    as many services are placed as it can become at most. Some of the rig's own processes run only
    if they are asked for, but are always placed.
    """
    return faulted_services(experiment, here=here) | _instruments(experiment, here)


def faulted_services(experiment: Experiment, *, here: str = HERE) -> dict[str, str]:
    """Return the services that faults can be done to, with their hosts.

    They are the tors, the balancer and the sources, but not the instruments.
    """
    if experiment.network.kind == "none":
        serving = experiment.baseline.peer is None
        return (
            _one_per_host(experiment, SOURCE, hosts_for(experiment, "backend"), here)
            if serving
            else {}
        )
    tors: dict[str, str] = {}
    for role, count in _counts(experiment).items():
        cores = cores_by_host(experiment, role) if role == "backend" else None
        tors |= shared_out(numbered(role, count), hosts_for(experiment, role) or [here], cores)
    balancing = (hosts_for(experiment, "balancer") or [here])[0]
    serving_hosts = _hosts_of(tors, "backend-")
    return {
        **tors,
        BALANCER: balancing,
        BALANCER_TOR: balancing,
        **_one_per_host(experiment, SOURCE, serving_hosts, here),
    }


def beside(
    experiment: Experiment, own: str, services: Iterable[str], places: dict[str, str]
) -> dict[str, list[str]]:
    """Group services by which of the rig's own processes with a given name runs beside them.

    There is one on every host that has such services; without named hosts, there is one in all.
    """
    grouped: dict[str, list[str]] = {}
    for service in services:
        name = on(own, places[service]) if experiment.hosts else own
        grouped.setdefault(name, []).append(service)
    return grouped


def _counts(experiment: Experiment) -> dict[HostRole, int]:
    relays, clients = experiment.network.relays, experiment.load.clients
    return {
        "backend": daemons_of(experiment),
        "relay": most_relays(experiment) if relays == "auto" else relays,
        "authority": experiment.network.authorities,
        "client": _most_clients(experiment) if clients == "auto" else clients,
    }


def _most_clients(experiment: Experiment) -> int:
    return max(fewest_clients(experiment), experiment.load.streams_asked)


def _instruments(experiment: Experiment, here: str) -> dict[str, str]:
    """Return the hosts of the instruments and sinks; a baseline can have several sinks per host."""
    names = [host.name for host in experiment.hosts]
    samplers = _one_per_host(experiment, SAMPLER, names, here)
    # emulated hosts have the cores of one machine
    machines = names if experiment.has_real_hosts else names[:1]
    samplers |= _one_per_host(experiment, YARDSTICK, machines, here)
    if experiment.network.kind == "none":
        if not experiment.hosts:
            return samplers if experiment.baseline.listen else {**samplers, SINK: here}
        serving, pulling = (hosts_for(experiment, role) for role in ("backend", "client"))
        sinks = numbered(SINK, max(len(serving), len(pulling)))
        return {**samplers, **shared_out(sinks, pulling)}
    clients = numbered("client", _counts(experiment)["client"])
    pulling = _hosts_of(shared_out(clients, hosts_for(experiment, "client") or [here]), "client-")
    instruments = dict(samplers)
    for name in BESIDE_CLIENTS:
        instruments |= _one_per_host(experiment, name, pulling, here)
    return instruments


def _one_per_host(
    experiment: Experiment, name: str, hosts: Iterable[str], here: str
) -> dict[str, str]:
    """Return the host of each of the rig's own processes of a name: one per host, or one here."""
    return {on(name, host): host for host in hosts} if experiment.hosts else {name: here}


def _hosts_of(places: dict[str, str], prefix: str) -> list[str]:
    """Return the hosts of the services whose names have this prefix, each host once."""
    return list(dict.fromkeys(host for name, host in places.items() if name.startswith(prefix)))
