"""Replace every ``auto`` of an experiment by its number, and say how it came about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.experiment.checks import STOCK_POINTS_AN_INSTANCE

if TYPE_CHECKING:
    from onionrig.experiment.schema import Experiment

RELAYS_A_POINT = 1.5
"""Relays for each introduction point of the frontend's descriptor.

A client reaches only the first point on each relay, so a backend whose points all come second on
their relays is starved. More relays make that rarer, but spread the load thinner, which costs
goodput (docs/method.md has both curves); an unlucky publication is made good by the next one.
"""
FEWEST_AUTO_RELAYS = 8
MOST_AUTO_RELAYS = 30
STREAMS_A_CLIENT = 16
FEWEST_CLIENTS = 2


def resolved(experiment: Experiment) -> tuple[Experiment, dict[str, str]]:
    """Return the experiment with numbers for ``auto``, and by key how each was found."""
    found: dict[str, str] = {}
    network, load = experiment.network, experiment.load
    if network.kind == "none":
        return _without_tors(experiment), found
    if network.relays == "auto":
        points = STOCK_POINTS_AN_INSTANCE * experiment.backends.daemons
        wanted = round(RELAYS_A_POINT * points)
        relays = min(max(wanted, FEWEST_AUTO_RELAYS), MOST_AUTO_RELAYS)
        network = msgspec.structs.replace(network, relays=relays)
        found["network.relays"] = (
            f"{relays} relays beside {network.authorities} authorities, for the frontend's "
            f"{points} introduction points: few enough to be cheap, enough that few share one"
        )
    if load.clients == "auto":
        wanted = max(FEWEST_CLIENTS, -(-load.streams // STREAMS_A_CLIENT))
        clients = min(wanted, load.streams)
        load = msgspec.structs.replace(load, clients=clients)
        found["load.clients"] = (
            f"{clients} client tors: one for each {STREAMS_A_CLIENT} streams, at least "
            f"{FEWEST_CLIENTS}, since a tor runs on one core"
        )
    return msgspec.structs.replace(experiment, network=network, load=load), found


def _without_tors(experiment: Experiment) -> Experiment:
    """Return a baseline's experiment, with counts that promise nothing of a network."""
    return msgspec.structs.replace(
        experiment,
        network=msgspec.structs.replace(experiment.network, authorities=1, relays=0),
        backends=msgspec.structs.replace(experiment.backends, daemons=1),
        load=msgspec.structs.replace(experiment.load, clients=1),
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
