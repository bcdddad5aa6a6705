"""The board catalogue as this user has it: the shipped one, with the user's own file over it."""

from __future__ import annotations

import functools
import os
from importlib import resources
from typing import TYPE_CHECKING

import platformdirs

from onionrig.errors import UsageError
from onionrig.hardware.decode import CatalogueFile, catalogue_from
from onionrig.store.given_files import given_text

if TYPE_CHECKING:
    from pathlib import Path

    from onionrig.hardware.boards import Catalogue


def catalogue() -> Catalogue:
    """Return the catalogue. Raises UsageError for a mistake in the user's own file."""
    own = own_boards()
    return _decoded((*_shipped(), *(() if own is None else _own_files(own))))


def own_boards() -> Path | None:
    """Return the path of a user's own boards, whether or not it exists, or None without a home."""
    try:
        return platformdirs.user_config_path("onionrig") / "boards.toml"
    except RuntimeError:  # a user who is in no list, without HOME
        return None


@functools.cache
def _decoded(files: tuple[CatalogueFile, ...]) -> Catalogue:
    # a sweep asks for it at every point, and TOML takes its time
    return catalogue_from(files)


def _shipped() -> list[CatalogueFile]:
    directory = resources.files("onionrig.hardware") / "catalogue"
    # the families in the order that a reader expects, not the alphabet's
    return [
        CatalogueFile(
            origin=f"{name}.toml", text=(directory / f"{name}.toml").read_text(encoding="utf-8")
        )
        for name in ("raspberry-pi", "small-x86", "cloud")
    ]


def _own_files(path: Path) -> list[CatalogueFile]:
    try:
        return [CatalogueFile(origin=str(path), text=given_text(path))]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        if isinstance(error, PermissionError) and not os.access(path.parent, os.X_OK):
            return []  # the home of somebody else, as after sudo
        raise UsageError(f"{path}: {error.strerror}") from error
