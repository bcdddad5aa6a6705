"""The hosts that an experiment names: emulated ones with links and CPU shares, or real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.experiment.faults.planned import fastest_rate
from onionrig.experiment.hosts import scaled_cores, scaled_link
from onionrig.rig.model import Host

if TYPE_CHECKING:
    from onionrig.experiment.schema import Experiment
    from onionrig.units import BitsPerSecond

NETWORK = "10.77.0"
"""First three octets of emulated hosts' addresses, the same in all runs: the hosts of a run see
only one another."""


def emulated_hosts(experiment: Experiment) -> tuple[Host, ...]:
    """Return the emulated hosts of an experiment with their addresses."""
    return tuple(
        Host(
            name=host.name,
            kind="emulated",
            address=f"{NETWORK}.{number}",
            link_bits_per_second=None if rate is None else float(rate),
            most_bits_per_second=_most(experiment, host.name, rate),
            delay_seconds=float(host.delay),
            cpu_cores=scaled_cores(experiment, host),
        )
        for number, host in enumerate(experiment.hosts, start=1)
        for rate in (scaled_link(experiment, host),)
    )


def placeholder_hosts(experiment: Experiment) -> tuple[Host, ...]:
    """Return the hosts of an experiment for display: addresses of real ones are not known yet."""
    if not experiment.has_real_hosts:
        return emulated_hosts(experiment)
    return tuple(
        Host(name=host.name, kind="remote", address=f"ADDRESS-OF-{host.name}")
        for host in experiment.hosts
    )


def _most(experiment: Experiment, host: str, link: BitsPerSecond | None) -> float | None:
    """Return the highest rate of a host's link in the run, or None if it is unshaped at first."""
    if link is None:
        return None
    return float(max(link, fastest_rate(experiment, host) or link))
