"""Refuse, by name and before anything starts, what around this program would break a run.

Temporary files go into a directory whose path every program must be able to take. A library that is
loaded into every process to send its connections through a proxy would take those of the rig, which
are all between its own hosts, elsewhere or nowhere.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from onionrig.errors import Unequipped
from onionrig.units import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_SOCKET_BYTES = 107
"""Bytes that the path of a unix socket may have (unix(7), sun_path less its final zero)."""
WORKSPACE = "onionrig-0123456789abcdef"
"""Example of a workspace's name; every name is as long."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9/._+,=@-]")
_INTERCEPTING = re.compile(r"\blib(torsocks|proxychains|tsocks|dsocks|proxybound)[^/\s:]*\.so")
"""Libraries that send a program's connections through a proxy: torsocks, proxychains and
proxychains-ng, tsocks, Dante's socksify, proxybound."""
PRELOAD = "LD_PRELOAD"


def temporary_directory() -> str:
    """Return where temporary files go. Raises Unequipped if no directory for them can be used."""
    try:
        return tempfile.gettempdir()
    except OSError as error:
        raise Unequipped(
            "there is no temporary directory in which a file can be written: free space in /tmp, "
            "or set TMPDIR to a directory that can be written"
        ) from error


def refuse_unfit_surroundings(longest: str = "", *, for_ssh: bool = False) -> None:
    """Raise Unequipped if a run could not work here, whatever is installed.

    ``longest`` is the longest path of a unix socket below the workspace.
    """
    refuse_intercepted()
    refuse_unfit_directory(longest, for_ssh=for_ssh)


def refuse_unfit_directory(longest: str = "", *, for_ssh: bool = False) -> None:
    """Raise Unequipped if temporary files would go where a run's cannot be."""
    directory = temporary_directory()
    if wrong := unfit(directory, longest, for_ssh=for_ssh):
        raise Unequipped(
            f"the temporary directory {directory!r} cannot be used: {wrong}; set TMPDIR to another "
            "(TMPDIR=/tmp)"
        )


def refuse_intercepted() -> None:
    """Raise Unequipped if something is loaded that sends connections through a proxy."""
    maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    library = intercepting(maps, os.environ)
    if library is not None:
        raise Unequipped(
            f"{library} is loaded into this program and would take its connections elsewhere: "
            f"start onionrig without it (unset {PRELOAD}, and see /etc/ld.so.preload); the rig is "
            "a private Tor network on hosts of its own, and reaches no other"
        )


def intercepting(maps: str, environment: Mapping[str, str]) -> str | None:
    """Return the library that sends connections through a proxy, or None.

    ``maps`` is the kernel's list of what is loaded into this process (proc(5)); libraries named in
    the environment are loaded into every process that this one starts.
    """
    for text in (maps, environment.get(PRELOAD, "")):
        for word in re.split(r"[\s:]+", text):
            if match := _INTERCEPTING.search(word):
                return f"{match[1]} ({word})"
    return None


def without_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the variables that name a proxy, such as ``http_proxy``.

    Programs of a rig reach only one another.
    """
    return {
        name: value for name, value in environment.items() if not name.lower().endswith("_proxy")
    }


def unfit(directory: str, longest: str = "", *, for_ssh: bool = False) -> str | None:
    """Explain why a directory cannot have the workspace of a run, or return None."""
    if directory.encode("utf-8", errors="surrogateescape") != os.fsencode(directory) or (
        _SURROGATE.search(directory)
    ):
        return "its path is not UTF-8, as the files that name it are, or the locale is not"
    if _CONTROL.search(directory):
        return "its path has a line break or another control character"
    if for_ssh and (match := _NOT_PLAIN.search(directory)):
        return (
            f"its path has {match[0]!r}, which ssh and Ansible would read as more than a letter of "
            "the path; letters, digits and / . _ + , = @ - are taken"
        )
    socket = os.path.join(directory, WORKSPACE, longest)  # noqa: PTH118 - a text, not a file
    over = len(os.fsencode(socket)) - MOST_SOCKET_BYTES if longest else 0
    if over > 0:
        return (
            f"its path is {counted(over, 'byte')} too long for the unix sockets below it, which "
            f"may have {MOST_SOCKET_BYTES} bytes and would have up to {MOST_SOCKET_BYTES + over}"
        )
    return None
