"""Ask Ansible what an inventory contains: one program that ends by itself and prints JSON."""

from __future__ import annotations

import configparser
import contextlib
import json
import os
import re
import stat
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from onionrig.errors import Unequipped, UsageError
from onionrig.programs import Ended, NotRun, run_program

Variables = dict[str, Any]

ANSWER_SECONDS = 60
"""Time that Ansible may take to answer; a dynamic inventory may ask a remote service."""
ENVIRONMENT = {
    "ANSIBLE_DEBUG": "False",
    "ANSIBLE_DEPRECATION_WARNINGS": "False",
    "ANSIBLE_FORCE_COLOR": "False",  # it comes before ANSIBLE_NOCOLOR, and CI services set it
    "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "True",
    "ANSIBLE_LOCALHOST_WARNING": "False",
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_VERBOSITY": "0",  # what it says more goes to standard output
    "LC_ALL": "C.UTF-8",  # Ansible refuses to start in a locale that is not UTF-8
}
"""Settings for answers that can be read, whatever this user's own are."""
_RESOLVED = re.compile(r"^(\S+) \| (?:SUCCESS|CHANGED) => (\{.*\})$", re.MULTILINE)
_FAILED = re.compile(r"^(\S+) \| FAILED! => (.*)$", re.MULTILINE)
VAULTED = ("vault", "decrypt")
SETTINGS = {
    "ansible_user": ("defaults", "remote_user", "ANSIBLE_REMOTE_USER"),
    "ansible_port": ("defaults", "remote_port", "ANSIBLE_REMOTE_PORT"),
    "ansible_private_key_file": (
        "defaults", "private_key_file", "ANSIBLE_PRIVATE_KEY_FILE",
    ),
    "ansible_ssh_args": (
        "ssh_connection", "ssh_args", "ANSIBLE_SSH_ARGS",
    ),
    "ansible_ssh_common_args": (
        "ssh_connection", "ssh_common_args", "ANSIBLE_SSH_COMMON_ARGS",
    ),
    "ansible_ssh_extra_args": (
        "ssh_connection", "ssh_extra_args", "ANSIBLE_SSH_EXTRA_ARGS",
    ),
}  # fmt: skip
"""The setting and the environment variable that correspond to each variable."""


def listed(path: str) -> tuple[dict[str, list[str]], dict[str, Variables]]:
    """Return the hosts of each group, parents included, and the variables of each host.

    Raises UsageError if Ansible cannot read the inventory.
    """
    completed = _ansible(path, "inventory", "--list")
    if completed.code:
        raise UsageError(_explained(path, completed.err))
    try:
        answer = json.loads(completed.out)
    except ValueError as error:
        raise UsageError(f"{path}: ansible-inventory printed what is not JSON: {error}") from error
    variables: dict[str, Variables] = answer.pop("_meta", {}).get("hostvars", {})
    order: dict[str, None] = {}
    for group in answer.values():
        order |= dict.fromkeys(group.get("hosts", ()))
    groups = {name: sorted(_members(answer, name, ())) for name in answer}
    for name in ("all", "ungrouped"):
        groups.pop(name, None)
    return groups, {name: variables.get(name, {}) for name in order}


def resolved(path: str, names_by_host: dict[str, list[str]]) -> dict[str, Variables]:
    """Return variables with their templates resolved, for each host.

    Raises UsageError, naming the host, if one of them cannot be resolved.
    """
    names = sorted({name for several in names_by_host.values() for name in several})
    # a variable that a host lacks is left out of its answer
    pairs = ", ".join(f"'{name}': {name} | default(omit)" for name in names)
    completed = _ansible(
        path, "adhoc", ":".join(names_by_host), "--one-line", "-c", "local",
        "-m", "ansible.builtin.debug", "-a", json.dumps({"msg": f"{{{{ {{{pairs}}} }}}}"}),
    )  # fmt: skip
    if failed := _FAILED.search(completed.out):
        why = failed[2].partition('"msg": "')[2].removesuffix('"}') or failed[2]
        raise UsageError(
            f"{path}: {failed[1]}: {', '.join(names_by_host.get(failed[1], names))} cannot be "
            f"resolved: {_hinted(why.removeprefix('Task failed: '))}"
        )
    answers = {name: json.loads(text)["msg"] for name, text in _RESOLVED.findall(completed.out)}
    if completed.code or answers.keys() != names_by_host.keys():
        raise UsageError(_explained(path, completed.err or completed.out))
    return {
        name: {key: answers[name].get(key) for key in keys} for name, keys in names_by_host.items()
    }


def configured() -> Variables:
    """Return the variables that Ansible's configuration sets, for what the inventory leaves open.

    Only settings that affect how a host is reached are included.
    """
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    with contextlib.suppress(configparser.Error, OSError, UnicodeDecodeError):
        parser.read([path for path in _configurations() if path.is_file()][:1])
    return {
        variable: value
        for variable, (section, key, name) in SETTINGS.items()
        if (value := os.environ.get(name) or parser.get(section, key, fallback=None))
    }


def _configurations() -> list[Path]:
    """Return where Ansible looks for its configuration; the first existing file counts."""
    if named := os.environ.get("ANSIBLE_CONFIG"):
        return [Path(named) / "ansible.cfg" if Path(named).is_dir() else Path(named)]
    directory = Path.cwd()
    # Ansible ignores a configuration in a world-writable directory
    own = [] if directory.stat().st_mode & stat.S_IWOTH else [directory / "ansible.cfg"]
    return [*own, Path.home() / ".ansible.cfg", Path("/etc/ansible/ansible.cfg")]


def _members(answer: dict[str, Any], group: str, within: tuple[str, ...]) -> set[str]:
    content = answer.get(group, {})
    hosts = set(content.get("hosts", ()))
    for child in content.get("children", ()):
        if child not in within:
            hosts |= _members(answer, child, (*within, group))
    return hosts


def _ansible(path: str, *arguments: str) -> Ended:
    if find_spec("ansible") is None:
        raise Unequipped("Ansible is missing: install onionrig with all that it depends on")
    kind, *rest = arguments
    try:
        return run_program(
            [sys.executable, "-m", "ansible", kind, "-i", path, *rest],
            seconds=ANSWER_SECONDS,
            environment={**os.environ, **ENVIRONMENT},
        )
    except NotRun as error:
        raise UsageError(f"{path}: Ansible did not read the inventory: {error}") from error


def _explained(path: str, printed: str) -> str:
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("[ERROR]", "ERROR"))] or lines[-1:]
    text = (
        errors[0].removeprefix("[ERROR]:").removeprefix("ERROR!").strip() if errors else "no reason"
    )
    return f"{path}: Ansible cannot read the inventory: {_hinted(text)}"


def _hinted(text: str) -> str:
    """Return a complaint of Ansible, with advice if a vault is locked."""
    if any(word in text.lower() for word in VAULTED):
        return f"{text}; name the vault's password: ANSIBLE_VAULT_PASSWORD_FILE=FILE"
    return text
