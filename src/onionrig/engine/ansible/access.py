"""How a host is reached: the words that precede a command to run there, as its user or as root."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

CONNECT_SECONDS = 10
"""Time that making a connection may take."""
ALIVE_SECONDS, ALIVE_COUNT = 5, 3
"""Interval and number of ssh's keep-alive questions; a host that answers none of them is lost."""

SUDO_ADVICE = "allow its user to use sudo without a password (NOPASSWD): a run cannot type one"
"""Advice for a host whose sudo does not let its user become root."""
ROOT_REFUSED: dict[str, tuple[str, str]] = {
    r"password is required|Missing sudo password|a terminal is required"
    r"|\b(?:sudo|doas): [^\n]*[Aa]uthentication (?:is )?required": (
        "{program} asks for a password",
        SUDO_ADVICE,
    ),
    r"must have a tty": (
        "{program} takes commands only from a terminal",
        "take requiretty out of its sudoers file",
    ),
    r"not in the sudoers file|may not run sudo|not allowed to execute|I'm afraid I can't do that"
    r"|doas: Operation not permitted": (
        "{program} does not let its user become root",
        SUDO_ADVICE,
    ),
    r"\b(?:sudo|doas)['\u2019]?: (?:command )?(?:not found|No such file)": (
        "{program} is not installed",
        "install it, or log in as root (ansible_user)",
    ),
}
"""Messages of sudo, sudo-rs, doas, Ansible and shells if a user cannot become root, each with its
meaning and what to do."""
ENGLISH = ("env", "-u", "LANGUAGE", "LC_ALL=C.UTF-8")
"""The words that have a program print English, which is what is looked for in its messages."""
STRICT = (
    "-o", "BatchMode=yes",
    "-o", "StrictHostKeyChecking=yes",
    "-o", f"ServerAliveInterval={ALIVE_SECONDS}",
    "-o", f"ServerAliveCountMax={ALIVE_COUNT}",
    # against a configuration that is meant for people at a terminal: it would mix other output into
    # a command's, replace the command, or claim ports of this machine
    "-o", "RequestTTY=no",
    "-o", "RemoteCommand=none",
    "-o", "PermitLocalCommand=no",
    "-o", "ClearAllForwardings=yes",
)  # fmt: skip
"""Options of every ssh, ours and Ansible's. They precede those of an inventory, so they count: ssh
takes the first value that it is given for an option (ssh_config(5))."""
SHELL_ADVICE = (
    "let it print in interactive shells only, such as with `case $- in *i*) ;; *) return ;; esac` "
    "at the beginning of ~/.bashrc"
)
"""Advice for a host whose login shell prints something of its own before a command's output."""


def root_refused(printed: str) -> tuple[str, str] | None:
    """Return why a host's user could not become root, and what to do, or None if it was not that.

    ``printed`` is what a command printed that was to run as root.
    """
    for pattern, (meaning, advice) in ROOT_REFUSED.items():
        if re.search(pattern, printed):
            program = "doas" if re.search(r"\bdoas\b", printed) else "sudo"
            return meaning.format(program=program), advice
    return None


def shell_prints_text(host: str, noise: str) -> str:
    """Return the error for a host whose login shell prints something of its own."""
    return f"{host}: its login shell {shell_prints(noise)}; {SHELL_ADVICE}"


def shell_prints(noise: str) -> str:
    """Return what a login shell does that prints something of its own."""
    first_line = noise.strip().partition("\n")[0].strip()
    return f'prints "{first_line[:60]}" before the output of commands that come over ssh'


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """How one host is reached."""

    name: str
    """Name of the host in the inventory."""
    destination: str | None
    """Destination given to ssh; null if the host is this machine."""
    ssh_options: tuple[str, ...] = ()
    """Options of ssh that the inventory gives."""
    become: tuple[str, ...] = ("sudo", "-n")
    """The words that precede a command to run as root; none if the login is root's."""

    @property
    def is_here(self) -> bool:
        """Whether the host is this machine."""
        return self.destination is None

    def as_root(self, argv: Iterable[str]) -> tuple[str, ...]:
        """Return a command that runs as root, in English, as the host's shell receives it."""
        return (*ENGLISH, *self.become, *argv)

    def alone(self, argv: Iterable[str]) -> tuple[str, ...]:
        """Return the local command line that runs a command there over a connection of its own."""
        return self._over(argv, ("-o", "ControlPath=none"))

    def through(self, socket: Path, argv: Iterable[str]) -> tuple[str, ...]:
        """Return the local command line that runs a command there over an open connection."""
        return self._over(argv, ("-o", f"ControlPath={socket}", "-o", "ControlMaster=no"))

    def _over(self, argv: Iterable[str], options: Iterable[str]) -> tuple[str, ...]:
        if self.destination is None:
            return tuple(argv)
        return (*self.ssh(*options), "--", self.destination, shlex.join(argv))

    def ssh(self, *options: str) -> tuple[str, ...]:
        """Return an ssh command line with these options and those of every connection."""
        return (
            "ssh", *options, *STRICT, "-o", f"ConnectTimeout={CONNECT_SECONDS}", *self.ssh_options,
        )  # fmt: skip

    def by_hand(self) -> str:
        """Return what a person types before a command to run on the host."""
        if self.destination is None:
            return ""
        return shlex.join(("ssh", *self.ssh_options, self.destination)) + " "
