"""Where things are kept between runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import platformdirs

if TYPE_CHECKING:
    from pathlib import Path


def cache_directory() -> Path:
    """Return the program's part of the user's cache directory; what is made there is 0700."""
    return platformdirs.user_cache_path("onionrig")
