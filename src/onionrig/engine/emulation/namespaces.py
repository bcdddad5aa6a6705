"""Unnamed network namespaces, each held by a small process of ours.

A named one (``ip netns add``) is a mount, which outlives its maker if that is killed. One that only
processes hold disappears with the last of them, along with its interfaces and qdiscs. Whatever ends
the processes of a run, such as the keeper or a power cut, therefore ends all of it.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import ctypes
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from onionrig.engine.emulation.privileges import IN_USER_NAMESPACE, tool
from onionrig.errors import Unequipped
from onionrig.processes.deadline import POLL_SECONDS, deadline
from onionrig.programs import run_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Found = TypeVar("Found")

HOLDER = ("unshare", "--net", "--", "sleep", "infinity")
"""The argv of a process that holds a namespace."""
HELD_SECONDS = 10.0
_CONFIGURED_SECONDS = 60

_CLONE_NEWNET = 0x40000000
"""Flag from linux/sched.h; Python has os.setns from 3.12 on."""
_QUIET = {
    # none of our programs speaks IPv6, whose announcements would occupy idle links
    "ipv6/conf/all/disable_ipv6": "1",
    "ipv6/conf/default/disable_ipv6": "1",
    # an address is asked for once per second; over a slow path the answer takes longer than the
    # default of three requests
    "ipv4/neigh/default/mcast_solicit": "10",
    "ipv4/neigh/default/ucast_solicit": "10",
}
"""Settings below /proc/sys/net of a new namespace; interfaces inherit them when they are made."""


class Namespace(msgspec.Struct, frozen=True, kw_only=True):
    """A network namespace, identified by a process in it."""

    name: str
    pid: int

    @property
    def path(self) -> str:
        """Path of the namespace in /proc."""
        return f"/proc/{self.pid}/ns/net"

    @property
    def entering(self) -> tuple[str, ...]:
        """The words that precede an argv to run in the namespace, which keeps its process id."""
        return ("nsenter", f"--net={self.path}", "--")

    @property
    def entering_by_hand(self) -> tuple[str, ...]:
        """The same for a person who did not start it: as root, or as the run's user."""
        if os.geteuid() == 0 and IN_USER_NAMESPACE not in os.environ:
            return self.entering
        return (
            "nsenter",
            f"--target={self.pid}",
            "--user",
            "--net",
            "--preserve-credentials",
            "--",
        )

    def inside(self, work: Callable[[], Found]) -> Found:
        """Run a function in the namespace, in a thread of its own; sockets made there stay there.

        Raises OSError if the namespace is gone.
        """
        with concurrent.futures.ThreadPoolExecutor(max_workers=1) as thread:
            thread.submit(self._enter).result()
            return thread.submit(work).result()

    def socket(self, family: socket.AddressFamily = socket.AF_INET) -> socket.socket:
        """Return a TCP socket that belongs to the namespace. Raises OSError."""
        return self.inside(lambda: socket.socket(family))

    def configure(self, program: str, lines: Iterable[str]) -> None:
        """Pass lines to ``ip`` or ``tc`` in the namespace. Raises Unequipped with its output."""
        batch = "\n".join(lines)
        completed = run_program(
            [*self.entering, tool(program), "-batch", "-"],
            seconds=_CONFIGURED_SECONDS,
            given=batch.encode(),
        )
        if completed.code:
            complaints = completed.err.strip().splitlines() or [f"exit code {completed.code}"]
            raise Unequipped(
                f"the links of emulated hosts could not be made here: {program} says "
                f'"{"; ".join(complaints)}" of: {"; ".join(batch.splitlines())}'
            )

    def _enter(self) -> None:
        handle = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if ctypes.CDLL(None, use_errno=True).setns(handle, _CLONE_NEWNET):
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number), self.path)
        finally:
            os.close(handle)


async def held_by(pid: int, name: str) -> Namespace:
    """Wait until a holder has its namespace, quiet it, and return it. Raises BringUpTimeout."""
    namespace = Namespace(name=name, pid=pid)
    async with deadline(HELD_SECONDS, lambda: f"the network namespace of {name}"):
        while True:
            if _is_another(namespace.path):
                await asyncio.to_thread(namespace.inside, _quieten)
                return namespace
            await asyncio.sleep(POLL_SECONDS / 10)


def _is_another(path: str) -> bool:
    with contextlib.suppress(OSError):
        return Path(path).stat().st_ino != Path("/proc/self/ns/net").stat().st_ino
    return False


def _quieten() -> None:
    for name, value in _QUIET.items():
        # absent without IPv6, read-only in some containers; links work without it
        with contextlib.suppress(OSError):
            Path("/proc/sys/net", name).write_text(value, encoding="utf-8")
