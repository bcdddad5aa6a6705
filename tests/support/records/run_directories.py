"""A recording written out as the run directory that it could have been read from."""

from __future__ import annotations

from onionrig.records.events import Scheduled
from onionrig.records.streams.schedule import Schedule
from onionrig.store.lines import Appender
from onionrig.store.run_directory import RunDirectory


def write_run(path, recording):
    """Make a run directory with these records, as the processes of a run write them."""
    run = RunDirectory.create(path)
    run.write_manifest(recording.manifest)
    append(run.events_path, recording.events)
    sinks = [name for name, role in recording.manifest.roles.items() if role == "sink"]
    append(run.transfers_path / f"{(sinks or ['sink'])[0]}.jsonl", recording.transfers)
    if recording.dials:
        append(run.dials_path / "dialler.jsonl", recording.dials)
    for group in (
        recording.sinks, recording.sources, recording.samplers, recording.tors, recording.pings
    ):  # fmt: skip
        for name, samples in group.items():
            append(run.sample_path(name), samples)
    for event in recording.events:
        if isinstance(event, Scheduled):
            run.write_schedule(
                Schedule(
                    ramp_second=event.ramp_second,
                    hold_second=event.hold_second,
                    end_second=event.end_second,
                    streams=event.streams,
                )
            )
    return run


def append(path, records):
    """Append records to a file of a run directory, as the process that records them does."""
    path.parent.mkdir(exist_ok=True)
    with Appender(path) as file:
        for record in records:
            file.append(record)
