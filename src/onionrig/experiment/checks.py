"""Checks that an experiment must pass beyond its types, each with the reason.

A check returns an explanation of what is wrong, or None; ``refuse_impossible`` raises the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.errors import UsageError
from onionrig.experiment.faults.checks import wrong_faults
from onionrig.experiment.frontend import (
    FETCHED_PLACES,
    MOST_IN_A_DESCRIPTOR,
    MOST_INSTANCES,
    MOST_POINTS_IN_A_DESCRIPTOR,
    POINTS_AN_INSTANCE,
    daemons_of,
    most_instances,
    switches_on,
    variants_of,
)
from onionrig.experiment.hosts import wrong_hosts
from onionrig.experiment.keys import (
    LONGEST_LOAD,
    MOST_DIALS_A_BACKEND,
    MOST_IN_A_CONSENSUS,
    MOST_STREAMS,
    STREAM_KB,
    counted_at_most,
    too_many,
    too_many_tors,
)
from onionrig.experiment.loads.registry import shape_of
from onionrig.experiment.thresholds import wrong_thresholds
from onionrig.experiment.torrc_lines import wrong_torrc_lines
from onionrig.records.result import WINDOW_SECONDS
from onionrig.units import Seconds, host_and_port, rough_duration_text

if TYPE_CHECKING:
    from onionrig.experiment.schema import Experiment

FEWEST_HSDIRS = 5
"""Fewest HSDirs: with fewer, Onionbalance's hash ring loops forever (onionbalance 0.2.4:
hs_v3/hashring.py)."""
FEWEST_RELAYS = 3
"""Fewest relays: with authorities alone no six-hop circuit is ever built, and nothing
bootstraps."""
SHORTEST_DIAL_EVERY_SECONDS = 0.05


def refuse_impossible(experiment: Experiment) -> None:
    """Raise UsageError for an experiment that cannot be run, before anything is started."""
    network = (
        ()
        if experiment.network.kind == "none"
        else (_switches, _instances, _hsdirs, _relays, _load)
    )
    for check in (
        _counts,  # first, since other checks compute with the counts
        _durations,
        wrong_hosts,
        _peer,
        _shape,
        *network,
        _hold,
        _dialling,
        wrong_torrc_lines,
        wrong_faults,
        wrong_thresholds,
    ):
        wrong = check(experiment)
        if wrong is not None:
            raise UsageError(wrong)


def _counts(experiment: Experiment) -> str | None:
    network, load = experiment.network, experiment.load
    tors = {
        "network.authorities": network.authorities,
        "network.relays": network.relays,
        "load.clients": load.clients,
    }
    dials = counted_at_most(load.dials_a_backend * daemons_of(experiment))
    streams = counted_at_most(load.streams_asked)
    return (
        too_many(
            "load.streams",
            load.streams_asked,
            MOST_STREAMS,
            f"each is a circuit with {STREAM_KB} kB on its way, and together they take "
            f"{streams * STREAM_KB // 10**6:,} GB of memory in tors",
        )
        or next(
            (
                wrong
                for key, count in tors.items()
                if count != "auto" and (wrong := too_many_tors(key, count))
            ),
            None,
        )
        or too_many(
            "load.dials_a_backend",
            load.dials_a_backend,
            MOST_DIALS_A_BACKEND,
            f"each needs circuits of its own, and {dials} dials take "
            f"{rough_duration_text(dials * SHORTEST_DIAL_EVERY_SECONDS)} at least",
        )
        or next(
            (
                f"network.consensus.{name} = {value}: a consensus parameter is a number of 32 "
                f"bits, from {-MOST_IN_A_CONSENSUS - 1} to {MOST_IN_A_CONSENSUS}"
                for name, value in network.consensus.items()
                if not -MOST_IN_A_CONSENSUS - 1 <= value <= MOST_IN_A_CONSENSUS
            ),
            None,
        )
    )


def _durations(experiment: Experiment) -> str | None:
    for key, seconds in (("hold", experiment.load.hold), ("ramp", experiment.load.ramp)):
        if seconds > LONGEST_LOAD:
            return (
                f"load.{key} = {seconds}: {seconds:.0f} lines in each file of samples, which are "
                f"read into memory at the end; at most 30 days"
            )
    return None


def _shape(experiment: Experiment) -> str | None:
    shape = shape_of(experiment.load)
    if experiment.network.kind != "none" or shape.drivers(experiment.load).sinks:
        return None
    return (
        f'load.kind = "{shape.kind}" with network.kind = "none": without tor there are only sinks '
        "that pull streams"
    )


def _peer(experiment: Experiment) -> str | None:
    """Raise UsageError if the text is not an address."""
    baseline = experiment.baseline
    if baseline.peer is not None and baseline.listen is not None:
        return "baseline.peer and baseline.listen: a host pulls or serves"
    for key, address in (("peer", baseline.peer), ("listen", baseline.listen)):
        if address is None:
            continue
        if experiment.network.kind != "none":
            return (
                f'baseline.{key} = "{address}": only a baseline has one (network.kind = "none"); '
                "an onion address is reached through the rig's own clients"
            )
        try:
            host_and_port(address)
        except UsageError as error:
            return f"baseline.{key}: {error}"
    return None


def _switches(experiment: Experiment) -> str | None:
    frontend = experiment.frontend
    if frontend.balancer == "stock":
        on = switches_on(frontend)
        if on:
            return (
                f"frontend.{on[0]} = true: stock Onionbalance has no such switch; "
                'set frontend.balancer = "extended"'
            )
        if frontend.variants not in ("auto", 1):
            return (
                f"frontend.variants = {frontend.variants}: stock Onionbalance publishes one "
                'descriptor; set frontend.balancer = "extended"'
            )
    if frontend.distinct_descriptors is True and frontend.whole_ring is False:
        return (
            "frontend.whole_ring = false: distinct descriptors need the whole ring, or clients "
            "would ask HSDirs that have none; leave it out"
        )
    if variants_of(experiment) == 1 and frontend.variants not in ("auto", 1):
        return (
            f"frontend.variants = {frontend.variants}: with frontend.distinct_descriptors = false "
            "there is one descriptor"
        )
    return None


def _instances(experiment: Experiment) -> str | None:
    daemons, frontend = daemons_of(experiment), experiment.frontend
    most = most_instances(frontend)
    if daemons <= most:
        return None
    prefix = f"backends.daemons = {daemons}: "
    if daemons > MOST_INSTANCES:
        return (
            f"{prefix}one address holds at most {MOST_INSTANCES} backend instances. Clients fetch "
            f"its descriptor from {FETCHED_PLACES} HSDirs, and each descriptor holds "
            f"{MOST_IN_A_DESCRIPTOR} instances with {POINTS_AN_INSTANCE} introduction points"
        )
    if frontend.balancer == "extended":
        switch = (
            "set frontend.distinct_descriptors = true"
            if frontend.distinct_descriptors is False
            else 'set frontend.variants = "auto"'
        )
        return (
            f"{prefix}{most} fit: a descriptor holds at most {MOST_POINTS_IN_A_DESCRIPTOR} "
            f"introduction points, {POINTS_AN_INSTANCE} of each instance; {switch} to share them "
            "out over more descriptors"
        )
    return (
        f"{prefix}stock Onionbalance holds at most {most} "
        f"backend instances. It publishes {POINTS_AN_INSTANCE} introduction points of each, "
        f"and tor refuses a descriptor with more than {MOST_POINTS_IN_A_DESCRIPTOR}: with an 11th "
        "nobody would be served, although the upload would be acknowledged. Set "
        'frontend.balancer = "extended" (--balancer extended): it shares up to '
        f"{MOST_INSTANCES} out over distinct descriptors"
    )


def _hsdirs(experiment: Experiment) -> str | None:
    network, variants = experiment.network, variants_of(experiment)
    if network.relays == "auto":
        return None
    hsdirs = network.authorities + network.relays
    prefix = f"network.authorities + network.relays = {hsdirs}: "
    explanation = "(every authority and relay of the private network is one)"
    if hsdirs < FEWEST_HSDIRS:
        return (
            f"{prefix}Onionbalance needs at least {FEWEST_HSDIRS} HSDirs, with fewer its hash ring "
            f"loops for ever {explanation}"
        )
    if variants > 1 and hsdirs < FETCHED_PLACES:
        return (
            f"{prefix}{variants} distinct descriptors need {FETCHED_PLACES} HSDirs to be fetched "
            f"from {explanation}"
        )
    return None


def _relays(experiment: Experiment) -> str | None:
    network = experiment.network
    if network.relays == "auto" or network.relays >= FEWEST_RELAYS:
        return None
    return (
        f"network.relays = {network.relays}: a private network needs at least {FEWEST_RELAYS} "
        "relays beside its authorities, with fewer no circuit is built and nothing bootstraps"
    )


def _hold(experiment: Experiment) -> str | None:
    hold = experiment.load.hold
    if hold < WINDOW_SECONDS:
        return (
            f"load.hold = {hold}: hold at least {WINDOW_SECONDS}s, since the sustained rate is "
            f"the lowest mean of any {WINDOW_SECONDS} consecutive seconds of the hold"
        )
    if not (hold.is_integer() and experiment.load.ramp.is_integer()):
        return (
            f"load.hold = {hold}, load.ramp = {experiment.load.ramp}: "
            "whole seconds only, since the load is counted second by second"
        )
    return None


def _load(experiment: Experiment) -> str | None:
    return shape_of(experiment.load).wrong(experiment.load)


def _dialling(experiment: Experiment) -> str | None:
    every = experiment.load.dial_every
    if every is None or every >= SHORTEST_DIAL_EVERY_SECONDS:
        return None
    return (
        f"load.dial_every = {every}: at least {Seconds(SHORTEST_DIAL_EVERY_SECONDS)}, since each "
        "dial needs circuits of its own"
    )
