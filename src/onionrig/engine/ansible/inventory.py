"""Read an Ansible inventory: its hosts with their groups, and how OpenSSH alone reaches each.

Ansible reads it (``ansible-inventory``), so every kind of inventory works, including group
variables and vaults. Ansible is then asked to resolve values that are templates or encrypted. The
logins of an ``ansible.cfg`` apply if the inventory does not set them.
"""

from __future__ import annotations

import functools
import ipaddress
import os
import re
import shlex
from pathlib import Path
from typing import Any

import msgspec

from onionrig.engine.ansible.access import Access
from onionrig.engine.ansible.ask_ansible import Variables, configured, listed, resolved
from onionrig.errors import UsageError
from onionrig.experiment.inventory import Inventory, InventoryHost
from onionrig.processes.surroundings import refuse_intercepted

BECOME: dict[str, tuple[str, ...]] = {"sudo": ("sudo", "-n"), "doas": ("doas", "-n")}
"""The words that precede a command to run as root, by Ansible's name of the method."""
PASSWORDS = ("ansible_password", "ansible_ssh_password", "ansible_ssh_pass")
LOCAL, SSH = "local", frozenset({"ssh", "smart", "ansible.builtin.ssh"})
NEEDED: dict[str, tuple[str, ...]] = {
    "address": ("ansible_host", "ansible_ssh_host"),
    "port": ("ansible_port", "ansible_ssh_port"),
    "user": ("ansible_user", "ansible_ssh_user"),
    "key": ("ansible_ssh_private_key_file", "ansible_private_key_file"),
    "ssh_args": ("ansible_ssh_args",),
    "common_args": ("ansible_ssh_common_args",),
    "extra_args": ("ansible_ssh_extra_args",),
    "connection": ("ansible_connection",),
    "become_method": ("ansible_become_method",),
    "become_user": ("ansible_become_user",),
    "become_exe": ("ansible_become_exe",),
    "reached_at": ("onionrig_address",),
    "facts": ("onionrig_facts",),
}
"""Facts that a run needs about a host, and their variables; the first that is set counts."""


class ListedHost(msgspec.Struct, frozen=True, kw_only=True):
    """One host of an inventory, and how it is reached."""

    name: str
    groups: tuple[str, ...] = ()
    """Every group that the host is in, parents included."""
    address: str
    """Address that ssh connects to."""
    port: int | None = None
    user: str | None = None
    """User to log in as; null if ssh's own configuration decides."""
    private_key_file: str | None = None
    ssh_arguments: tuple[str, ...] = ()
    """Arguments that the inventory adds to every ssh command line, such as a jump host."""
    is_local: bool = False
    """Whether the host is the controller itself."""
    become: tuple[str, ...] = BECOME["sudo"]
    """The words that precede a command to run as root; none if the login is root's."""
    onionrig_address: str | None = None
    """Address that daemons listen at and other hosts use; null for the one at which ssh arrives."""
    cores: int | None = None
    """Number of cores that the inventory gives."""

    def access(self) -> Access:
        """Return how a run reaches the host."""
        if self.is_local:
            become = self.become if os.geteuid() else ()
            return Access(name=self.name, destination=None, become=become)
        options = [
            *(("-p", str(self.port)) if self.port is not None else ()),
            *(("-l", self.user) if self.user is not None else ()),
            *(("-i", self.private_key_file) if self.private_key_file is not None else ()),
            *self.ssh_arguments,
        ]
        return Access(
            name=self.name,
            destination=self.address,
            ssh_options=tuple(options),
            become=self.become,
        )


@functools.cache
def read_inventory(path: str) -> tuple[ListedHost, ...]:
    """Return the hosts of an inventory by name, pi2 before pi10.

    Ansible takes a second or more, so the inventory is read once: everything that one command does
    is based on the same answer.

    Raises UsageError for an inventory that cannot be read or has no hosts, and one that names every
    host with unusable values; Unequipped if Ansible is missing or connections would go through a
    proxy.
    """
    refuse_intercepted()
    if not Path(path).exists():
        raise UsageError(
            f"there is no inventory at {path}; `onionrig cluster init HOST...` writes one, and -i "
            "names another"
        )
    if not (Path(path).is_file() or Path(path).is_dir()):
        raise UsageError(
            f"{path}: an inventory is a file or a directory, and this is a pipe, a device or a "
            "socket, which Ansible would read without end"
        )
    groups, variables = listed(path)
    if not variables:
        raise UsageError(f"{path}: the inventory has no hosts")
    _refuse_passwords(path, variables)
    settings = configured()
    variables = {name: {**settings, **values} for name, values in variables.items()}
    unresolved = {
        name: keys
        for name, values in variables.items()
        if (keys := [key for key in _needed_variables() if _is_unresolved(values.get(key))])
    }
    if unresolved:
        resolved_values = resolved(path, unresolved)
        variables = {
            name: {**values, **resolved_values.get(name, {})} for name, values in variables.items()
        }
    hosts, wrong = [], []
    for name in sorted(variables, key=_counted):
        try:
            hosts.append(_host(path, name, groups, variables[name]))
        except UsageError as error:
            wrong.append(str(error))
    if wrong:
        raise UsageError("\n".join(wrong))
    return tuple(hosts)


