"""Compare the sinks' bytes with other counts of the same bytes.

Each count is made at another place of the path, so bytes in flight between the two make them
differ: by at most a known number of bytes per stream, by more if streams failed and lost what they
had in flight, or if streams were dialled that no sink counts. A difference of more than one percent
beyond that is unexplained.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.backends.tor_circuits import hold_readings
from onionrig.analysis.load.faults import ended_in_hold, service_hosts
from onionrig.analysis.load.lost_hosts import lost_hosts, lost_sinks
from onionrig.analysis.wording import listing
from onionrig.experiment.loads.streams import STREAM_WINDOW_BYTES
from onionrig.records.findings import Agreement
from onionrig.units import percent_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from onionrig.analysis.load.loads import MeasuredLoad

UNEXPLAINED = 0.01
SOURCE_BUFFER_BYTES = 2 << 20
"""Payload that may wait for tor in a source's socket: it asks for 1 MiB, and Linux doubles that."""
SINK_BUFFER_BYTES = 1 << 20
"""Payload that may wait for a sink as a second closes: a socket wakes it for 1 MiB."""


def source_agreement(load: MeasuredLoad) -> Agreement:
    """Compare the sinks' bytes of the hold with what the sources sent in it."""
    lost_names, hosts = [host.name for host in lost_hosts(load)], service_hosts(load.manifest)
    sent_bytes = [
        sum(sample.sent_bytes.values())
        for source, samples in load.recording.sources.items()
        for sample in samples
        if sample.second in load.hold.seconds and hosts.get(source) not in lost_names
    ]
    received_bytes = sum(
        size
        for backend, size in load.sink_seconds.backend_bytes_in(load.hold).items()
        if hosts.get(backend, backend) not in lost_names
    )
    if sinks := lost_sinks(load):
        return not_compared("sources", received_bytes, sum(sent_bytes), unrecorded(sinks))
    if not sent_bytes:
        return not_compared("sources", received_bytes, None, "no source of ours recorded the hold")
    ended_sources = sorted(ended_in_hold(load) & load.recording.sources.keys())
    if ended_sources:
        cause = (
            f"{', '.join(ended_sources)} was ended in the hold: what it had not recorded is lost"
        )
        return not_compared("sources", received_bytes, sum(sent_bytes), cause)
    omission_text = f"without {listing(lost_names)}, lost: " if lost_names else ""
    return compared(
        "sources",
        received_bytes,
        sum(sent_bytes),
        on_its_way(load, SOURCE_BUFFER_BYTES + STREAM_WINDOW_BYTES),
        f"{omission_text}payload in flight: sources run ahead by what fills sockets and windows, "
        "and a "
        f"failed stream loses what it had in flight{_dials_text(load)}",
    )


def unrecorded(sinks: Sequence[str]) -> str:
    """Explain why a count cannot be compared with that of sinks on lost hosts."""
    if len(sinks) == 1:
        return f"{sinks[0]} was lost with its host: what it had not recorded is missing"
    return f"{listing(sinks)} were lost with their hosts: what they had not recorded is missing"


def tor_agreement(load: MeasuredLoad) -> Agreement:
    """Compare the sinks' bytes with those that the backends' tors took from the source.

    Both are counted between the first and the last reading of each tor. Readings are not at full
    seconds, so the bytes of a second are taken as spread evenly over it. An instance that was ended
    in the hold is left out: its counters are those of two processes, and neither was read when it
    ended or began.
    """
    if load.manifest.mode == "without tor":
        return not_compared("tor", None, None, "there is no tor in a baseline")
    port = str(load.manifest.port)
    sink_bytes, tor_bytes, read_tors = 0.0, 0, 0
    readings = hold_readings(load)
    ended_backends = sorted(ended_in_hold(load) & readings.keys())
    for backend, reading in readings.items():
        first, last = reading.first, reading.last
        if backend in ended_backends or not reading.twice or port not in last.application_bytes:
            continue
        read_tors += 1
        received_by_second = load.sink_seconds.backend_bytes.get(backend, {})
        tor_bytes += last.application_bytes.get(port, 0) - first.application_bytes.get(port, 0)
        sink_bytes += received_until(received_by_second, last.read_wall_seconds) - received_until(
            received_by_second, first.read_wall_seconds
        )
    omission_text = (
        f"without {', '.join(ended_backends)}, ended in the hold: " if ended_backends else ""
    )
    if sinks := lost_sinks(load):
        return not_compared("tor", round(sink_bytes), tor_bytes, unrecorded(sinks))
    if not read_tors:
        cause = f"{omission_text}no backend instance's tor reported its bytes twice"
        return not_compared("tor", None, None, cause)
    return compared(
        "tor",
        round(sink_bytes),
        tor_bytes,
        on_its_way(load, SINK_BUFFER_BYTES + STREAM_WINDOW_BYTES),
        f"{omission_text}payload in flight from the backend instances' tors to the sinks, and what "
        f"failed streams had in flight{_dials_text(load)}",
    )


