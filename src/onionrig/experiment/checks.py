"""What an experiment must satisfy beyond its types, each with the reason.

A check returns what is wrong in words, or None; ``refuse_impossible`` raises the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.errors import UsageError
from onionrig.units import host_and_port

if TYPE_CHECKING:
    from onionrig.experiment.schema import Experiment

MOST_POINTS_IN_A_DESCRIPTOR = 20
"""tor refuses a descriptor with more (tor: src/feature/hs/hs_descriptor.c, hs_config.h)."""
STOCK_POINTS_AN_INSTANCE = 2
"""What Onionbalance takes of each instance (onionbalance 0.2.4: hs_v3/params.py)."""
MOST_STOCK_INSTANCES = MOST_POINTS_IN_A_DESCRIPTOR // STOCK_POINTS_AN_INSTANCE
FEWEST_HSDIRS = 5
"""With fewer Onionbalance's hash ring loops for ever (onionbalance 0.2.4: hs_v3/hashring.py)."""
FEWEST_RELAYS = 3
"""With authorities alone no six-hop circuit is ever built, and nothing bootstraps."""
WINDOW_SECONDS = 10
"""The sustained rate is a mean over so many seconds; a shorter hold has none."""

LINES_OF_THE_RIG = {
    name.lower(): name
    for name in (
        "AuthoritativeDirectory", "ControlSocket", "ControlPort", "DataDirectory", "DirAuthority",
        "DirPort", "HiddenServiceDir", "HiddenServiceNonAnonymousMode",
        "HiddenServiceNumIntroductionPoints", "HiddenServiceOnionBalanceInstance",
        "HiddenServicePort", "HiddenServiceSingleHopMode", "MetricsPort", "MetricsPortPolicy",
        "ORPort", "PidFile", "RunAsDaemon", "SocksPort", "TestingTorNetwork", "User",
        "V3AuthoritativeDirectory",
    )
}  # fmt: skip


def refuse_impossible(experiment: Experiment) -> None:
    """Raise UsageError for what cannot be run, before anything is started."""
    network = () if experiment.network.kind == "none" else (_instances, _hsdirs, _relays, _clients)
    for check in (_peer, *network, _hold, _torrc_lines):
        wrong = check(experiment)
        if wrong is not None:
            raise UsageError(wrong)


def _peer(experiment: Experiment) -> str | None:
    """Raise UsageError for an address that is none."""
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
        host_and_port(address)
    return None


def _instances(experiment: Experiment) -> str | None:
    daemons = experiment.backends.daemons
    if daemons <= MOST_STOCK_INSTANCES:
        return None
    return (
        f"backends.daemons = {daemons}: stock Onionbalance holds at most {MOST_STOCK_INSTANCES} "
        f"backend instances. It publishes {STOCK_POINTS_AN_INSTANCE} introduction points of each, "
        f"and tor refuses a descriptor with more than {MOST_POINTS_IN_A_DESCRIPTOR}: with an 11th "
        "nobody would be served, although the upload would be acknowledged"
    )


def _hsdirs(experiment: Experiment) -> str | None:
    network = experiment.network
    if network.relays == "auto" or network.authorities + network.relays >= FEWEST_HSDIRS:
        return None
    return (
        f"network.authorities + network.relays = {network.authorities + network.relays}: "
        f"Onionbalance needs at least {FEWEST_HSDIRS} HSDirs, with fewer its hash ring loops for "
        "ever (every authority and relay of the private network is one)"
    )


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


def _clients(experiment: Experiment) -> str | None:
    load = experiment.load
    if load.clients == "auto" or load.clients <= load.streams:
        return None
    return (
        f"load.clients = {load.clients}: more client tors than load.streams = {load.streams}, "
        "some would pull nothing"
    )


def _torrc_lines(experiment: Experiment) -> str | None:
    for table, lines in (
        ("network", experiment.network.torrc),
        ("backends", experiment.backends.torrc),
        ("load", experiment.load.torrc),
    ):
        for line in lines:
            keyword = line.strip().lstrip("+/").partition(" ")[0].lower()
            if "\n" in line or keyword in LINES_OF_THE_RIG:
                name = LINES_OF_THE_RIG.get(keyword, "a line break")
                return f"{table}.torrc: {line!r}: {name} is the rig's own to set"
    return None
