"""What can be recorded: the schema of samples, transfers, events, manifest and result."""

from __future__ import annotations

import msgspec


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The root of every record that is part of another one."""