def received_until(by_second: Mapping[int, int], wall_seconds: float) -> float:
    """Return the bytes received until a moment; those of a second are spread evenly over it."""
    last_second = int(wall_seconds // 1)
    bytes_before = sum(size for second, size in by_second.items() if second < last_second)
    return bytes_before + by_second.get(last_second, 0) * (wall_seconds - last_second)


def on_its_way(load: MeasuredLoad, bytes_per_stream: int) -> tuple[float, float]:
    """Return how many bytes the other count may be behind (negative) and ahead.

    All streams together may have filled up or run empty over the hold. Each stream that failed in
    it has lost what it had in flight, and its next attempt fills up again. Each dial has as much in
    flight when it hangs up, since sources send until then.
    """
    failed_streams = sum(
        transfer.failed
        and transfer.backend is not None
        and transfer.started_wall_seconds + transfer.ended_after_seconds >= load.hold.begin
        for transfer in load.recording.transfers
    )
    streams, dials = load.recording.streams_asked, dials_in_hold(load)
    return (
        -float(streams * bytes_per_stream),
        float((streams + failed_streams + dials) * bytes_per_stream),
    )


def dials_in_hold(load: MeasuredLoad) -> int:
    """Return how many dials were under way in the hold, whoever served them."""
    return sum(
        dial.started_wall_seconds < load.hold.end
        and dial.started_wall_seconds + dial.ended_after_seconds >= load.hold.begin
        for dial in load.recording.dials
    )


def _dials_text(load: MeasuredLoad) -> str:
    count = dials_in_hold(load)
    return f"; {count} dials in the hold, which no sink counts" if count else ""


def compared(
    what: str,
    sink_bytes: int,
    other_bytes: int,
    expected_bytes: tuple[float, float],
    cause: str,
) -> Agreement:
    """Compare another count with the sinks'; ``expected_bytes`` is how far it may be off."""
    if not sink_bytes:
        return not_compared(what, sink_bytes, other_bytes, "the sinks received nothing")
    difference = other_bytes / sink_bytes - 1
    lowest, highest = (size / sink_bytes for size in expected_bytes)
    return Agreement(
        what=what,
        sink_bytes=sink_bytes,
        other_bytes=other_bytes,
        difference=difference,
        expected=(lowest, highest),
        cause=cause,
        explained=lowest - UNEXPLAINED <= difference <= highest + UNEXPLAINED,
    )


def not_compared(
    what: str, sink_bytes: int | None, other_bytes: int | None, cause: str
) -> Agreement:
    """Return a count that is not compared with that of the sinks, and why."""
    return Agreement(
        what=what,
        sink_bytes=sink_bytes,
        other_bytes=other_bytes,
        difference=None,
        expected=None,
        cause=cause,
        explained=None,
    )


def agreement_doubts(agreement: Agreement) -> list[str]:
    """Return the doubt raised by an unexplained difference, if there is one."""
    difference, expected = agreement.difference, agreement.expected
    if agreement.explained is not False or difference is None or expected is None:
        return []
    lowest, highest = expected
    doubt = (
        f"{_COUNTED[agreement.what]} {percent_text(abs(difference))} "
        f"{'more' if difference > 0 else 'less'} than the sinks received; "
        f"{_signed(lowest)} to {_signed(highest)} is expected"
    )
    return [doubt]


_COUNTED = {
    "sources": "the sources sent",
    "tor": "the backend instances' tors took",
    "interfaces": "the interfaces carried",
}


def _signed(fraction: float) -> str:
    return f"{100 * fraction:+.1f} %"
