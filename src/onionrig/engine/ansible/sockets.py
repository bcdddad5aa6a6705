"""The listening sockets of a host, from what its kernel prints: proc_net(5)."""

from __future__ import annotations

from pathlib import PurePosixPath

LISTENING_TCP = "0A"
ACCEPTS_CONNECTIONS = 0x10000
"""The flag of a unix socket that listens (linux/net.h, __SO_ACCEPTCON)."""
COMMAND = ("cat", "/proc/net/unix", "/proc/net/tcp", "/proc/net/tcp6")


def listening(printed: str) -> tuple[frozenset[PurePosixPath], frozenset[int]]:
    """Return the unix sockets and the TCP ports that have a listener."""
    sockets, ports = set(), set()
    for line in printed.splitlines():
        words = line.split()
        if _is_listening_tcp(words):
            ports.add(int(words[1].rpartition(":")[2], 16))
        elif _is_listening_unix(words):
            sockets.add(PurePosixPath(words[7]))
    return frozenset(sockets), frozenset(ports)


def _is_listening_tcp(words: list[str]) -> bool:
    """Return whether the line looks like ``0: 0100007F:1F90 00000000:0000 0A …``."""
    return len(words) > 3 and words[0].endswith(":") and words[3] == LISTENING_TCP  # noqa: PLR2004


def _is_listening_unix(words: list[str]) -> bool:
    """Return whether the line looks like ``0…: 00000002 00000000 00010000 0001 01 1234 /path``."""
    if len(words) != 8 or not words[0].endswith(":"):  # noqa: PLR2004 - the columns with a path
        return False
    try:
        return bool(int(words[3], 16) & ACCEPTS_CONNECTIONS)
    except ValueError:
        return False
