"""Find the Onionbalance that was installed beside this program, and its version."""

from __future__ import annotations

import importlib.metadata
import sysconfig
from pathlib import Path

from onionrig.errors import Unequipped


def find_onionbalance() -> tuple[str, str]:
    """Return path and version of Onionbalance. Raises Unequipped where it is missing."""
    path = Path(sysconfig.get_path("scripts")) / "onionbalance"
    if not path.is_file():
        raise Unequipped(f"Onionbalance is not at {path}: install this program again (make setup)")
    return str(path), importlib.metadata.version("onionbalance")
