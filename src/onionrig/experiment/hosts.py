"""What emulated hosts must satisfy, each with the reason; and which of them take a role."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from onionrig.experiment.schema import HostRole
from onionrig.units import BitsPerSecond

if TYPE_CHECKING:
    from onionrig.experiment.schema import EmulatedHost, Experiment

MOST_HOSTS = 254
"""Addresses of the network that joins them, 10.77.0.0/24."""
SLOWEST_BITS_PER_SECOND, FASTEST_BITS_PER_SECOND = 1e6, 10e9
"""Below, a few frames fill the link's queue; above, no machine carries it."""
SHORTEST_SECONDS, LONGEST_SECONDS = 1e-4, 1.0
"""Of a link's delay, unless it has none: shorter is what the machine itself takes."""

BASELINE_ROLES: tuple[HostRole, ...] = ("backend", "client")
"""Where a baseline has its sources and its sinks."""


def hosts_for(experiment: Experiment, role: HostRole) -> list[str]:
    """Name the hosts that take a role, in the experiment's order."""
    return [host.name for host in experiment.hosts if role in host.roles]


def scaled_link(experiment: Experiment, host: EmulatedHost) -> BitsPerSecond | None:
    """Return the rate that a host's link is given; None where it is not shaped."""
    # delays stay as they are: they are distances, and nothing that a busy machine is short of
    if host.link is None:
        return None
    return BitsPerSecond(round(host.link * experiment.emulation.scale))


def wrong_hosts(experiment: Experiment) -> str | None:
    """Say what is wrong with the hosts, if anything is."""
    hosts, scale = experiment.hosts, experiment.emulation.scale
    if not 0 < scale <= 1:
        return (
            f'emulation.scale = "{scale}": a part of what the links would carry, above 0 and at '
            'most 1, as in "1/4"'
        )
    if scale != 1 and not any(host.link for host in hosts):
        return (
            f'emulation.scale = "{scale}": there is nothing to scale, since no emulated host has a '
            "link with a rate ([[hosts]], link or board)"
        )
    if not hosts:
        return None
    if len(hosts) > MOST_HOSTS:
        return f"{len(hosts)} hosts: there are {MOST_HOSTS} addresses for them"
    return (
        _same_names([host.name for host in hosts])
        or next((wrong for host in hosts if (wrong := _wrong_link(experiment, host))), None)
        or _untaken(experiment)
        or _led_out(experiment)
    )


def _same_names(names: list[str]) -> str | None:
    twice = [name for at, name in enumerate(names) if name in names[:at]]
    return f'two hosts are called "{twice[0]}": a name stands for one host' if twice else None


def _wrong_link(experiment: Experiment, host: EmulatedHost) -> str | None:
    rate, delay = host.link, host.delay
    if rate is not None and not SLOWEST_BITS_PER_SECOND <= rate <= FASTEST_BITS_PER_SECOND:
        return (
            f'host {host.name}: link = "{rate}": a link carries 1Mbit to 10Gbit; leave it out for '
            "one that is not shaped"
        )
    scaled = scaled_link(experiment, host)
    if scaled is not None and scaled < SLOWEST_BITS_PER_SECOND:
        return (
            f'host {host.name}: link = "{rate}" with emulation.scale = '
            f'"{experiment.emulation.scale}" is {scaled}: a link carries 1Mbit at least'
        )
    if delay and not SHORTEST_SECONDS <= delay <= LONGEST_SECONDS:
        return (
            f'host {host.name}: delay = "{delay}": a link delays by 0.1ms to 1s each way, '
            "or not at all"
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
