"""Run a playbook of the collection through ansible-runner; return what it did on each host.

Everything that Ansible writes here is in a workspace that is removed at the end. Its workers leave
Ansible's process group (``setsid`` in ansible-core's ``executor/process/worker.py``) and, if it is
killed, outlive it with their ssh, so a keeper ends every process that carries the mark.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

import onionrig
from onionrig.engine.ansible.access import STRICT
from onionrig.engine.ansible.ask_ansible import configured
from onionrig.errors import Interrupted, Unequipped, UsageError
from onionrig.processes.interrupts import ENDINGS, noted_endings
from onionrig.processes.surroundings import refuse_unfit_surroundings
from onionrig.processes.workspace import kept_without_a_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

COLLECTION = "onionrig.cluster"
SSH_SOCKET = "ssh/0123456789.0123456789abcdef"
"""Longest path of a socket of Ansible's ssh below a workspace, until it is in place."""
REMOTE_TEMP = "/tmp"  # noqa: S108 - it makes a private directory there for each module
"""Directory on a host for files of Ansible's modules; its default would leave one in the home."""
CONNECT_SECONDS = 10
MOST_FORKS = 50
KEPT_OPEN = "-o ControlMaster=auto -o ControlPersist=60s"
NO_HOSTS = "leaves us with no hosts to target"
UNTOLD = frozenset(
    f"ansible.builtin.{action}"
    for action in ("assert", "debug", "include_tasks", "set_fact", "validate_argument_spec")
)
"""Actions that take no time and do nothing on a host."""
PREFIXES = re.compile(
    r"Task failed: |Module failed: |Failed to connect to the host via ssh: "
    r"|Data could not be sent to remote host .*? can be reached over ssh: "
)
"""Words that Ansible puts before a reason and that add nothing to it."""
EMPTY_MESSAGES = ("non-zero return code", "No start of json char found")
"""Messages of Ansible about a program whose own complaint says why it failed."""
MEANINGS = ENDINGS | {
    signal.SIGINT: Interrupted("interrupted by Ctrl-C; the same command again does the rest")
}
"""Errors that the signals which end the program stand for here."""


class PlaybookFailure(msgspec.Struct, frozen=True, kw_only=True):
    """A failure on a host."""

    host: str
    task: str
    reason: str
    """The reason, in one line."""
    unreachable: bool = False
    """True if no task could be given to the host at all."""

    def __str__(self) -> str:
        """Return the failure as one line."""
        return f"{self.host}: {self.task}: {self.reason}"


class Played(msgspec.Struct, kw_only=True):
    """The effects of a playbook."""

    changed: dict[str, int] = {}
    """Number of tasks that changed something, for each host that was reached."""
    printed: dict[str, dict[str, str]] = {}
    """Output of a task's commands, for each host."""
    failures: list[PlaybookFailure] = []


