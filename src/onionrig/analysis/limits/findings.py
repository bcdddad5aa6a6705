"""The outcome of comparing something with its limit."""

from __future__ import annotations

import msgspec

from onionrig.records.findings import BottleneckKind, Evidence


class LimitFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A subject at its limit, with the sentence of the bottleneck."""

    kind: BottleneckKind
    subject: str | None
    sentence: str


class LimitCheck(msgspec.Struct, frozen=True, kw_only=True):
    """Everything compared with one kind of limit, and what of it is at its limit, if anything."""

    evidence: tuple[Evidence, ...] = ()
    finding: LimitFinding | None = None
