"""Whether something confines tor so that it cannot use the files that it is given.

An AppArmor profile attached to tor's path, a tor from a snap, SELinux: each lets tor start and
denies it the files of the workspace, which looks like a fault of the rig. So tor is asked to check
a configuration there before anything is started.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from onionrig.errors import Unequipped
from onionrig.programs import NotRun, run_program

if TYPE_CHECKING:
    from collections.abc import Iterable

LOADED = "sys/kernel/security/apparmor/profiles"
"""The kernel's list of profiles, each with its mode; only root can read it."""
PROFILES = "etc/apparmor.d"
ENFORCING, DISABLED, COMPLAINING = "enforce", "disable", "force-complain"
_LOADED_LINE = re.compile(r"^(?P<name>.+) \((?P<mode>[a-z]+)\)$")
_HEADER = re.compile(r"^\s*(?:profile\s+(?P<name>\S+)\s*)?(?P<path>/\S+)?.*\{\s*$")
_SECONDS = 10


def refuse_confined(tor: str, directory: Path) -> None:
    """Check that tor can use a configuration in a directory.

    Raises Unequipped if it cannot, naming the profile that confines it if there is one.
    """
    with tempfile.TemporaryDirectory(prefix="onionrig-tor-", dir=directory) as trial:
        torrc = Path(trial, "torrc")
        torrc.write_text("SocksPort 0\nLog warn stdout\n", encoding="utf-8")
        try:
            ended = run_program(
                [
                    tor, "--verify-config", "-f", str(torrc), "--defaults-torrc", "/dev/null",
                    "--DataDirectory", f"{trial}/data",
                ],
                seconds=_SECONDS,
            )  # fmt: skip
        except NotRun as error:
            raise Unequipped(str(error)) from error
    if ended.code:
        raise Unequipped(refusal(tor, directory, _first_warning(ended.out), confining(tor)))


def refusal(tor: str, directory: Path, warning: str, profile: str | None) -> str:
    """Return an explanation that tor cannot use files in a directory, and what to do."""
    text = f"{tor} cannot use files in {directory}: {warning}"
    if profile is None:
        return (
            f"{text}; if something confines tor (a snap, SELinux, AppArmor), have it allow this "
            "directory, or set TMPDIR to one that it allows"
        )
    return (
        f"{text}; the AppArmor profile {profile} confines it: allow {directory}/onionrig-* in "
        f"{Path('/', PROFILES, 'local')}, set TMPDIR to a directory that it allows, or have it "
        f"complain only (aa-complain {tor})"
    )


def confining(tor: str, root: Path = Path("/")) -> str | None:
    """Return the name of the AppArmor profile that confines a program, or None.

    The kernel's list counts if it can be read; otherwise the profiles on the disk, of which the one
    that is attached to the program's path confines it.
    """
    path = str(Path(tor).resolve()) if root == Path("/") else tor
    attached = _attached_profiles(root / PROFILES, path)
    try:
        text = (root / LOADED).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return next(iter(attached), None)
    enforced = [
        line["name"]
        for line in map(_LOADED_LINE.match, text.splitlines())
        if line is not None and line["mode"] == ENFORCING
    ]
    return next((name for name in enforced if name == path or name in attached), None)


def _attached_profiles(directory: Path, path: str) -> list[str]:
    """Return the names of the enforced profiles on the disk that are attached to a path."""
    return [
        name
        for file in _files(directory)
        if not any((directory / off / file.name).exists() for off in (DISABLED, COMPLAINING))
        for name in _names(file, path)
    ]


def _files(directory: Path) -> Iterable[Path]:
    try:
        return sorted(path for path in directory.iterdir() if path.is_file())
    except OSError:
        return ()


def _names(file: Path, path: str) -> Iterable[str]:
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        header = _HEADER.match(line)
        if header is not None and header["path"] == path and "complain" not in line:
            yield header["name"] or path


def _first_warning(printed: str) -> str:
    """Return tor's first warning: the later ones only report that it gives up."""
    lines = [line for line in printed.splitlines() if "[warn]" in line or "[err]" in line]
    text = lines[0].partition("] ")[2] if lines else printed.strip().splitlines()[-1:]
    return text if isinstance(text, str) else " ".join(text) or "it says nothing"
