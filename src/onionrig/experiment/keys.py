"""What the keys of an experiment can hold, and the root of its tables."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Auto = Literal["auto"]
Count = Annotated[int, Meta(ge=1)]
Switched = bool | Auto
UserPort = Annotated[int, Meta(ge=1024, le=65535)]


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of an experiment file."""
