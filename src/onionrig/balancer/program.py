"""Find the Onionbalance that was installed beside this program, and its version."""

from __future__ import annotations

import importlib.metadata
import sysconfig
from pathlib import Path

from onionrig.errors import Unequipped

KNOWN_VERSIONS = ("0.2.4",)
"""Releases whose functions the extended balancer replaces; each was reviewed for it."""


def find_onionbalance() -> tuple[str, str]:
    """Return path and version of Onionbalance. Raises Unequipped if it is missing."""
    path = Path(sysconfig.get_path("scripts")) / "onionbalance"
    if not path.is_file():
        raise Unequipped(f"Onionbalance is not at {path}: install this program again (make setup)")
    return str(path), importlib.metadata.version("onionbalance")


def refuse_unknown_version(version: str) -> None:
    """Raise Unequipped for an Onionbalance that the extended balancer does not know."""
    if version not in KNOWN_VERSIONS:
        raise Unequipped(
            f"Onionbalance {version} is installed, and the extended balancer replaces functions of "
            f"{', '.join(KNOWN_VERSIONS)}: install that release, or set "
            'frontend.balancer = "stock"'
        )
