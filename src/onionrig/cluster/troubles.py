"""The meanings of Ansible's failures, each with what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from onionrig.engine.ansible.access import (
    BECOME_MISSING,
    INSTALL_ADVICE,
    SUDO_ADVICE,
    asks_for_password,
)

if TYPE_CHECKING:
    from onionrig.cluster.playbooks import PlaybookFailure

UNREACHABLE: dict[str, str] = {
    "REMOTE HOST IDENTIFICATION HAS CHANGED": (
        "its SSH host key has changed: after a new installation, forget the old one (ssh-keygen -R "
        "{host}), log in once and compare the fingerprint"
    ),
    "Host key verification failed": (
        "its SSH host key is not known here: log in once (ssh {host}) and compare the fingerprint"
    ),
    "Permission denied": "no key of this user may log in: ssh-copy-id {host}",
    "Could not resolve": "its name is not known here: set ansible_host to its address",
    "No route to host": "nothing answers at its address: is it switched on and connected?",
    "timed out": "nothing answers at its address: is it switched on and connected?",
    "Connection refused": ("it runs no SSH server at that port: sudo apt install openssh-server"),
}
"""Messages of ssh about a host that cannot be reached, each with what to do."""
NO_PYTHON = ("python3: not found", "/usr/bin/python3: No such file", "interpreter was not found")


def kind_of(failure: PlaybookFailure) -> Literal["reachable", "sudo", "python", "other"]:
    """Return what a failure is about."""
    if asks_for_password(failure.reason) or BECOME_MISSING.search(failure.reason):
        return "sudo"
    if any(words in failure.reason for words in NO_PYTHON):
        return "python"
    return "reachable" if failure.unreachable else "other"


def advice_for(failure: PlaybookFailure) -> str:
    """Return what to do about a failure."""
    match kind_of(failure):
        case "sudo":
            return INSTALL_ADVICE if BECOME_MISSING.search(failure.reason) else SUDO_ADVICE
        case "python":
            return "sudo apt install python3"
        case "reachable":
            advice = (advice for words, advice in UNREACHABLE.items() if words in failure.reason)
            return next(advice, "try by hand: ssh {host}").format(host=failure.host)
        case "other":
            return ""


def explained(failure: PlaybookFailure) -> str:
    """Return a failure as one line: the task, the reason, and what to do."""
    advice = advice_for(failure)
    # a refusal of the collection's own names the host, and needs no task beside it
    is_refusal = failure.reason.startswith((f"{failure.host}: ", f"{failure.host} is "))
    alone = failure.unreachable or is_refusal
    reason = failure.reason.removeprefix(f"{failure.host}: ")
    text = reason if alone else f"{failure.task}: {reason}"
    return f"{text}; {advice}" if advice else text
