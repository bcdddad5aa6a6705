"""What pip installs on a host: all that requirements-node.lock names, for each suite's Python."""

from __future__ import annotations

import hashlib
import platform
import sys

from support.bed.cache import cached
from support.bed.ground import run
from support.files import PROJECT

PYTHONS = ("3.11", "3.13")
"""The Python of bookworm and that of trixie."""
BUILD_TOOLS = ("wheel",)
"""What the pip of bookworm builds a source distribution with, beside setuptools, which is locked."""
LOCK = PROJECT / "requirements-node.lock"


def cached_wheels():
    """Return the folder that pip finds everything in; fetch what is not in the cache."""
    ingredients = {
        "lock": hashlib.sha256(LOCK.read_bytes()).hexdigest(),
        "machine": platform.machine(),
        "pythons": PYTHONS,
        "tools": BUILD_TOOLS,
    }
    return cached("wheels", ingredients, _fetch)


def _fetch(directory):
    download = (
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-input",
        "--dest",
        directory,
    )
    for python in PYTHONS:
        # hashes are checked; without --no-deps pip takes no source distribution for another Python
        run(
            *download,
            "--no-deps",
            "--require-hashes",
            f"--python-version={python}",
            f"--requirement={LOCK}",
        )
    run(*download, *BUILD_TOOLS)
