"""The shipped profiles: the experiments that every question starts from."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from onionrig.errors import UsageError
from onionrig.experiment.decode import layer_from_toml

if TYPE_CHECKING:
    from onionrig.experiment.decode import Layer

DEFAULT_PROFILE = "default"


def profile_names() -> list[str]:
    """Return the names of the shipped profiles."""
    shipped = resources.files("onionrig.experiment") / "profiles"
    return sorted(
        entry.name.removesuffix(".toml")
        for entry in shipped.iterdir()
        if entry.name.endswith(".toml")
    )


def profile_layer(name: str) -> Layer:
    """Return a shipped profile as a layer. Raises UsageError if there is none of that name."""
    if name not in profile_names():
        raise UsageError(f"no profile {name}: there are {', '.join(profile_names())}")
    path = resources.files("onionrig.experiment") / "profiles" / f"{name}.toml"
    return layer_from_toml(path.read_text(encoding="utf-8"), origin=f"profile {name}")
