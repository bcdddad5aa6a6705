"""Find the tor program and read its version.

Onion services need tor's conversation about congestion control and proof of work as 0.4.8 has it;
older releases are past their support (tor: doc/ReleaseNotes).
"""

from __future__ import annotations

import re
import shutil
import subprocess

import msgspec

from onionrig.errors import Unequipped
from onionrig.units import version_numbers

OLDEST = (0, 4, 8)
_VERSION = re.compile(r"Tor version (\d+(?:\.\d+)+[\w.+-]*?)\.?(?:\s|$)", re.MULTILINE)
_OPENSSL = re.compile(r"(OpenSSL|LibreSSL)\s+([\w.+-]+?),")
_SECONDS = 10


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """A tor program on this machine."""

    path: str
    version: str
    openssl: str


def find_tor() -> Program:
    """Return the tor on PATH. Raises Unequipped where there is none, or only one too old."""
    path = shutil.which("tor") or shutil.which("tor", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if path is None:
        raise Unequipped(
            "tor was not found: `make setup` installs it without starting it "
            "(Debian, Raspberry Pi OS: package tor)"
        )
    printed = subprocess.run(
        [path, "--version"], capture_output=True, text=True, timeout=_SECONDS, check=False
    ).stdout
    return program_from(path, printed)


def program_from(path: str, printed: str) -> Program:
    """Read what ``tor --version`` printed. Raises Unequipped."""
    found = _VERSION.search(printed)
    if found is None:
        raise Unequipped(f"{path} --version does not name a version of tor: {printed[:80]!r}")
    version = found[1]
    if version_numbers(version) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise Unequipped(
            f"{path} is tor {version}: {oldest} or later is needed; "
            "Debian 12 and later have one (apt-get install tor)"
        )
    openssl = _OPENSSL.search(printed)
    return Program(
        path=path, version=version, openssl=f"{openssl[1]} {openssl[2]}" if openssl else "unknown"
    )
