"""Write an inventory for hosts that are named, and report what it still lacks."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from onionrig.errors import UsageError
from onionrig.experiment.hosts import GROUPS
from onionrig.experiment.inventory import NAME
from onionrig.programs import NotRun, run_program

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
ASKED_SECONDS = 10


class InventoryPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The groups of an inventory that is to be written."""

    groups: dict[str, tuple[str, ...]]
    """Hosts of each group, by name."""
    variables: dict[str, dict[str, str]]
    """Variables of each host, by name."""
    remarks: tuple[str, ...]
    """Texts that say what was chosen, and what is missing."""


def plan(  # noqa: PLR0913 - the groups of an inventory
    hosts: Sequence[str],
    *,
    balancer: str | None = None,
    clients: Sequence[str] = (),
    authorities: Sequence[str] = (),
    relays: Sequence[str] = (),
    local_names: Collection[str] = LOCAL_NAMES,
) -> InventoryPlan:
    """Distribute roles over hosts, each written as [USER@]HOST.

    ``here`` has the names of this machine. Hosts that are given no role are backends. Raises
    UsageError for names that an inventory cannot have.
    """
    named = _Named(local_names)
    listed = named.all(hosts)
    named_groups = {
        "clients": named.all(clients),
        "authorities": named.all(authorities),
        "relays": named.all(relays),
    }
    remarks = []
    balancers = named.all([balancer]) if balancer else listed[:1]
    if not balancer and balancers:
        remarks.append(f"balancer: {balancers[0]}, the first host (--balancer names another)")
    elsewhere = {*balancers, *(name for names in named_groups.values() for name in names)}
    backends = tuple(name for name in listed if name not in elsewhere)
    # a balancer costs little: if there is no other host, it also gets backend instances
    backends = backends or tuple(name for name in listed if name not in named_groups["clients"])
    if not backends:
        remarks.append("backends: missing; name hosts that are not clients alone")
    remarks += _beside_clients(named_groups)
    remarks += [
        f"{name} is this machine: set its onionrig_address to where the others reach it"
        for name, values in named.variables.items()
        if "ansible_connection" in values
    ]
    groups = {"balancer": balancers, "backends": backends, **named_groups}
    return InventoryPlan(groups=groups, variables=named.variables, remarks=tuple(remarks))


class _Named:
    """The hosts as they were written, and the inventory's variables of each."""

    def __init__(self, local_names: Collection[str]) -> None:
        self._local_names = local_names
        self.variables: dict[str, dict[str, str]] = {}

    def all(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Return the names of hosts, each once."""
        return tuple(dict.fromkeys(map(self._name, texts)))

    def _name(self, text: str) -> str:
        user, _, address = text.rpartition("@")
        name = "controller" if address in LOCAL_NAMES else address
        if not NAME.fullmatch(name):
            raise UsageError(f'"{text}": a host is written as [USER@]HOST')
        values = self.variables.setdefault(name, {})
        if address in self._local_names:
            values["ansible_connection"] = "local"
        elif user:
            values["ansible_user"] = user
        return name


def _beside_clients(named_groups: dict[str, tuple[str, ...]]) -> list[str]:
    """Give the clients' hosts the roles that no host is named for; return remarks on that."""
    if not named_groups["clients"]:
        return ["clients: missing; name the hosts that load comes from: --clients HOST"]
    remarks = []
    for group in ("authorities", "relays"):
        if not named_groups[group]:
            named_groups[group] = named_groups["clients"]
            remarks.append(
                f"{group}: {', '.join(named_groups[group])}, beside the clients (never on "
                f"backends, which they would slow down; --{group} names others)"
            )
    return remarks


def inventory_text(planned: InventoryPlan) -> str:
    """Return an inventory as YAML."""
    lines = [
        "# Hosts for onionrig, an ordinary Ansible inventory: onionrig cluster check",
        "all:",
        "  vars:",
        "    ansible_python_interpreter: /usr/bin/python3",
        "  hosts:",
    ]
    for name, values in planned.variables.items():
        lines.append(f"    {_quoted(name)}:")
        lines += [f"      {key}: {_quoted(value)}" for key, value in values.items()]
    lines.append("  children:")
    for group in GROUPS.values():
        names = planned.groups.get(group, ())
        lines.append(f"    {group}:" + ("" if names else " {}  # missing"))
        if names:
            lines += ["      hosts:", *(f"        {_quoted(name)}:" for name in names)]
    return "\n".join(lines) + "\n"


def write_inventory(path: Path, planned: InventoryPlan) -> None:
    """Write an inventory to a new file. Raises UsageError."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(inventory_text(planned))
    except FileExistsError as error:
        raise UsageError(
            f"{path} is there already and is not overwritten; edit it, or name another with -i"
        ) from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def unknown_to_ssh(planned: InventoryPlan) -> tuple[str, ...]:
    """Return the hosts whose SSH host key this user's known_hosts lacks."""
    if shutil.which("ssh") is None or shutil.which("ssh-keygen") is None:
        return ()
    return tuple(
        name
        for name, values in planned.variables.items()
        if "ansible_connection" not in values and not _is_known(name)
    )


def _is_known(host: str) -> bool:
    """Return whether ssh, as it is configured for a host, knows its key."""
    configuration = _printed("ssh", "-G", host)
    settings = dict(line.split(" ", 1) for line in configuration.splitlines() if " " in line)
    name, port = settings.get("hostname", host), settings.get("port", "22")
    key_name = name if port == "22" else f"[{name}]:{port}"
    files = settings.get("userknownhostsfile", "").split()
    files += settings.get("globalknownhostsfile", "").split()
    return any(
        _printed("ssh-keygen", "-F", key_name, "-f", str(Path(file).expanduser())) for file in files
    )


def _printed(*argv: str) -> str:
    try:
        return run_program(argv, seconds=ASKED_SECONDS).out
    except NotRun:
        return ""


def _quoted(text: str) -> str:
    """Return YAML that is read as this string and nothing else: JSON strings are YAML."""
    plain = PLAIN.fullmatch(text) and text.lower() not in RESERVED
    return text if plain else json.dumps(text, ensure_ascii=False)


PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
RESERVED = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
"""Words that YAML takes for something other than a string."""
