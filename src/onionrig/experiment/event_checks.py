"""What the events of an experiment must satisfy, each with the reason."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from onionrig.experiment.auto import MOST_AUTO_RELAYS
from onionrig.experiment.happenings import (
    ENDING,
    OF_A_LINK,
    VERBS,
    out_of_turn,
    planned,
    verbs_said,
)
from onionrig.experiment.hosts import hosts_for, shared_out, wrong_rate
from onionrig.units import Seconds

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from onionrig.experiment.happenings import Verb
    from onionrig.experiment.schema import Experiment, Happening, HostRole

HERE = ""
"""Where every service is if there are no emulated hosts."""


def wrong_events(experiment: Experiment) -> str | None:
    """Say what is wrong with the events, if anything is."""
    services = placed(experiment)
    for number, happening in enumerate(experiment.events, start=1):
        if wrong := _wrong(experiment, happening, services):
            return f"events, number {number}: {wrong}"
    if found := out_of_turn(planned(experiment), services):
        each, state = found
        return (
            f'events, {each.verb} = "{each.subject}" at {Seconds(each.at_seconds)}: {state} at '
            "that time"
        )
    return None


def placed(experiment: Experiment) -> dict[str, str]:
    """Name what something can happen to, with its host: the tors, what publishes, what serves.

    As long as a count is ``auto``, as many as it can come to at most.
    """
    if experiment.network.kind == "none":
        serving = hosts_for(experiment, "backend")
        return _sources(serving) if experiment.baseline.peer is None else {}
    relays, clients = experiment.network.relays, experiment.load.clients
    counts: dict[HostRole, int] = {
        "backend": experiment.backends.daemons,
        "relay": MOST_AUTO_RELAYS if relays == "auto" else relays,
        "authority": experiment.network.authorities,
        "client": experiment.load.streams if clients == "auto" else clients,
    }
    tors: dict[str, str] = {}
    for role, count in counts.items():
        names = [f"{role}-{number}" for number in range(1, count + 1)]
        tors |= shared_out(names, hosts_for(experiment, role) or [HERE])
    balancing = (hosts_for(experiment, "balancer") or [HERE])[0]
    serving = [host for name, host in tors.items() if host and name.startswith("backend-")]
    return {**tors, "balancer": balancing, "balancer-tor": balancing, **_sources(serving)}


def _sources(serving: list[str]) -> dict[str, str]:
    return {f"source-{host}": host for host in serving} or {"source": HERE}


def _wrong(experiment: Experiment, happening: Happening, services: Mapping[str, str]) -> str | None:
    said = verbs_said(happening)
    if len(said) != 1:
        return f'say one of {", ".join(VERBS)}, as in kill = "backend-1"'
    if happening.at >= experiment.load.hold:
        return f"at = {happening.at}: the hold ends after {experiment.load.hold} (load.hold)"
    ((verb, subject),) = said.items()
    hosts = {host.name: host.roles for host in experiment.hosts}
    return (
        _unknown(verb, subject, services, hosts)
        or _wrong_rate(experiment, happening)
        or (
            _untouchable(verb, subject, hosts[subject], services)
            if subject in hosts and verb not in OF_A_LINK
            else None
        )
    )


def _unknown(
    verb: Verb, subject: str, services: Collection[str], hosts: Collection[str]
) -> str | None:
    if verb in OF_A_LINK:
        kind, known = "host", [*hosts]
        there = "only emulated hosts have links ([[hosts]])"
    else:
        kind, known = "service or host" if hosts else "service", [*services, *hosts]
        there = "there is none on this side"
    if subject in known:
        return None
    close = difflib.get_close_matches(subject, known, n=1)
    if known:
        there = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
    return f'{verb} = "{subject}": no such {kind}; {there}'


def _wrong_rate(experiment: Experiment, happening: Happening) -> str | None:
    rate, host = happening.rate, happening.link_rate
    if rate is None:
        return host and f'link_rate = "{host}": say which it is then, as in rate = "10Mbit"'
    said = f'rate = "{rate}"'
    if host is None:
        return f'{said}: only a link has one, as in link_rate = "pi1"'
    return wrong_rate(experiment, rate, f'link_rate = "{host}", {said}')


def _untouchable(
    verb: Verb, host: str, roles: Collection[HostRole], services: Mapping[str, str]
) -> str | None:
    """Refuse hosts that the load comes from, and those that nothing runs on but a sampler."""
    said = f'{verb} = "{host}": '
    if "client" in roles:
        word = "end" if verb in ENDING else "stand still"
        return (
            f"{said}it has the role client, and the load itself, which comes from there, would "
            f"{word} with it; a single client tor may be named, or its link"
        )
    if host not in services.values():
        return f"{said}no service of this experiment is on it"
    return None
