"""What emulated hosts must satisfy, each with the reason; and which of them take a role."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

from onionrig.experiment.keys import scaled_link_rate, wrong_link_rate
from onionrig.experiment.schema import HostRole
from onionrig.units import cores_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.experiment.schema import EmulatedHost, Experiment
    from onionrig.units import BitsPerSecond

MOST_HOSTS = 254
"""Addresses of the network that joins them, 10.77.0.0/24."""
SHORTEST_SECONDS, LONGEST_SECONDS = 1e-4, 1.0
"""Of a link's delay, unless it has none: shorter is what the machine itself takes."""
FEWEST_CORES, MOST_CORES = 0.01, 1024.0
"""With 0.01 a busy process stops for 0.3 s at a time already; above, no machine has them."""

_ON_EACH_HOST = ("source", "sink", "pinger", "dialler", "load-dialler", "sampler")
"""Services that are called so, with the name of their host."""
_OF_A_SERVICE = re.compile(
    rf"(authority|relay|backend|client|sink)-\d+|balancer|balancer-tor|{'|'.join(_ON_EACH_HOST)}"
)

BASELINE_ROLES: tuple[HostRole, ...] = ("backend", "client")
"""Where a baseline has its sources and its sinks."""


def hosts_for(experiment: Experiment, role: HostRole) -> list[str]:
    """Name the hosts that take a role, in the experiment's order."""
    return [host.name for host in experiment.hosts if role in host.roles]


def shared_out(services: Sequence[str], hosts: Sequence[str]) -> dict[str, str]:
    """Return the host of each service of a role: in turn, so however many of them there are."""
    return {name: hosts[at % len(hosts)] for at, name in enumerate(services)}


def scaled_link(experiment: Experiment, host: EmulatedHost) -> BitsPerSecond | None:
    """Return the rate that a host's link is given; None where it is not shaped."""
    if host.link is None:
        return None
    return scaled_link_rate(host.link, experiment.emulation.scale)


def scaled_cores(experiment: Experiment, host: EmulatedHost) -> float | None:
    """Return the cores that a host's services may use; None where they are not limited."""
    return None if host.cpu is None else host.cpu * float(experiment.emulation.scale)


def wrong_hosts(experiment: Experiment) -> str | None:
    """Say what is wrong with the hosts, if anything is."""
    hosts, scale = experiment.hosts, experiment.emulation.scale
    if not 0 < scale <= 1:
        return (
            f'emulation.scale = "{scale}": a part of what links and CPUs would carry, above 0 and '
            'at most 1, as in "1/4"'
        )
    if scale != 1 and not any(host.link or host.cpu for host in hosts):
        return (
            f'emulation.scale = "{scale}": there is nothing to scale, since no emulated host has a '
            "link with a rate ([[hosts]], link or board) or a share of the CPU (cpu)"
        )
    if not hosts:
        return None
    if len(hosts) > MOST_HOSTS:
        return f"{len(hosts)} hosts: there are {MOST_HOSTS} addresses for them"
    return (
        _same_names([host.name for host in hosts])
        or next((wrong for host in hosts if (wrong := _wrong_link(experiment, host))), None)
        or next((wrong for host in hosts if (wrong := _wrong_cpu(experiment, host))), None)
        or _untaken(experiment)
        or _led_out(experiment)
    )


def _same_names(names: list[str]) -> str | None:
    own = {f"{service}-{name}" for service in _ON_EACH_HOST for name in names}
    for name in names:
        if name in own or _OF_A_SERVICE.fullmatch(name):
            return (
                f'a host is called "{name}": so may a service be, and then it is not clear what an '
                "event happens to; call it otherwise"
            )
    twice = [name for at, name in enumerate(names) if name in names[:at]]
    return f'two hosts are called "{twice[0]}": a name stands for one host' if twice else None


def _wrong_link(experiment: Experiment, host: EmulatedHost) -> str | None:
    rate, delay = host.link, host.delay
    asked, scale = f'host {host.name}: link = "{rate}"', experiment.emulation.scale
    if rate is not None and (wrong := wrong_link_rate(rate, scale, asked)):
        return f"{wrong}; leave it out for one that is not shaped"
    if delay and not SHORTEST_SECONDS <= delay <= LONGEST_SECONDS:
        return (
            f'host {host.name}: delay = "{delay}": a link delays by 0.1ms to 1s each way, '
            "or not at all"
        )
    return None


def _wrong_cpu(experiment: Experiment, host: EmulatedHost) -> str | None:
    cores = host.cpu
    # so that "not a number", which TOML has, is refused as well
    if cores is not None and not FEWEST_CORES <= cores <= MOST_CORES:
        return (
            f"host {host.name}: cpu = {cores:g}: a share of this machine's CPU, in cores, is "
            f"{FEWEST_CORES:g} to {MOST_CORES:g} (0.25 is a quarter of one); leave it out for a "
            "host that is not limited"
        )
    scaled = scaled_cores(experiment, host)
    if cores is not None and scaled is not None and scaled < FEWEST_CORES:
        return (
            f'host {host.name}: cpu = {cores:g} with emulation.scale = "'
            f'{experiment.emulation.scale}" is {cores_text(scaled)}: {FEWEST_CORES:g} is the least'
        )
    return None


def _untaken(experiment: Experiment) -> str | None:
    needed = get_args(HostRole) if experiment.network.kind == "private" else BASELINE_ROLES
    for role in needed:
        if not hosts_for(experiment, role):
            return (
                f"no host has the role {role}: once there are [[hosts]], each of "
                f"{', '.join(needed)} must be one's"
            )
    return None


def _led_out(experiment: Experiment) -> str | None:
    baseline = experiment.baseline
    for key, address in (("peer", baseline.peer), ("listen", baseline.listen)):
        if address is not None:
            return (
                f'baseline.{key} = "{address}": emulated hosts reach one another and nothing else; '
                "leave out one of the two"
            )
    if experiment.load.socks_port is not None:
        return (
            f"load.socks_port = {experiment.load.socks_port}: client tors on emulated hosts listen "
            "where only their host reaches them"
        )
    return None