def play(  # noqa: PLR0913 - what ansible-playbook is told on its command line
    playbook: str,
    inventory: str,
    *,
    variables: Mapping[str, Any] | None = None,
    limit: str | None = None,
    dry: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Played:
    """Run a playbook on an inventory's hosts; ``tell`` is called with each task as it starts.

    Raises UsageError for a limit that no host meets, Unequipped if Ansible cannot run it at all or
    the temporary directory is unfit, and Interrupted or Terminated.
    """
    refuse_unfit_surroundings(SSH_SOCKET, for_ssh=True)
    played, told_tasks = Played(), set[str]()

    def take(event: dict[str, Any]) -> bool:
        kind, data = event["event"], event.get("event_data", {})
        if kind == "playbook_on_task_start" and data.get("task_action") not in UNTOLD:
            task = _without_role(data.get("task", ""))
            if task not in told_tasks:  # hosts that need not wait come to a task one by one
                tell(task)
            told_tasks.add(task)
        _take(played, kind, data)
        return True  # else ansible-runner drops the event

    with noted_endings() as received, kept_without_a_loop() as keeping:
        directory = keeping.workspace
        _prepare(directory)
        runner = _runner().run(
            private_data_dir=str(directory / "runner"),
            project_dir=str(Path.cwd()),
            playbook=f"{COLLECTION}.{playbook}",
            inventory=str(Path(inventory).absolute()),
            extravars=dict(variables or {}),
            limit=limit,
            cmdline="--check" if dry else None,
            forks=MOST_FORKS,
            quiet=True,
            event_handler=take,
            cancel_callback=lambda: bool(received),
            settings={"suppress_env_files": True},
            envvars={**keeping.environment, **_environment(directory)},
        )
        if received:
            raise MEANINGS[received[0]]
        if runner.rc and not played.failures:
            error = _error(runner)
            if NO_HOSTS in error:
                raise UsageError(f"--limit {limit}: no host of {inventory} is meant by that")
            raise Unequipped(f"Ansible could not run the playbook {playbook}: {error}")
    return played


def collection_directory() -> Path:
    """Return the collection's directory: beside the installed package, or in its checkout."""
    package = Path(onionrig.__file__).parent
    for directory in (package / "deploy", package.parents[1] / "deploy"):
        if (directory / "galaxy.yml").is_file():
            return directory
    raise Unequipped(f"the Ansible collection is not installed beside {package}")


def _take(played: Played, kind: str, data: dict[str, Any]) -> None:
    host, result = data.get("host", ""), data.get("res") or {}
    if kind == "runner_on_ok":
        played.changed.setdefault(host, 0)
        played.changed[host] += bool(result.get("changed"))
        if "stdout" in result:
            played.printed.setdefault(_without_role(data["task"]), {})[host] = result["stdout"]
    elif kind in ("runner_on_failed", "runner_on_unreachable") and not data.get("ignore_errors"):
        played.failures.append(
            PlaybookFailure(
                host=host,
                task=_without_role(data.get("task", "")),
                reason=reason_of(result),
                unreachable=kind == "runner_on_unreachable",
            )
        )


def reason_of(result: Mapping[str, Any]) -> str:
    """Return why a task failed, as one line."""
    message = str(result.get("msg") or "")
    complaints = str(result.get("stderr") or result.get("module_stderr") or "").strip()
    if complaints and (not message or any(words in message for words in EMPTY_MESSAGES)):
        message = complaints.splitlines()[-1]
    message = PREFIXES.sub("", message)
    return " ".join(message.split()) or "no reason was given"


def _without_role(task: str) -> str:
    """Return a task's name without that of its role."""
    return task.rpartition(" : ")[2]


def _runner() -> Any:  # noqa: ANN401 - it ships no types
    try:
        import ansible_runner  # noqa: PLC0415 - it takes a while, and not every command needs it
    except ImportError as error:
        raise Unequipped(
            f"ansible-runner is missing ({error}): install onionrig with all that it depends on"
        ) from error
    return ansible_runner.interface


def _environment(directory: Path) -> dict[str, str]:
    binaries = str(Path(sys.executable).parent)
    environment = {
        "PATH": os.pathsep.join((binaries, os.environ.get("PATH", os.defpath))),
        "ANSIBLE_COLLECTIONS_PATH": str(directory / "collections"),
        "ANSIBLE_DEBUG": "False",
        "ANSIBLE_DEPRECATION_WARNINGS": "False",
        "ANSIBLE_FORCE_COLOR": "False",
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "ANSIBLE_LOCALHOST_WARNING": "False",
        "ANSIBLE_LOCAL_TEMP": str(directory / "tmp"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_NOCOWS": "1",
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_REMOTE_TEMP": REMOTE_TEMP,
        "ANSIBLE_SSH_ARGS": ssh_arguments(),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(directory / "ssh"),
        "LC_ALL": "C.UTF-8",  # Ansible refuses to start in a locale that is not UTF-8
        "ANSIBLE_TIMEOUT": str(CONNECT_SECONDS),
    }
    if "ANSIBLE_PYTHON_INTERPRETER" not in os.environ:
        environment["ANSIBLE_PYTHON_INTERPRETER"] = "/usr/bin/python3"
    return environment


def ssh_arguments() -> str:
    """Return the words that precede all others on the command lines of Ansible's ssh."""
    return f"{shlex.join(STRICT)} {configured().get('ansible_ssh_args', KEPT_OPEN)}"


def _prepare(directory: Path) -> None:
    """Make what Ansible needs in a workspace, including the collection."""
    namespace = directory / "collections/ansible_collections/onionrig"
    for new_directory in (directory / "runner", directory / "tmp", directory / "ssh", namespace):
        new_directory.mkdir(parents=True)
    (namespace / "cluster").symlink_to(collection_directory())


def _error(runner: Any) -> str:  # noqa: ANN401 - likewise
    with runner.stdout as file:
        lines = [line.strip() for line in file.read().splitlines() if line.strip()]
    error_lines = [line for line in lines if "ERROR" in line] or lines[-1:]
    return error_lines[0] if error_lines else "it said nothing"
