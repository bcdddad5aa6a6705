"""Checks that named hosts must pass, each with the reason; and which hosts have a role."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

import msgspec

from onionrig.experiment.keys import scaled_link_rate, wrong_link_rate
from onionrig.experiment.schema import HostRole
from onionrig.units import Seconds, cores_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from onionrig.experiment.schema import Experiment, NamedHost
    from onionrig.units import BitsPerSecond

MOST_HOSTS = 254
"""Most emulated hosts: the addresses of the network that joins them, 10.77.0.0/24."""
_EMULATED_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?")
SHORTEST_GRACE, LONGEST_GRACE = Seconds(15), Seconds(3600)
"""Bounds of the grace period. With less, a slow connection is taken for a controller that has gone;
with more, an abandoned rig would run for too long."""
SHORTEST_SECONDS, LONGEST_SECONDS = 1e-4, 1.0
"""Bounds of a link's delay, unless it has none; the machine's own delay hides a shorter one."""
FEWEST_CORES, MOST_CORES = 0.01, 1024.0
"""Bounds of a host's share of the CPU. With 0.01 cores, a busy process already pauses for 0.3 s at
a time; no machine has more than the upper bound."""

_ON_EACH_HOST = ("source", "sink", "pinger", "dialler", "load-dialler", "sampler", "yardstick")
"""Services named ``<prefix>-<host>``, one per host."""
_OF_A_SERVICE = re.compile(
    rf"(authority|relay|backend|client|sink)-\d+|balancer|balancer-tor|{'|'.join(_ON_EACH_HOST)}"
)

GROUPS: dict[HostRole, str] = {
    "balancer": "balancer",
    "backend": "backends",
    "client": "clients",
    "authority": "authorities",
    "relay": "relays",
}
"""The inventory group whose hosts have a role."""
BASELINE_ROLES: tuple[HostRole, ...] = ("backend", "client")
"""The roles of a baseline's hosts: those with its sources, and those with its sinks."""


def hosts_for(experiment: Experiment, role: HostRole) -> list[str]:
    """Return the names of the hosts that have a role, in the experiment's order."""
    return [host.name for host in experiment.hosts if role in host.roles]


def shared_out(
    services: Sequence[str], hosts: Sequence[str], cores: Mapping[str, int] | None = None
) -> dict[str, str]:
    """Return the host of each service of a role, assigned in turn, however many hosts there are.

    If the cores of every host are given, a host is skipped once it has one service per core.
    """
    turns = _turns(hosts, cores) if cores else hosts
    return {name: turns[index % len(turns)] for index, name in enumerate(services)}


def cores_by_host(experiment: Experiment, role: HostRole) -> dict[str, int] | None:
    """Return the cores of each host that has a role, or None unless all of them are known."""
    cores = {host.name: host.cores for host in experiment.hosts if role in host.roles}
    known_cores = {name: count for name, count in cores.items() if count is not None}
    return known_cores if known_cores and known_cores.keys() == cores.keys() else None


def _turns(hosts: Sequence[str], cores: Mapping[str, int]) -> list[str]:
    """Return each host once per core: all hosts in turn, then those with more cores."""
    rounds = range(max(cores.values()))
    return [host for number in rounds for host in hosts if cores[host] > number]


def scaled_link(experiment: Experiment, host: NamedHost) -> BitsPerSecond | None:
    """Return the rate that a host's link is given, or None if it is not shaped."""
    if host.link is None:
        return None
    return scaled_link_rate(host.link, experiment.emulation.scale)


def scaled_cores(experiment: Experiment, host: NamedHost) -> float | None:
    """Return the cores that a host's services may use, or None if they are not limited."""
    return None if host.cpu is None else host.cpu * float(experiment.emulation.scale)


def wrong_hosts(experiment: Experiment) -> str | None:
    """Explain what is wrong with the hosts, or return None."""
    if experiment.has_real_hosts:
        return _wrong_real_hosts(experiment)
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
        next((wrong for host in hosts if (wrong := _not_emulated(host))), None)
        or _same_names([host.name for host in hosts])
        or next((wrong for host in hosts if (wrong := _wrong_link(experiment, host))), None)
        or next((wrong for host in hosts if (wrong := _wrong_cpu(experiment, host))), None)
        or _role_without_host(experiment)
        or _reaches_outside(experiment)
    )


def scale_of_real_hosts(experiment: Experiment) -> str | None:
    """Explain why the links of real hosts cannot be scaled, or return None."""
    scale = experiment.emulation.scale
    if scale == 1:
        return None
    return (
        f'emulation.scale = "{scale}" (--scale) with cluster.inventory (-i): only emulated links '
        "can be scaled, those of real hosts carry what they carry; leave it out"
    )


