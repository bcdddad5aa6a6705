"""Turn the hosts of an inventory into the hosts of an experiment, each with its roles.

An inventory's groups give its hosts their roles; ``[[hosts]]`` overrides them. Hosts with neither
are left out. ``engine.ansible`` reads inventories; here they are data.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

import msgspec

from onionrig.errors import UsageError
from onionrig.experiment.frontend import DAEMONS, most_instances
from onionrig.experiment.hosts import GROUPS, cores_by_host, hosts_for, scale_of_real_hosts
from onionrig.experiment.schema import Experiment, HostRole, NamedHost

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,47}")
"""Names that can be part of the names of files, units and sockets: a socket's path has at most 107
bytes."""
BESIDE_CLIENTS: tuple[HostRole, ...] = ("authority", "relay")
"""Roles that the clients' hosts take if no host has them."""
APART: tuple[HostRole, HostRole] = ("backend", "client")
"""Roles whose groups exclude each other."""
ALIKE = 0.75
"""Similarity above which one group's name is probably a typo of the other's."""


class InventoryHost(msgspec.Struct, frozen=True, kw_only=True):
    """One host of an inventory."""

    name: str
    groups: tuple[str, ...] = ()
    """Every group that the host is in, including parents of its groups."""
    cores: int | None = None
    """Number of the host's cores; None if it is not known yet."""


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """What an experiment needs to know about an inventory."""

    path: str
    """Path of the inventory, as errors name it."""
    hosts: tuple[InventoryHost, ...]
    """The hosts in the inventory's order."""


