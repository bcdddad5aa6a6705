"""How a host is reached: the words that precede a command to run there, as its user or as root."""

from __future__ import annotations

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


def asks_for_password(printed: str) -> bool:
    """Return whether sudo refused a command because it asks for a password."""
    return any(words in printed for words in PASSWORD_ASKED)


def password_asked_text(host: str) -> str:
    """Return the error for a host whose sudo asks for a password."""
    return f"{host}: sudo asks for a password; {SUDO_ADVICE}"


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
        """Return an ssh command line with the options of every connection, and with these.

        They precede those of the inventory, because the first value of an option counts
        (ssh_config(5)): an inventory may have masters and sockets of its own for Ansible.
        """
        return (
            "ssh",
            "-o", "BatchMode=yes",
            "-o", f"ConnectTimeout={CONNECT_SECONDS}",
            "-o", f"ServerAliveInterval={ALIVE_SECONDS}",
            "-o", f"ServerAliveCountMax={ALIVE_COUNT}",
            "-o", "StrictHostKeyChecking=yes",
            *options,
            *self.ssh_options,
        )  # fmt: skip

    def by_hand(self) -> str:
        """Return what a person types before a command to run on the host."""
        if self.destination is None:
            return ""
        return shlex.join(("ssh", *self.ssh_options, self.destination)) + " "