def for_experiment(path: str, hosts: tuple[ListedHost, ...]) -> Inventory:
    """Return what an experiment needs to know about an inventory."""
    return Inventory(
        path=path,
        hosts=tuple(
            InventoryHost(name=host.name, groups=host.groups, cores=host.cores) for host in hosts
        ),
    )


def _host(path: str, name: str, groups: dict[str, list[str]], values: Variables) -> ListedHost:
    settings = {
        setting: next((values[key] for key in keys if values.get(key) not in (None, "")), None)
        for setting, keys in NEEDED.items()
    }
    text = {setting: None if value is None else str(value) for setting, value in settings.items()}
    connection = text["connection"] or "ssh"
    is_local = connection in {LOCAL, f"ansible.builtin.{LOCAL}"}
    if not is_local and connection not in SSH:
        raise UsageError(
            f"{path}: {name} has ansible_connection = {connection}: hosts are reached by ssh, and "
            "the controller itself by local"
        )
    facts = settings["facts"] if isinstance(settings["facts"], dict) else {}
    return ListedHost(
        name=name,
        groups=tuple(group for group, members in groups.items() if name in members),
        address=text["address"] or name,
        port=_port(path, name, text["port"]),
        user=text["user"],
        private_key_file=None if text["key"] is None else str(Path(text["key"]).expanduser()),
        ssh_arguments=tuple(
            word
            for setting in ("ssh_args", "common_args", "extra_args")
            for word in _words(path, name, text[setting])
        ),
        is_local=is_local,
        become=_become(path, name, text),
        onionrig_address=_address(path, name, text["reached_at"]),
        cores=_whole_number(facts.get("cores")),
    )  # fmt: skip


def _become(path: str, name: str, text: dict[str, str | None]) -> tuple[str, ...]:
    if text["user"] == "root":
        return ()
    method = (text["become_method"] or "sudo").removeprefix("ansible.builtin.")
    if method not in BECOME or text["become_user"] not in (None, "root"):
        raise UsageError(
            f"{path}: {name} has ansible_become_method = {method} and ansible_become_user = "
            f"{text['become_user'] or 'root'}: services are started by root, through "
            f"{' or '.join(BECOME)}"
        )
    program, *rest = BECOME[method]
    return (text["become_exe"] or program, *rest)


def _refuse_passwords(path: str, variables: dict[str, Variables]) -> None:
    names = [name for name, values in variables.items() if any(values.get(k) for k in PASSWORDS)]
    if names:
        raise UsageError(
            f"{path}: {', '.join(names)}: logging in takes a password (ansible_password), and "
            "OpenSSH alone cannot type one; let a key log in: ssh-copy-id"
        )


def _counted(name: str) -> list[tuple[str, int]]:
    """Return a key that sorts names by the numbers in them."""
    return [(text, int(digits or 0)) for text, digits in re.findall(r"(\D*)(\d*)", name)]


def _needed_variables() -> list[str]:
    return [key for keys in NEEDED.values() for key in keys]


def _is_unresolved(value: Any) -> bool:  # noqa: ANN401 - an inventory's values are of any type
    if isinstance(value, str):
        return "{{" in value or "{%" in value
    return isinstance(value, dict) and "__ansible_vault" in value


def _address(path: str, name: str, text: str | None) -> str | None:
    if text is not None:
        try:
            ipaddress.ip_address(text)
        except ValueError:
            raise UsageError(
                f"{path}: {name} has onionrig_address = {text}: daemons listen on an IP address, "
                "and tor takes no name there"
            ) from None
    return text


def _port(path: str, name: str, text: str | None) -> int | None:
    port = _whole_number(text)
    if text is not None and (port is None or not 0 < port < 1 << 16):
        raise UsageError(f"{path}: {name} has ansible_port = {text}: a port is 1 to 65535")
    return port


def _whole_number(value: Any) -> int | None:  # noqa: ANN401 - likewise
    return int(value) if str(value).isdecimal() else None


def _words(path: str, name: str, text: str | None) -> list[str]:
    try:
        return shlex.split(text or "")
    except ValueError as error:
        raise UsageError(f"{path}: {name}: ssh arguments {text!r}: {error}") from error
