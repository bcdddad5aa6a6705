"""How a host is reached: the words before a command that is to run there, alone or as root."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

CONNECT_SECONDS = 10
"""How long a connection may take to be made."""
ALIVE_SECONDS, ALIVE_COUNT = 5, 3
"""A host that answers none of so many questions, one each so many seconds, is lost."""


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """How one host is reached."""

    name: str
    """The name that the inventory has for it."""
    destination: str | None
    """What ssh is given as its destination; null where the host is this machine."""
    ssh_options: tuple[str, ...] = ()
    """The inventory's own options of ssh."""
    become: tuple[str, ...] = ("sudo", "-n")
    """The words before a command that is to run as root; none where the login is root's."""

    @property
    def is_here(self) -> bool:
        """Whether the host is this machine."""
        return self.destination is None

    def as_root(self, argv: Iterable[str]) -> tuple[str, ...]:
        """Return a command that runs as root, as a shell of the host would be given it."""
        return (*self.become, *argv)

    def alone(self, argv: Iterable[str]) -> tuple[str, ...]:
        """Return the command line, here, of a command there over a connection of its own."""
        return self._over(argv, ())

    def through(self, socket: Path, argv: Iterable[str]) -> tuple[str, ...]:
        """Return the command line, here, of a command there over a connection that stands."""
        return self._over(argv, ("-o", f"ControlPath={socket}", "-o", "ControlMaster=no"))

    def _over(self, argv: Iterable[str], options: Iterable[str]) -> tuple[str, ...]:
        if self.destination is None:
            return tuple(argv)
        return (*self.ssh(*options), "--", self.destination, shlex.join(argv))

    def ssh(self, *options: str) -> tuple[str, ...]:
        """Return ssh with the options that every connection has, and these."""
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
        """Return what a person types before a command that is to run there."""
        if self.destination is None:
            return ""
        return shlex.join(("ssh", *self.ssh_options, self.destination)) + " "
