"""Where the services of a rig run: shared out by role over the hosts that name it, in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.experiment.auto import clients_of, relays_of
from onionrig.experiment.happenings import fastest_rate
from onionrig.experiment.hosts import hosts_for, scaled_cores, scaled_link, shared_out
from onionrig.rig.model import Host
from onionrig.rig.names import BALANCER_TOR, DIALLER, LOAD_DIALLER, numbered, on

if TYPE_CHECKING:
    from onionrig.experiment.schema import Experiment, HostRole
    from onionrig.units import BitsPerSecond

BALANCER = "balancer"
NETWORK = "10.77.0"
"""Of every run alike: a run's hosts see nothing but one another."""

BESIDE_CLIENTS = ("sink", "pinger", DIALLER, LOAD_DIALLER)
"""The rig's own processes, one each on every host that has client tors."""


def emulated_hosts(experiment: Experiment) -> tuple[Host, ...]:
    """Return the emulated hosts of an experiment with their addresses."""
    return tuple(
        Host(
            name=host.name,
            address=f"{NETWORK}.{number}",
            link_bits_per_second=None if rate is None else float(rate),
            most_bits_per_second=_most(experiment, host.name, rate),
            delay_seconds=float(host.delay),
            cpu_cores=scaled_cores(experiment, host),
        )
        for number, host in enumerate(experiment.hosts, start=1)
        for rate in (scaled_link(experiment, host),)
    )


def places(experiment: Experiment) -> dict[str, str]:
    """Return the host of every service of a resolved experiment; empty where there is but one."""
    if not experiment.hosts:
        return {}
    baseline = experiment.network.kind == "none"
    tors = {} if baseline else _tors(experiment)
    serving = hosts_for(experiment, "backend") if baseline else _of(tors, "backend-")
    pulling = hosts_for(experiment, "client") if baseline else _of(tors, "client-")
    own = {on("sampler", host.name): host.name for host in experiment.hosts}
    own |= {on("source", host): host for host in serving}
    if baseline:
        own |= shared_out(numbered("sink", max(len(serving), len(pulling))), pulling)
    else:
        own |= {on(name, host): host for name in BESIDE_CLIENTS for host in pulling}
    return tors | own


def _most(experiment: Experiment, host: str, link: BitsPerSecond | None) -> float | None:
    """Return the most that a host's link carries in the run; None where it is unshaped at first."""
    if link is None:
        return None
    return float(max(link, fastest_rate(experiment, host) or link))


def _tors(experiment: Experiment) -> dict[str, str]:
    counts: dict[HostRole, int] = {
        "authority": experiment.network.authorities,
        "relay": relays_of(experiment),
        "backend": experiment.backends.daemons,
        "client": clients_of(experiment),
    }
    balancing = hosts_for(experiment, "balancer")[0]
    found = {BALANCER_TOR: balancing, BALANCER: balancing}
    for role, count in counts.items():
        found |= shared_out(numbered(role, count), hosts_for(experiment, role))
    return found


def _of(tors: dict[str, str], prefix: str) -> list[str]:
    """Return the hosts of the services whose names begin so, each once."""
    return list(dict.fromkeys(host for name, host in tors.items() if name.startswith(prefix)))