class Inventoried(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment on the hosts of an inventory."""

    experiment: Experiment
    """The experiment, which names every host that takes part, with its roles."""
    explanations: dict[str, str]
    """Explanations of roles and counts that were chosen automatically, by key."""


def with_inventory(experiment: Experiment, inventory: Inventory) -> Inventoried:
    """Return the experiment with its hosts completed from an inventory.

    Raises UsageError, naming every such host and group, if the two contradict each other.
    """
    if wrong := scale_of_real_hosts(experiment):
        raise UsageError(wrong)
    named = {host.name: host for host in experiment.hosts}
    hosts = tuple(
        named_host
        for host in inventory.hosts
        if (named_host := _host_of_experiment(host, named.get(host.name))) is not None
    )
    errors = [
        *_wrong_groups(inventory),
        *_in_groups_apart(inventory, named),
        *(text for host in experiment.hosts for text in _wrong_named(host, inventory)),
        *(text for host in hosts for text in _wrong_name(host.name, inventory)),
    ]
    if errors:
        raise UsageError("\n".join(errors))
    explanations: dict[str, str] = {}
    if experiment.network.kind == "private":
        hosts = _beside_clients(hosts, explanations)
    with_hosts = msgspec.structs.replace(experiment, hosts=hosts)
    return Inventoried(
        experiment=_with_daemons(with_hosts, explanations), explanations=explanations
    )


def _host_of_experiment(host: InventoryHost, named: NamedHost | None) -> NamedHost | None:
    """Return a host with its roles, or None if it has none."""
    if named is not None:
        return msgspec.structs.replace(named, cores=named.cores or host.cores)
    roles = _roles(host)
    return NamedHost(name=host.name, roles=roles, cores=host.cores) if roles else None


def _roles(host: InventoryHost) -> tuple[HostRole, ...]:
    return tuple(role for role, group in GROUPS.items() if group in host.groups)


def _wrong_groups(inventory: Inventory) -> Iterator[str]:
    """Yield an explanation for each group whose name looks like a typo."""
    members: dict[str, set[str]] = {}
    for host in inventory.hosts:
        for group in host.groups:
            members.setdefault(group, set()).add(host.name)
    for group, hosts in members.items():
        similar_group = _similar_group(group)
        # a child group with a similar name is not a typo
        if similar_group is not None and not hosts <= members.get(similar_group, set()):
            yield f"{inventory.path}: unknown group {group}; did you mean {similar_group}?"


def _in_groups_apart(inventory: Inventory, named: Collection[str]) -> Iterator[str]:
    """Yield an explanation for each host that is in groups which exclude each other."""
    for host in inventory.hosts:
        if host.name not in named and set(APART) <= set(_roles(host)):
            groups = " and ".join(GROUPS[role] for role in APART)
            yield (
                f"{inventory.path}: {host.name} is in the groups {groups}: what a host sends to "
                "itself crosses no link. Leave it in one of them; if it is meant, name it in "
                "[[hosts]] with both roles"
            )


def _similar_group(group: str) -> str | None:
    """Return the known group that a name is probably a typo of, or None."""
    group_names: dict[str, str] = {**{role: name for role, name in GROUPS.items() if role != name}}
    group_names |= {name: name for name in GROUPS.values()}
    if group in GROUPS.values():
        return None
    close = difflib.get_close_matches(group.casefold(), list(group_names), n=1, cutoff=ALIKE)
    return group_names[close[0]] if close else None


def _wrong_named(host: NamedHost, inventory: Inventory) -> Iterator[str]:
    """Yield what is wrong with a host of ``[[hosts]]``: it is unknown, or sets a wrong key."""
    names = [inventory_host.name for inventory_host in inventory.hosts]
    if host.name not in names:
        close = difflib.get_close_matches(host.name, names, n=1)
        hint = f"it has {', '.join(names)}" if names else "it has no hosts"
        hint = f"did you mean {close[0]}?" if close else hint
        yield f"[[hosts]] {host.name}: no such host in {inventory.path}; {hint}"
    values = {
        "link": None if host.link is None else f'"{host.link}"',
        "delay": f'"{host.delay}"' if host.delay else None,
        "cpu": None if host.cpu is None else f"{host.cpu:g}",
        "board": None if host.board is None else f'"{host.board}"',
    }
    for key, value in values.items():
        if value is not None:
            yield (
                f"[[hosts]] {host.name}: {key} = {value}: that is emulated, and a host of "
                f"{inventory.path} is what it is; leave it out"
            )


def _wrong_name(name: str, inventory: Inventory) -> Iterator[str]:
    """Yield the explanation that nothing can be named after a host, if that is so."""
    if not NAME.fullmatch(name):
        yield (
            f'{inventory.path}: a host is called "{name}", and files and units are named after it: '
            "they take up to 48 letters, digits, dots, hyphens and underscores, the first a letter "
            f'or a digit. Give it an alias, as in "pi1 ansible_host={name}"'
        )


def _beside_clients(
    hosts: Sequence[NamedHost], explanations: dict[str, str]
) -> tuple[NamedHost, ...]:
    """Give the clients' hosts the roles that no host has, and record why.

    Raises UsageError if every host with clients has backend instances as well.
    """
    missing = [role for role in BESIDE_CLIENTS if not any(role in host.roles for host in hosts)]
    clients = [host for host in hosts if "client" in host.roles]
    if not missing or not clients:
        return tuple(hosts)
    free = [host.name for host in clients if "backend" not in host.roles]
    groups = " or ".join(GROUPS[role] for role in missing)
    if not free:
        raise UsageError(
            f"no host is in the group {groups}, and every host with clients has backend instances, "
            "which these would slow down: name hosts for them"
        )
    explanations["hosts"] = (
        f"{' and '.join(GROUPS[role] for role in missing)} are placed beside the clients, on "
        f"{', '.join(free)}: no host is in the group {groups}, and beside backend instances they "
        "would slow these down"
    )
    return tuple(
        msgspec.structs.replace(host, roles=(*host.roles, *missing)) if host.name in free else host
        for host in hosts
    )


def _with_daemons(experiment: Experiment, explanations: dict[str, str]) -> Experiment:
    """Return the experiment with one backend instance per core, unless their count is given."""
    if experiment.backends.daemons != "auto" or experiment.network.kind == "none":
        return experiment
    cores = cores_by_host(experiment, "backend")
    if cores is None:
        unknown = [
            host.name for host in experiment.hosts if "backend" in host.roles and host.cores is None
        ]
        explanations["backends.daemons"] = (
            f"{DAEMONS} backend instances on {', '.join(hosts_for(experiment, 'backend'))}: how "
            f"many cores {', '.join(unknown)} {'has' if len(unknown) == 1 else 'have'} is not known"
        )
        return _with_daemon_count(experiment, DAEMONS)
    core_count, most = sum(cores.values()), most_instances(experiment.frontend)
    hosts_text = ", ".join(f"{host} ({count})" for host, count in cores.items())
    explanation = f"one for each core of {hosts_text}"
    if core_count > most:
        explanation = (
            f"of one for each core of {hosts_text}, {core_count} in all, as many as the frontend "
            "holds"
        )
        if experiment.frontend.balancer == "stock":
            explanation += " (the extended balancer holds more: --balancer extended)"
    count = min(core_count, most)
    explanations["backends.daemons"] = f"{count} backend instances: {explanation}"
    return _with_daemon_count(experiment, count)


def _with_daemon_count(experiment: Experiment, daemons: int) -> Experiment:
    backends = msgspec.structs.replace(experiment.backends, daemons=daemons)
    return msgspec.structs.replace(experiment, backends=backends)
