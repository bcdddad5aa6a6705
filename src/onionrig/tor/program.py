"""Find the tor program, read its version, and ask it whether it would accept a torrc.

Onion services need tor's negotiation of congestion control and proof of work as in 0.4.8; older
releases are no longer supported (tor: doc/ReleaseNotes).
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from onionrig.errors import Unequipped
from onionrig.programs import NotRun, found, run_program
from onionrig.tor.bootstrap import complaint
from onionrig.units import version_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

OLDEST = (0, 4, 8)
MODULES = ("relay", "dirauth", "dircache")
"""Parts of tor that can be left out when it is built, and that the rig needs."""
_VERSION = re.compile(r"Tor version (\d+(?:\.\d+)+[\w.+-]*?)\.?(?:\s|$)", re.MULTILINE)
_OPENSSL = re.compile(r"(OpenSSL|LibreSSL)\s+([\w.+-]+?),")
_SECONDS = 10
_BUILD_DIGITS = 12


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """A tor program on this machine."""

    path: str
    version: str
    openssl: str
    build: str | None = None
    """First 12 hexadecimal digits of the SHA-256 digest of its file; None if it is unreadable."""


def find_tor() -> Program:
    """Return the tor on PATH. Raises Unequipped if there is none, or only one that is too old."""
    path = found("tor", elsewhere="/usr/sbin:/usr/bin:/usr/local/bin")
    if path is None:
        raise Unequipped(
            "tor was not found: `make setup` installs it without starting it "
            "(Debian, Raspberry Pi OS: package tor)"
        )
    try:
        version = run_program([path, "--version"], seconds=_SECONDS)
        modules = run_program([path, "--list-modules"], seconds=_SECONDS)
    except NotRun as error:
        raise Unequipped(f"{error}; put a tor that runs on this machine first on PATH") from error
    if version.code:
        raise Unequipped(f"{path} --version fails with {version.complaint}")
    program = program_from(path, version.out)
    refuse_missing_modules(path, modules.out)
    return msgspec.structs.replace(program, build=build_of(Path(path)))


def build_of(path: Path) -> str | None:
    """Return what tells two builds of one version apart: the beginning of the file's digest."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:_BUILD_DIGITS]
    except OSError:
        return None  # a program may be executable and yet not readable


def refuse_missing_modules(path: str, printed: str) -> None:
    """Raise Unequipped for a tor built without the modules that relays and authorities need.

    ``printed`` is the output of ``tor --list-modules``; a module that it does not list counts as
    present.
    """
    missing = [name for name in MODULES if f"{name}: no" in printed.splitlines()]
    if missing:
        raise Unequipped(
            f"{path} was built without the modules {', '.join(missing)}, so it cannot be a relay "
            "or an authority of the rig; put the distribution's tor first on PATH"
        )


def program_from(path: str, printed: str) -> Program:
    """Read the output of ``tor --version``. Raises Unequipped."""
    version_match = _VERSION.search(printed)
    if version_match is None:
        raise Unequipped(f"{path} --version does not name a version of tor: {printed[:80]!r}")
    version = version_match[1]
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


def verifying(tor: str) -> tuple[str, ...]:
    """Return the command line of a tor that only reports whether it accepts a given torrc.

    Nothing is started, and nothing is written (tor manual: ``--verify-config``).
    """
    return (tor, "-f", "-", "--defaults-torrc", "/dev/null", "--verify-config")


def refusal(argv: Sequence[str], torrc: str) -> str | None:
    """Return a tor's objection to a torrc, or None; ``argv`` is how it is asked, here or there.

    Raises NotRun if it does not answer.
    """
    completed = run_program(argv, seconds=_SECONDS, given=torrc.encode())
    if completed.code not in (0, 1):  # tor ends with 1 whatever its objection
        raise NotRun(f"{' '.join(argv)[:200]} does not say what it takes: {completed.complaint}")
    return None if completed.code == 0 else complaint(completed.out) or completed.complaint
