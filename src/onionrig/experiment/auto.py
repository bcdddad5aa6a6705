"""Replace every ``auto`` of an experiment by its number, and explain how it was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.experiment.frontend import (
    SWITCHES,
    daemons_of,
    is_on,
    points_in_a_descriptor,
    switches_on,
    variants_of,
)
from onionrig.experiment.hosts import hosts_for, scaled_link
from onionrig.units import Seconds, counted

if TYPE_CHECKING:
    from onionrig.experiment.schema import Experiment, Frontend, HostRole

RELAYS_A_POINT = 1.5
"""Relays for each introduction point of the frontend's descriptor.

A client reaches only the first introduction point on each relay, so a backend whose points all come
second on their relays is starved. More relays make that rarer, but spread the load thinner, which
costs goodput (docs/lab-notes.md has both curves). An unlucky choice lasts only until the next
publication.
"""
FEWEST_AUTO_RELAYS, MOST_AUTO_RELAYS = 8, 30
STREAMS_A_CLIENT = 16
FEWEST_CLIENTS = 2
DIAL_EVERY = Seconds(0.5)


def resolved(experiment: Experiment) -> tuple[Experiment, dict[str, str]]:
    """Return the experiment with numbers for ``auto``, and how each was chosen, by key."""
    explanations: dict[str, str] = {}
    network, load = experiment.network, experiment.load
    if experiment.emulation.scale != 1:
        explanations["emulation.scale"] = _scale_explanation(experiment)
    if network.kind == "none":
        return _without_tors(experiment), explanations
    variants = variants_of(experiment)
    if network.relays == "auto":
        points = points_in_a_descriptor(experiment)
        wanted = round(RELAYS_A_POINT * points)
        relays = min(max(wanted, FEWEST_AUTO_RELAYS), most_relays(experiment))
        relays = max(relays, _real_hosts(experiment, "relay"))
        network = msgspec.structs.replace(network, relays=relays)
        explanations["network.relays"] = (
            f"{relays} relays beside {network.authorities} authorities: so many that few of the "
            f"{points} introduction points of {'each' if variants > 1 else 'the'} descriptor share "
            "a relay, and so few that they cost little"
            + ("; at least one on each host" if _real_hosts(experiment, "relay") >= relays else "")
        )
    if load.clients == "auto":
        wanted = max(fewest_clients(experiment), -(-load.streams_asked // STREAMS_A_CLIENT))
        wanted = -(-wanted // variants) * variants
        clients = min(wanted, load.streams_asked or wanted)
        load = msgspec.structs.replace(load, clients=clients)
        explanations["load.clients"] = (
            f"{counted(clients, 'client tor')}: one per {STREAMS_A_CLIENT} streams, and at least "
            f"{fewest_clients(experiment)}, because a tor runs on one core"
            + (
                f"; as many for each of the {variants} distinct descriptors, of which a client tor "
                "holds one"
                if variants > 1
                else ""
            )
        )
    if load.dial_every is None and experiment.faults:
        load = msgspec.structs.replace(load, dial_every=DIAL_EVERY)
        explanations["load.dial_every"] = f"a dial every {DIAL_EVERY}, to see what new clients meet"
    frontend = _resolved_frontend(experiment, explanations)
    backends = msgspec.structs.replace(experiment.backends, daemons=daemons_of(experiment))
    answer = msgspec.structs.replace(
        experiment, network=network, backends=backends, load=load, frontend=frontend
    )
    return answer, explanations


def fewest_clients(experiment: Experiment) -> int:
    """Return the lower bound of ``auto`` client tors: two, or one per host if that is more."""
    return max(FEWEST_CLIENTS, _real_hosts(experiment, "client"))


def most_relays(experiment: Experiment) -> int:
    """Return the upper bound of ``auto`` relays: the usual one, or one per host if that is more."""
    return max(MOST_AUTO_RELAYS, _real_hosts(experiment, "relay"))


def _real_hosts(experiment: Experiment, role: HostRole) -> int:
    """Return the number of inventory hosts that have a role: none of them should be idle."""
    return len(hosts_for(experiment, role)) if experiment.has_real_hosts else 0


def _scale_explanation(experiment: Experiment) -> str:
    """Describe the scaled rates of the links, grouping links of the same rate."""
    hosts: dict[str, list[str]] = {}
    for host in experiment.hosts:
        if (rate := scaled_link(experiment, host)) is not None:
            hosts.setdefault(str(rate), []).append(host.name)
    links = "; ".join(f"{rate} for {', '.join(names)}" for rate, names in hosts.items())
    return f"{experiment.emulation.scale} of the rate of every link: {links}"


def _resolved_frontend(experiment: Experiment, explanations: dict[str, str]) -> Frontend:
    """Return the frontend with every switch set on or off."""
    frontend, variants = experiment.frontend, variants_of(experiment)
    switch_states = {switch: is_on(frontend, switch) for switch in SWITCHES}
    open_ones = [switch for switch in SWITCHES if getattr(frontend, switch) == "auto"]
    on = switches_on(frontend)
    if frontend.balancer == "extended" and open_ones:
        explanations["frontend"] = (
            f"on: {', '.join(on)}: all that the extended balancer has, unless said otherwise"
        )
    if frontend.balancer == "extended" and frontend.variants == "auto":
        explanations["frontend.variants"] = (
            f"{variants} distinct descriptor{'s' if variants > 1 else ''}: the fewest that hold "
            f"{daemons_of(experiment)} instances"
        )
    return msgspec.structs.replace(frontend, **switch_states, variants=variants)


def _without_tors(experiment: Experiment) -> Experiment:
    """Return a baseline's experiment, with counts that do not suggest a network."""
    return msgspec.structs.replace(
        experiment,
        network=msgspec.structs.replace(experiment.network, authorities=1, relays=0),
        backends=msgspec.structs.replace(experiment.backends, daemons=1),
        load=msgspec.structs.replace(
            experiment.load, clients=1, dials_a_backend=0, dial_every=None
        ),
    )


def relays_of(experiment: Experiment) -> int:
    """Return the number of relays of a resolved experiment."""
    return _number(experiment.network.relays)


def clients_of(experiment: Experiment) -> int:
    """Return the number of client tors of a resolved experiment."""
    return _number(experiment.load.clients)


def _number(count: int | str) -> int:
    if isinstance(count, str):
        raise TypeError("the experiment was not resolved")
    return count
