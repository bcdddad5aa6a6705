"""Compute the rate that windows allow without congestion control: a window per round trip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.backends.round_trip import path_seconds, round_trip
from onionrig.analysis.limits.findings import LimitCheck, LimitFinding
from onionrig.analysis.load.loads import events_of
from onionrig.analysis.load.windows import mean_bits_per_second
from onionrig.experiment.loads.streams import STREAM_WINDOW_BYTES
from onionrig.records.events import Scheduled
from onionrig.records.findings import Evidence
from onionrig.units import BITS_PER_BYTE, rate_text, version_numbers

if TYPE_CHECKING:
    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.records.manifest import Manifest
    from onionrig.records.streams.schedule import Reach

LEAST, MOST = 0.5, 1.25
"""Shares of what the windows allow between which windows count as the bottleneck. Streams
differ in their paths and the round trip is a median: a much lower rate had another cause, a much
higher one was not limited by this window."""

ON_BY_DEFAULT_SINCE = (0, 4, 8, 2)
"""First tor version with congestion control if the consensus does not set it (tor: ChangeLog of
0.4.8.2-alpha, bug 40709; src/core/or/congestion_control_common.c, CC_ALG_DFLT)."""


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """Rate that the windows allow."""

    streams: float
    """Mean number of streams that delivered in the hold."""
    round_trip_seconds: float

    @property
    def bits_per_second(self) -> float:
        """One window per round trip for each stream."""
        return self.streams * STREAM_WINDOW_BYTES * BITS_PER_BYTE / self.round_trip_seconds

    @property
    def text(self) -> str:
        """The streams with their window and round trip, as the subject of a sentence."""
        window_text = f"a window of {STREAM_WINDOW_BYTES / 1e3:.0f} kB"
        path_text = f"a round trip of {milliseconds(self.round_trip_seconds)}"
        stream_count = round(self.streams)
        if stream_count == 1:
            return f"1 stream with {window_text} over {path_text}"
        return f"{stream_count} streams, each with {window_text} over {path_text},"


def have_windows(manifest: Manifest, reach: Reach = "address") -> bool:
    """Return True if streams have fixed windows.

    Clients turn congestion control on only because of a line of the descriptor (tor:
    src/feature/hs/hs_client.c). Onionbalance's descriptor lacks it whatever the consensus says,
    except for the extended one with ``flow_control``; the instances' own descriptors have it.
    """
    if manifest.mode == "without tor":
        return False
    descriptor_says_so = reach == "instances" or "flow_control" in manifest.balancer_switches
    return not (descriptor_says_so and _has_congestion_control(manifest))


def _has_congestion_control(manifest: Manifest) -> bool:
    """Return True if the network has congestion control: by its consensus, or by tor's default."""
    algorithm = manifest.consensus_parameters.get("cc_alg")
    if algorithm is not None:
        return algorithm > 0
    tor = manifest.versions.tor
    return tor is None or version_numbers(tor) >= ON_BY_DEFAULT_SINCE


def reach_of(load: MeasuredLoad) -> Reach:
    """Return what the streams of a load dialled."""
    scheduled = events_of(load.recording.events, Scheduled)
    return scheduled[-1].reach if scheduled else "address"


def allowance(load: MeasuredLoad) -> Allowance | None:
    """Return what the windows allow, or None without windows or without measurements."""
    path_round_trip_seconds = path_seconds(round_trip(load))
    streams = load.sink_seconds.mean_streams_in(load.hold)
    if (
        not have_windows(load.manifest, reach_of(load))
        or not path_round_trip_seconds
        or not streams
    ):
        return None
    return Allowance(streams=streams, round_trip_seconds=path_round_trip_seconds)


def check_stream_windows(load: MeasuredLoad) -> LimitCheck:
    """Compare the rate with what the windows allow; it counts only if nothing is full."""
    windows = allowance(load)
    mean_rate = mean_bits_per_second(load.held_bytes)
    if windows is None or mean_rate is None:
        return LimitCheck()
    is_reached = LEAST <= mean_rate / windows.bits_per_second <= MOST
    evidence = Evidence(
        what=windows.text.removesuffix(","),
        measured=mean_rate,
        limit=windows.bits_per_second,
        unit="bits per second",
        at_limit=is_reached,
    )
    sentence = (
        f"the streams' windows: {windows.text} cannot carry more than "
        f"{rate_text(windows.bits_per_second)}; goodput was {rate_text(mean_rate)}"
    )
    finding = LimitFinding(kind="window", subject=None, sentence=sentence) if is_reached else None
    return LimitCheck(evidence=(evidence,), finding=finding)


def milliseconds(seconds: float) -> str:
    """Return a round trip with at least two significant figures."""
    return f"{seconds * 1e3:.0f} ms" if seconds >= 0.01 else f"{seconds * 1e3:.1f} ms"  # noqa: PLR2004 - 10 ms
