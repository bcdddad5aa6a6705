"""Which keys to create on which host, and the public halves that come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.experiment.auto import relays_of
from onionrig.experiment.frontend import daemons_of
from onionrig.experiment.names import BALANCER, numbered
from onionrig.rig.allocation import (
    AuthorityIdentity,
    Identities,
    Made,
    OnionIdentity,
    RelayIdentity,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from onionrig.experiment.schema import Experiment


class KeysWanted(Made, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names of the services of one host whose keys are to be created there."""

    authorities: tuple[str, ...] = ()
    relays: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()
    frontend: bool = False
    """True if the address's own key is to be created, or taken from where it is kept."""


class HostKeys(Made, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The public halves of the keys that were created on one host, by service."""

    authorities: dict[str, AuthorityIdentity] = msgspec.field(default_factory=dict)
    relays: dict[str, RelayIdentity] = msgspec.field(default_factory=dict)
    backends: dict[str, OnionIdentity] = msgspec.field(default_factory=dict)
    frontend: OnionIdentity | None = None


def keys_wanted(experiment: Experiment) -> KeysWanted:
    """Return every service of a resolved experiment that has keys."""
    return KeysWanted(
        authorities=tuple(numbered("authority", experiment.network.authorities)),
        relays=tuple(numbered("relay", relays_of(experiment))),
        backends=tuple(numbered("backend", daemons_of(experiment))),
        frontend=True,
    )


def keys_by_host(experiment: Experiment, places: Mapping[str, str]) -> dict[str, KeysWanted]:
    """Return the keys to create on each host, leaving out hosts whose services have no keys."""
    all_keys = keys_wanted(experiment)
    by_host = {
        host: KeysWanted(
            authorities=tuple(name for name in all_keys.authorities if places[name] == host),
            relays=tuple(name for name in all_keys.relays if places[name] == host),
            backends=tuple(name for name in all_keys.backends if places[name] == host),
            frontend=places[BALANCER] == host,
        )
        for host in dict.fromkeys(places.values())
    }
    return {host: keys for host, keys in by_host.items() if keys != KeysWanted()}


def identities_from(experiment: Experiment, host_keys: Iterable[HostKeys]) -> Identities:
    """Return the identities of all hosts put together. Raises KeyError if one is missing."""
    names, every = keys_wanted(experiment), tuple(host_keys)
    authorities = {name: identity for keys in every for name, identity in keys.authorities.items()}
    relays = {name: identity for keys in every for name, identity in keys.relays.items()}
    backends = {name: identity for keys in every for name, identity in keys.backends.items()}
    (frontend,) = (keys.frontend for keys in every if keys.frontend is not None)
    return Identities(
        authorities=tuple(authorities[name] for name in names.authorities),
        relays=tuple(relays[name] for name in names.relays),
        backends=tuple(backends[name] for name in names.backends),
        frontend=frontend,
    )
