"""The bottleneck of a recording, by which evidence, and whether that is to be trusted."""

from __future__ import annotations

from onionrig.analysis.limits.bottleneck import bottleneck
from onionrig.analysis.load.loads import load_of
from onionrig.analysis.trust.doubts import trust


def bottleneck_of(recording):
    """Return the bottleneck of a recording's hold."""
    return bottleneck(load_of(recording))


def trust_of(recording):
    """Return whether what was measured in a recording's hold is to be trusted."""
    return trust(load_of(recording))


def evidence(limit, beginning):
    """Return the piece of a bottleneck's evidence that begins so."""
    (piece,) = [piece for piece in limit.evidence if piece.what.startswith(beginning)]
    return piece


KINDS = {
    "longest silence of ": {"stalled backend"},
    "CPU of ": {"machine CPU"},
    "threads that waited for a CPU of ": {"CPU withheld"},
    "main thread of ": {"main thread"},
    "": {"window"},
}
"""The bottleneck that each kind of evidence stands for, by how it begins, the strongest first."""


def kinds_by_evidence(evidence):
    """Return which verdicts on a rig of one host its evidence allows (docs/method.md has them)."""
    at_limit = [each["what"] for each in evidence if each["at_limit"]]
    for beginning, kinds in KINDS.items():
        if any(what.startswith(beginning) for what in at_limit):
            return kinds
    return {"load", "unknown"}
