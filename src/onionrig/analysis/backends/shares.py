"""What each backend instance served, and who served nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.backends.fairness import jain, not_chosen, smallest_over_mean
from onionrig.analysis.hosts.facts import host_of, peer_of
from onionrig.analysis.load.faults import absences, of_host, service_hosts
from onionrig.analysis.load.loads import events_of, hold_window
from onionrig.analysis.load.windows import bytes_by_backend
from onionrig.experiment.names import SOURCE
from onionrig.records.events import Covered, Starved
from onionrig.records.result import BackendShare, Fairness, StarvedBackend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.load.windows import Window
    from onionrig.records.events import Happened
    from onionrig.records.manifest import Manifest
    from onionrig.records.recording import Recording


def backend_shares(recording: Recording, hold: Window) -> tuple[BackendShare, ...]:
    """Return what each backend instance served in the hold, those that served nothing too."""
    counted = bytes_by_backend(recording.sinks, hold, recording.manifest.backends)
    total = sum(counted.values())
    return tuple(
        BackendShare(
            name=name,
            host=_host(recording.manifest, name),
            bytes=size,
            share=size / total if total else 0.0,
            streams=_mean_streams(recording, hold, name),
        )
        for name, size in counted.items()
    )


def fairness(recording: Recording, shares: Sequence[BackendShare]) -> Fairness:
    """Return how evenly they served, and why some served nothing."""
    sizes = [backend.bytes for backend in shares]
    reasons = {event.backend: event.reason for event in events_of(recording.events, Starved)}
    covered = events_of(recording.events, Covered)
    starved = (
        tuple(
            StarvedBackend(
                name=backend.name,
                reason=_away(
                    recording,
                    backend.name,
                    otherwise=reasons.get(backend.name)
                    or not_chosen(backend.name, covered, recording.streams_asked),
                ),
            )
            for backend in shares
            if not backend.bytes
        )
        if sum(sizes)
        else tuple(StarvedBackend(name=name, reason=reason) for name, reason in reasons.items())
    )
    return Fairness(jain=jain(sizes), smallest_over_mean=smallest_over_mean(sizes), starved=starved)


def _away(recording: Recording, backend: str, *, otherwise: str) -> str:
    """Say it where the experiment had an instance ended or hanging; else, or as well, the rest."""
    hold = hold_window(recording)
    hosts = service_hosts(recording.manifest)
    found = [
        absence
        for absence in absences(recording.events, hosts).get(backend, ())
        if absence.seconds_in(hold)
    ]
    if not found:
        return otherwise
    done = [_done(cause) for absence in found for cause in absence.causes]
    # what was done again and again is said once
    said = f"{', '.join(dict.fromkeys(done))}, as was asked for, and it answered nobody for"
    seconds, length = sum(absence.seconds_in(hold) for absence in found), len(hold.seconds)
    if seconds == length:
        return f"{said} all of the hold"
    return f"{said} {seconds:.0f} of the {length} s; {otherwise}"


def _done(cause: Happened) -> str:
    """Say what was done to an instance, or to its host."""
    subject = f"its host {cause.subject}" if of_host(cause) else "it"
    return f"{subject} was {_DONE.get(cause.verb, 'taken away')}"


_DONE = {"kill": "killed", "stop": "stopped", "hang": "hung", "link_down": "cut off"}


def _host(manifest: Manifest, backend: str) -> str:
    """Return where a backend instance is; without tor there is none, only where the source is.

    On emulated hosts the source is named after its host.
    """
    if backend in manifest.backends or manifest.mode != "without tor":
        return manifest.backends.get(backend, "unknown")
    if backend in {host.name for host in manifest.emulated}:
        return backend
    peer = peer_of(manifest)
    return peer.rpartition(":")[0] if peer else host_of(manifest, SOURCE)


def _mean_streams(recording: Recording, hold: Window, backend: str) -> int:
    served = [
        sample.streams.get(backend, 0)
        for samples in recording.sinks.values()
        for sample in samples
        if sample.second in hold.seconds
    ]
    return round(sum(served) / len(hold.seconds)) if len(hold.seconds) else 0
