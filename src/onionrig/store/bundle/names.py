"""Find the names in a run's records that say whose machines they were, and number them.

Hosts are numbered in the order of their names, so that what is sorted by name stays in its order.
"""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING, Any

import msgspec

from onionrig.experiment.names import (
    DIALLER,
    LOAD_DIALLER,
    PINGER,
    SAMPLER,
    SINK,
    SOURCE,
    TORS,
    YARDSTICK,
    on,
)
from onionrig.records.events import HostGone, Phase
from onionrig.rig.model import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from onionrig.records.events import AnyEvent
    from onionrig.records.manifest import Manifest
    from onionrig.records.samples import HostSample

WORDS_OF_THE_FORMAT = frozenset(
    {
        *(str(role) for role in Role),
        *(str(phase) for phase in Phase),
        *("tor", "tors", "onionrig", "onionbalance", "controller", "keeper", "address", "host"),
        *("load", "run", "second", "debian-tor", "localhost"),
    }
)
"""Words that every run's records have; a host or a user that has one of them as its name is still
replaced wherever a record names a host or a path, but not in the middle of a sentence."""

_ON_EACH_HOST = (SOURCE, SINK, PINGER, DIALLER, LOAD_DIALLER, SAMPLER, TORS, YARDSTICK)
_STANDARD_INTERFACE = re.compile(
    r"lo|(eth|wlan|usb|end|br|bond|veth|docker|tun|tap|wg|dummy)\d{1,4}|(en|wl)[ops][\dpsfdnu]*\d"
)
"""Interface names that the kernel or systemd chooses by the place of a device."""
_HOME = re.compile(r"(?:/(?:var|export|usr))?/(?:home|Users)/([^/\s]+)")
_GIVEN_BY_TIME = re.compile(r"\d{8}T\d{6}Z-")
"""Beginning of the names that runs get by default."""


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """The names to replace, each with its replacement."""

    hosts: dict[str, str]
    services: dict[str, str]
    """Every service by its name; most keep it, and those named after their host get a new one."""
    users: dict[str, str]
    interfaces: dict[str, str]
    runs: dict[str, str]
    paths: tuple[str, ...]
    """Absolute paths that records hold, and the directories above each, the longest first."""


def names_in(
    manifest: Manifest, events: Iterable[AnyEvent], samples: Iterable[HostSample]
) -> Names:
    """Return the names in a run's records."""
    hosts = _numbered("host", _hosts(manifest, events))
    paths = sorted(_with_parents(_paths(manifest)), key=lambda path: (-len(path), path))
    users = {home[1] for path in paths if (home := _HOME.match(path))}
    interfaces = {name for sample in samples for name in sample.interfaces}
    return Names(
        hosts=hosts,
        services=_services(manifest, hosts),
        users=_numbered("user", users - WORDS_OF_THE_FORMAT - {"…"}),
        interfaces=_numbered(
            "interface", {name for name in interfaces if not _STANDARD_INTERFACE.fullmatch(name)}
        ),
        runs=_run_names(manifest),
        paths=tuple(paths),
    )


def _numbered(kind: str, names: Iterable[str]) -> dict[str, str]:
    sorted_names = sorted(name for name in set(names) if name)
    width = len(str(len(sorted_names)))
    return {name: f"{kind}-{number:0{width}d}" for number, name in enumerate(sorted_names, start=1)}


def _hosts(manifest: Manifest, events: Iterable[AnyEvent]) -> Iterator[str]:
    for host in manifest.hosts:
        yield host.name
        yield host.machine or ""
    yield from manifest.backends.values()
    yield from (service.host for service in manifest.services)
    yield from (event.host for event in events if isinstance(event, HostGone))
    for table in _tables(manifest.experiment, "hosts"):
        yield str(table.get("name") or "")
    baseline = manifest.experiment.get("baseline")
    for key in ("peer", "listen"):
        endpoint = baseline.get(key) if isinstance(baseline, dict) else None
        name = str(endpoint or "").rpartition(":")[0]
        if re.search(r"[A-Za-z]", name) and ":" not in name:  # an address is replaced as one
            yield name


def _tables(experiment: Mapping[str, Any], name: str) -> Iterator[dict[str, Any]]:
    tables = experiment.get(name)
    if isinstance(tables, (list, tuple)):
        yield from (table for table in tables if isinstance(table, dict))


def _services(manifest: Manifest, hosts: Mapping[str, str]) -> dict[str, str]:
    new_names = {
        on(instrument, host): on(instrument, new_name)
        for instrument in _ON_EACH_HOST
        for host, new_name in hosts.items()
    }
    known_names = [
        *manifest.roles,
        *manifest.backends,
        *(service.name for service in manifest.services),
    ]
    return {TORS: TORS, **new_names, **{name: new_names.get(name, name) for name in known_names}}


def _run_names(manifest: Manifest) -> dict[str, str]:
    """Return the run's own name with its replacement; a name given by time says nothing else."""
    if _GIVEN_BY_TIME.match(manifest.run) and manifest.run.endswith(manifest.profile):
        return {}
    try:
        time = datetime.datetime.fromisoformat(manifest.started).astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        return {manifest.run: "run"}
    return {manifest.run: f"{time:%Y%m%dT%H%M%SZ}-{manifest.profile}"}


def _paths(manifest: Manifest) -> Iterator[str]:
    words = [*manifest.command]
    for service in manifest.services:
        words += [*service.argv, service.control_socket or ""]
        for text in service.files.values():
            words += _words_of_file(text)
    words += [host.records or "" for host in manifest.hosts]
    cluster = manifest.experiment.get("cluster")
    words.append(str((cluster if isinstance(cluster, dict) else {}).get("inventory") or ""))
    yield from (word for word in words if word.startswith("/"))
    yield from (value for word in words if (value := word.rpartition("=")[2]).startswith("/"))


def _words_of_file(text: str) -> Iterator[str]:
    """Yield the texts of a file of JSON, or what follows the first word of each line of another."""
    try:
        configuration = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        values = (line.strip().partition(" ")[2] for line in text.splitlines())
        yield from (value.strip().strip('"').removeprefix("unix:") for value in values)
    else:
        yield from _texts_of(configuration)


def _texts_of(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts_of(item)


def _with_parents(paths: Iterable[str]) -> set[str]:
    """Return paths and the directories above each, but for those directly below the root."""
    all_paths: set[str] = set()
    for path in paths:
        parts = path.rstrip("/").split("/")
        if "…" not in parts:
            all_paths |= {"/".join(parts[:end]) for end in range(3, len(parts) + 1)}
    return all_paths
