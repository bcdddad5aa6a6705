"""What the events of an experiment must satisfy, each with the reason."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from onionrig.experiment.happenings import (
    ENDING,
    OF_A_LINK,
    VERBS,
    out_of_turn,
    planned,
    verbs_said,
)
from onionrig.experiment.hosts import wrong_rate
from onionrig.experiment.placement import faulted_services
from onionrig.units import Seconds

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from onionrig.experiment.happenings import Verb
    from onionrig.experiment.schema import Experiment, Happening, HostRole


def wrong_events(experiment: Experiment) -> str | None:
    """Say what is wrong with the events, if anything is."""
    services = faulted_services(experiment)
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
