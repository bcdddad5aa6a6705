"""The delay of a link: the kernel's netem, or our own delaybox if the kernel lacks it.

``python -m onionrig.engine.emulation.delaybox`` builds the box ahead of time, as ``make setup``
does if there is a compiler.
"""

from __future__ import annotations

import hashlib
import os
import sys
from importlib import resources
from typing import TYPE_CHECKING, Literal

from onionrig.engine.local.equipment import cache_directory
from onionrig.errors import OnionrigError, Unequipped
from onionrig.programs import found, run_program
from onionrig.store.whole_files import put_in_place, replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from onionrig.engine.emulation.namespaces import Namespace

DelayedBy = Literal["netem", "delaybox"]

_COMPILERS = ("cc", "gcc", "clang")
_BUILD_SECONDS = 120
_FLAGS = ("-O2", "-Wall", "-Wextra")


def has_netem(namespace: Namespace) -> bool:
    """Return whether the kernel has netem, by trying it on a namespace's loopback."""
    try:
        namespace.configure("tc", ["qdisc add dev lo root netem delay 1ms"])
    except Unequipped:
        return False
    namespace.configure("tc", ["qdisc del dev lo root"])
    return True


def delaybox(cache: Path | None = None) -> Path:
    """Return the path of the delaybox for this version of its source, built if necessary.

    Raises Unequipped if there is no compiler or it fails.
    """
    source = resources.files("onionrig.engine.emulation") / "delaybox.c"
    text = source.read_bytes()
    directory = cache_directory() if cache is None else cache
    built = directory / f"delaybox-{hashlib.sha256(text).hexdigest()[:16]}"
    digest = built.with_name(f"{built.name}.sha256")
    if _is_whole(built, digest):
        return built
    compiler = next(filter(None, map(found, _COMPILERS)), None)
    if compiler is None:
        raise Unequipped(
            "this kernel has no netem, so delays are made by a small C program, and there is no "
            "compiler to build it: apt-get install gcc libc6-dev"
        )
    _refuse_useless(directory)
    fresh = built.with_name(f"{built.name}.{os.getpid()}")  # two runs may build at the same time
    completed = run_program(
        [compiler, *_FLAGS, "-x", "c", "-", "-o", str(fresh)], seconds=_BUILD_SECONDS, given=text
    )
    if completed.code:
        raise Unequipped(
            f"{compiler} could not build the program that delays links (headers missing? "
            f"apt-get install libc6-dev linux-libc-dev): {completed.err.strip()}"
        )
    put_in_place(fresh, built)
    replace_file(digest, _digest(built))
    return built


def _refuse_useless(directory: Path) -> None:
    """Make the cache's directory. Raises Unequipped if no program can be stored or run there."""
    advice = "and it keeps the program that delays links: XDG_CACHE_HOME names another directory"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unequipped(f"{directory} cannot be made ({error.strerror}), {advice}") from error
    flags = os.statvfs(directory).f_flag
    if flags & os.ST_RDONLY or not os.access(directory, os.W_OK):
        raise Unequipped(f"{directory} cannot be written, {advice}")
    if flags & os.ST_NOEXEC:
        raise Unequipped(f"{directory} is on a file system from which nothing runs, {advice}")


def _is_whole(built: Path, digest: Path) -> bool:
    """Return whether a program is as it was built: a power cut may have damaged it."""
    try:
        return digest.read_bytes() == _digest(built)
    except OSError:
        return False


def _digest(file: Path) -> bytes:
    return hashlib.sha256(file.read_bytes()).hexdigest().encode()


def _main() -> None:
    try:
        sys.stdout.write(f"{delaybox()}\n")
    except OnionrigError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    _main()
