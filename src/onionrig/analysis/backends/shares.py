"""Compute what each backend instance served, and which served nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.backends.fairness import jain, not_chosen, smallest_over_mean
from onionrig.analysis.hosts.facts import host_of, peer_of
from onionrig.analysis.load.faults import absences, is_of_host, service_hosts
from onionrig.analysis.load.loads import events_of
from onionrig.experiment.faults.registry import fault_recorded
from onionrig.experiment.names import SOURCE
from onionrig.records.events import Covered, Happened, HostGone, Starved
from onionrig.records.result import BackendShare, Fairness, StarvedBackend
from onionrig.units import BITS_PER_BYTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.records.manifest import Manifest
    from onionrig.records.result import Result


def backend_shares(load: MeasuredLoad) -> tuple[BackendShare, ...]:
    """Return each backend instance's share of the hold, including those that served nothing."""
    manifest = load.manifest
    sizes = load.sink_seconds.backend_bytes_in(load.hold, manifest.backends)
    total_bytes = sum(sizes.values())
    return tuple(
        BackendShare(
            name=name,
            host=_host(manifest, name),
            bytes=size,
            share=size / total_bytes if total_bytes else 0.0,
            streams=round(load.sink_seconds.mean_backend_streams_in(load.hold, name)),
        )
        for name, size in sizes.items()
    )


def backend_rates(result: Result) -> dict[str, float | None]:
    """Return each backend instance's mean rate in bits per second, None if nothing was held."""
    seconds = result.goodput.steady_seconds
    return {
        backend.name: backend.bytes * BITS_PER_BYTE / seconds if seconds else None
        for backend in result.backends
    }


def fairness(load: MeasuredLoad, shares: Sequence[BackendShare]) -> Fairness:
    """Return how evenly backend instances served, and why some served nothing."""
    sizes = [backend.bytes for backend in shares]
    events = load.recording.events
    reasons = {event.backend: event.reason for event in events_of(events, Starved)}
    covered = events_of(events, Covered)
    starved = (
        tuple(
            StarvedBackend(
                name=backend.name,
                reason=_absence_reason(
                    load,
                    backend.name,
                    other_reason=reasons.get(backend.name)
                    or not_chosen(backend.name, covered, load.recording.streams_asked),
                ),
            )
            for backend in shares
            if not backend.bytes
        )
        if sum(sizes)
        else tuple(StarvedBackend(name=name, reason=reason) for name, reason in reasons.items())
    )
    return Fairness(jain=jain(sizes), smallest_over_mean=smallest_over_mean(sizes), starved=starved)


def _absence_reason(load: MeasuredLoad, backend: str, *, other_reason: str) -> str:
    """Explain an instance's silence by what became of it or its host, else by another reason."""
    hosts = service_hosts(load.manifest)
    backend_absences = [
        absence
        for absence in absences(load.recording.events, hosts).get(backend, ())
        if absence.seconds_in(load.hold)
    ]
    if not backend_absences:
        return other_reason
    causes = [cause for absence in backend_absences for cause in absence.causes]
    # repeated faults are mentioned once
    causes_text = ", ".join(dict.fromkeys(_cause_text(cause) for cause in causes))
    if all(isinstance(cause, Happened) for cause in causes):
        causes_text += ", as the experiment asked"
    reason = f"{causes_text}, and it did not answer for"
    seconds = sum(absence.seconds_in(load.hold) for absence in backend_absences)
    hold_seconds = len(load.hold.seconds)
    if seconds == hold_seconds:
        return f"{reason} all of the hold"
    return f"{reason} {seconds:.0f} of the {hold_seconds} s; {other_reason}"


def _cause_text(event: Happened | HostGone) -> str:
    """Describe what became of an instance, or of its host."""
    if isinstance(event, HostGone):
        return f"its host {event.host} was lost"
    subject = f"its host {event.subject}" if is_of_host(event) else "it"
    return f"{subject} was {fault_recorded(event.verb).cause}"


def _host(manifest: Manifest, backend: str) -> str:
    """Return the host of a backend instance or, without tor, of the source.

    On hosts with links of their own the source is named after its host.
    """
    if backend in manifest.backends or manifest.mode != "without tor":
        return manifest.backends.get(backend, "unknown")
    if backend in {host.name for host in manifest.apart}:
        return backend
    peer = peer_of(manifest)
    return peer.rpartition(":")[0] if peer else host_of(manifest, SOURCE)
