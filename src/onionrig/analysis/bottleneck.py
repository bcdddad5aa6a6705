"""What bound the rate: one verdict, with everything that was held against its limit.

What is nearer to a single cause comes first. A stalled backend takes its share with it whatever
else is full. A full machine makes every thread wait, so it comes before threads; a full interface
fills no CPU. The windows bound a rate only where nothing is full: a full machine also stretches
the round trips, so that rate and windows agree there as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.interfaces import look_at_interfaces
from onionrig.analysis.look import Finding
from onionrig.analysis.machine import host_uses, look_at_machines
from onionrig.analysis.main_threads import look_at_main_threads
from onionrig.analysis.stalls import look_for_stalls
from onionrig.analysis.stream_windows import allowance, have_windows, look_at_windows, reach_of
from onionrig.analysis.windows import bytes_by_second, mean_bits_per_second
from onionrig.records.findings import Bottleneck, Evidence
from onionrig.units import rate_text

if TYPE_CHECKING:
    from onionrig.analysis.windows import Window
    from onionrig.records.recording import Recording


def bottleneck(recording: Recording, hold: Window) -> Bottleneck:
    """Return the verdict and its evidence; never raises, whatever was not recorded."""
    if not hold.seconds:
        return _verdict(_unknown("nothing was held"), ())
    looks = (
        look_for_stalls(recording, hold),
        look_at_machines(recording, hold),
        look_at_interfaces(recording, hold),
        look_at_main_threads(recording, hold),
    )
    windows = look_at_windows(recording, hold)
    full = next((look.finding for look in looks if look.finding), None)
    evidence = tuple(piece for look in (*looks, windows) for piece in look.evidence)
    return _verdict(full or _unfilled(recording, hold, windows.finding), evidence)


def _unfilled(recording: Recording, hold: Window, window: Finding | None) -> Finding:
    """Say what bound the rate where nothing was at its limit."""
    mean = mean_bits_per_second(bytes_by_second(recording.sinks, hold))
    if not host_uses(recording, hold):
        return _unknown("no sampler covers the hold: nobody knows what was full")
    if not mean:
        return _unknown("nothing was delivered in the hold, and nothing was full")
    return window or _unbound(recording, hold, mean)


def _unbound(recording: Recording, hold: Window, mean: float) -> Finding:
    """Say it where the streams' windows did not bound it either."""
    came = f"nothing was full, {rate_text(mean)} came"
    allowed = allowance(recording, hold)
    if not have_windows(recording.manifest, reach_of(recording)):
        return _load(f"{came}, and more streams may bring more")
    if allowed is None:
        return _unknown(
            "nothing was full, but no round trip was measured: whether the streams' windows bound "
            "the rate cannot be said"
        )
    limit = rate_text(allowed.bits_per_second)
    if mean > allowed.bits_per_second:
        return _unknown(
            f"{came}, but {allowed.text} should carry no more than {limit}: the round trip that "
            "was measured is not the streams' own"
        )
    return _load(f"{came}, while {allowed.text} would allow {limit}: more streams may bring more")


def _unknown(sentence: str) -> Finding:
    return Finding(kind="unknown", subject=None, sentence=sentence)


def _load(sentence: str) -> Finding:
    return Finding(kind="load", subject=None, sentence=sentence)


def _verdict(finding: Finding, evidence: tuple[Evidence, ...]) -> Bottleneck:
    return Bottleneck(
        kind=finding.kind,
        subject=finding.subject,
        sentence=finding.sentence,
        evidence=evidence,
    )
