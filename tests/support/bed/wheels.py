"""What pip installs on a host: all that the locks for hosts name, for each suite's Python.

The packages that a host compiles where it is told to are there as sources, too.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys

import yaml

from support.bed.cache import cached
from support.bed.ground import run
from support.files import PROJECT

PYTHONS = ("3.11", "3.13")
"""The Python of bookworm and that of trixie."""
BUILD_TOOLS = ("wheel",)
"""What the pip of bookworm builds a source distribution with, beside setuptools, which is locked."""
LOCKED = PROJECT / "deploy/roles/onionrig/files"
NODE_LOCK = LOCKED / "requirements-node.lock"
BUILD_LOCK = LOCKED / "requirements-build.lock"
LOCKS = (NODE_LOCK, BUILD_LOCK)
ROLE_VARIABLES = PROJECT / "deploy/roles/onionrig/vars/main.yml"
COMPILED = tuple(yaml.safe_load(ROLE_VARIABLES.read_text())["onionrig_compiled"])
"""The packages that hosts compile."""
_DOWNLOAD = ("-m", "pip", "download", "--quiet", "--no-input")


def cached_wheels():
    """Return the folder that pip finds everything in; fetch what is not in the cache."""
    ingredients = {
        "locks": [hashlib.sha256(lock.read_bytes()).hexdigest() for lock in LOCKS],
        "machine": platform.machine(),
        "pythons": PYTHONS,
        "tools": BUILD_TOOLS,
        "compiled": COMPILED,
    }
    return cached("wheels", ingredients, _fetch)


def _fetch(directory):
    download = (sys.executable, *_DOWNLOAD, "--dest", directory)
    requirements = [f"--requirement={lock}" for lock in LOCKS]
    for python in PYTHONS:
        # hashes are checked; without --no-deps pip takes no source distribution for another Python
        run(*download, "--no-deps", "--require-hashes", f"--python-version={python}", *requirements)
    run(*download, *BUILD_TOOLS)
    _fetch_sources(directory)


def _fetch_sources(directory):
    """Fetch the sources of what is compiled; pip asks each for its name with the locked tools."""
    tools = directory / "tools"
    install = (sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--no-deps")
    local = ("--no-index", f"--find-links={directory}")
    run(*install, *local, "--require-hashes", f"--target={tools}", f"--requirement={BUILD_LOCK}")
    run(
        *(sys.executable, *_DOWNLOAD, "--dest", directory, "--no-deps", "--require-hashes"),
        *(f"--no-binary={','.join(COMPILED)}", "--no-build-isolation", "--use-pep517"),
        f"--requirement={NODE_LOCK}",
        env=os.environ | {"PYTHONPATH": str(tools), "PYYAML_FORCE_LIBYAML": "0"},
    )
    shutil.rmtree(tools)
