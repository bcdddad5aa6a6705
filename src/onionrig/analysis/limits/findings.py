"""What is found where something is held against its limit."""

from __future__ import annotations

import msgspec

from onionrig.records.findings import BottleneckKind, Evidence


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is at its limit, in the words of a verdict."""

    kind: BottleneckKind
    subject: str | None
    sentence: str


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at, and what of it is at its limit; None where nothing is."""

    evidence: tuple[Evidence, ...] = ()
    finding: Finding | None = None