def _wrong_real_hosts(experiment: Experiment) -> str | None:
    return (
        scale_of_real_hosts(experiment)
        or _wrong_grace(experiment.cluster.grace)
        or _same_names([host.name for host in experiment.hosts])
        or _untaken_in_inventory(experiment)
        or _several_balancers(experiment)
        or _beside_inventory(experiment)
    )


def _wrong_grace(grace: Seconds) -> str | None:
    if SHORTEST_GRACE <= grace <= LONGEST_GRACE:
        return None
    return (
        f'cluster.grace = "{grace}": 15s to 1h, after which hosts that '
        "hear nothing from their controller stop by themselves"
    )


def _untaken_in_inventory(experiment: Experiment) -> str | None:
    # in the order of the groups, so that the first missing role is asked for first
    for role in (role for role in GROUPS if role in _needed_roles(experiment)):
        if not hosts_for(experiment, role):
            return (
                f"no host of {experiment.cluster.inventory} has the role {role}: put one into the "
                f"group {GROUPS[role]}, or name it in [[hosts]] with this role"
            )
    return None


def _several_balancers(experiment: Experiment) -> str | None:
    balancers = hosts_for(experiment, "balancer")
    if len(balancers) <= 1 or experiment.network.kind == "none":
        return None
    return (
        f"{' and '.join(balancers)} have the role balancer: one host publishes the address; leave "
        f"one of them in the group {GROUPS['balancer']}"
    )


def _beside_inventory(experiment: Experiment) -> str | None:
    baseline = experiment.baseline
    for key, address in (("peer", baseline.peer), ("listen", baseline.listen)):
        if address is not None:
            return (
                f'baseline.{key} = "{address}" with cluster.inventory (-i): such a baseline is '
                "between the inventory's own hosts, from backends to clients; leave out one of the "
                "two"
            )
    return None


def _not_emulated(host: NamedHost) -> str | None:
    """Explain that a host uses what only a host of an inventory may, or return None."""
    if not _EMULATED_NAME.fullmatch(host.name):
        return (
            f'a host is called "{host.name}": an emulated one has up to 24 lower-case letters, '
            "digits and hyphens, with no hyphen at either end"
        )
    if host.cores is not None:
        return (
            f"host {host.name}: cores = {host.cores}: only a host of an inventory has cores of its "
            "own (cluster.inventory); an emulated one may be given a share of this machine's, as "
            f"in cpu = {host.cores}"
        )
    return None


def _same_names(names: list[str]) -> str | None:
    reserved_names = {f"{service}-{name}" for service in _ON_EACH_HOST for name in names}
    for name in names:
        if name in reserved_names or _OF_A_SERVICE.fullmatch(name):
            return (
                f'a host is called "{name}": so may a service be, and then it is not clear what an '
                "event happens to; call it otherwise"
            )
    duplicates = [name for index, name in enumerate(names) if name in names[:index]]
    return (
        f'two hosts are called "{duplicates[0]}": a name stands for one host'
        if duplicates
        else None
    )


def _wrong_link(experiment: Experiment, host: NamedHost) -> str | None:
    rate, delay = host.link, host.delay
    prefix, scale = f'host {host.name}: link = "{rate}"', experiment.emulation.scale
    if rate is not None and (wrong := wrong_link_rate(rate, scale, prefix)):
        return f"{wrong}; leave it out for one that is not shaped"
    if delay and not SHORTEST_SECONDS <= delay <= LONGEST_SECONDS:
        return (
            f'host {host.name}: delay = "{delay}": a link delays by 0.1ms to 1s each way, '
            "or not at all"
        )
    return None


def _wrong_cpu(experiment: Experiment, host: NamedHost) -> str | None:
    cores = host.cpu
    # the comparison also refuses "not a number", which TOML has
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


def _role_without_host(experiment: Experiment) -> str | None:
    needed = _needed_roles(experiment)
    for role in needed:
        if not hosts_for(experiment, role):
            return (
                f"no host has the role {role}: once there are [[hosts]], each of "
                f"{', '.join(needed)} must be one's"
            )
    return None


def _needed_roles(experiment: Experiment) -> tuple[HostRole, ...]:
    return get_args(HostRole) if experiment.network.kind == "private" else BASELINE_ROLES


def _reaches_outside(experiment: Experiment) -> str | None:
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


def serving_alone(experiment: Experiment, name: str) -> Experiment:
    """Return the experiment with one host that serves; hosts left without a role are dropped."""
    hosts = (
        host
        if host.name == name
        else msgspec.structs.replace(
            host, roles=tuple(role for role in host.roles if role != "backend")
        )
        for host in experiment.hosts
    )
    return msgspec.structs.replace(experiment, hosts=tuple(host for host in hosts if host.roles))
