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

PASSWORD_ASKED = ("password is required", "Missing sudo password", "a terminal is required")
"""Messages of sudo, and of Ansible about it, if it asks for a password."""
SUDO_ADVICE = "allow its user to use sudo without a password (NOPASSWD): a run cannot type one"
"""Advice for a host whose sudo asks for a password."""
BECOME_MISSING = re.compile(r"\b(sudo|doas): (command )?not found\b")
"""Messages of a shell that lacks the program which commands are to be run with as root."""
INSTALL_ADVICE = "install it there as root (apt install sudo), and allow its user to use it"
"""Advice for such a host."""


def asks_for_password(printed: str) -> bool:
    """Return whether sudo refused a command because it asks for a password."""
    return any(words in printed for words in PASSWORD_ASKED)


def root_refused_text(host: str, printed: str) -> str | None:
    """Return the error for a host where a command could not run as root, or None if it could."""
    if asks_for_password(printed):
        return f"{host}: sudo asks for a password; {SUDO_ADVICE}"
    if missing := BECOME_MISSING.search(printed):
        return f"{host}: it has no {missing[1]}; {INSTALL_ADVICE}"
    return None


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
        """Return a command that runs as root, as the host's shell receives it."""
        return (*self.become, *argv)

    def alone(self, argv: Iterable[str]) -> tuple[str, ...]:
        """Return the local command line that runs a command there over a connection of its own."""
        return self._over(argv, ())

    def through(self, socket: Path, argv: Iterable[str]) -> tuple[str, ...]:
        """Return the local command line that runs a command there over an open connection."""
        return self._over(argv, ("-o", f"ControlPath={socket}", "-o", "ControlMaster=no"))

    def _over(self, argv: Iterable[str], options: Iterable[str]) -> tuple[str, ...]:
        if self.destination is None:
            return tuple(argv)
        return (*self.ssh(*options), "--", self.destination, shlex.join(argv))

    def ssh(self, *options: str) -> tuple[str, ...]:
        """Return an ssh command line with the options of every connection, followed by these."""
        return (
            "ssh",
            "-o", "BatchMode=yes",
            "-o", f"ConnectTimeout={CONNECT_SECONDS}",
            "-o", f"ServerAliveInterval={ALIVE_SECONDS}",
            "-o", f"ServerAliveCountMax={ALIVE_COUNT}",
            "-o", "StrictHostKeyChecking=yes",
            *self.ssh_options,
            *options,
        )  # fmt: skip

    def by_hand(self) -> str:
        """Return what a person types before a command to run on the host."""
        if self.destination is None:
            return ""
        return shlex.join(("ssh", *self.ssh_options, self.destination)) + " "
