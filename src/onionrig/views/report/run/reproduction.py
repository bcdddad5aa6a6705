"""Write the end of a run's report: what is missing, how it was measured, how to repeat it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import tomli_w

from onionrig.views.report.document import UNKNOWN, Folded, Prose, ReportTable, Section, columns
from onionrig.views.report.value_text import size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.records.manifest import HostRecord, Manifest, ServiceRecord
    from onionrig.records.recording import Recording
    from onionrig.records.result import Result

METHOD = """\
Goodput is payload: the source sends a known sequence of bytes, and the sink compares every byte
that arrives with what it should be. A byte that is wrong ends its stream as corrupt.

The sustained rate is the lowest mean of any 10 consecutive seconds of the hold, sliding by one
second; a second without a sample counts as 0. A target is met if the sustained rate is at least as
high.

Each stream has a circuit of its own. A stream that fails dials again, and is counted with its
reason.

Cost is the CPU time of all processes of a role during the hold, over the Gbit (1e9 bits) of goodput
of the same seconds.

Charts show means where a run has more seconds than a chart has room for; every figure uses every
second.

Not judged: loopback interfaces, which carry every hop of a one-machine network, and bytes that a
baseline gets from another program (a foreign peer), which cannot be checked.
"""


def gaps(result: Result, recording: Recording | None, notes: Sequence[str] = ()) -> Section | None:
    """Return what was not recorded or could not be read, or None if nothing."""
    unread = (
        *notes,
        *(recording.gaps if recording is not None else ()),
        *(result.trust.missing if result.trust else ()),
    )
    if not unread:
        return None
    return Section(
        name="missing",
        title="What is missing",
        finding="The figures above were made without the following.",
        blocks=(Prose(paragraphs=tuple(dict.fromkeys(unread)), listed=True),),
    )


def method() -> Section:
    """Return the description of the method."""
    return Section(
        name="method",
        title="How this was measured",
        finding="",
        blocks=(Prose(paragraphs=tuple(METHOD.split("\n\n"))),),
    )


def reproduction(result: Result, manifest: Manifest) -> Section:
    """Return all that is needed to repeat the run."""
    folded = (
        ("The experiment, as TOML", toml_text(manifest.experiment)),
        ("What each setting of auto became", _pairs(manifest.resolved, ": ")),
        ("What this load overrides", _pairs(result.settings, " = ")),
        (
            "Consensus parameters",
            _pairs(dict(sorted(manifest.consensus_parameters.items())), " = "),
        ),
        ("What one process of each role was started with", _services(manifest)),
    )
    return Section(
        name="again",
        title="How to repeat it",
        finding="",
        blocks=(
            Folded(title="Command", text=shlex.join(manifest.command), opened=True),
            _versions(manifest),
            _hosts(manifest),
            *(Folded(title=title, text=text) for title, text in folded if text.strip()),
        ),
    )


def toml_text(experiment: Mapping[str, Any]) -> str:
    """Return an experiment as TOML; keys without a value are left out, as TOML has no null."""
    return tomli_w.dumps(_with_values(experiment))


def _with_values(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table, and nested ones, without keys that have no value."""
    return {key: _value(value) for key, value in table.items() if value is not None}


def _value(value: object) -> object:
    if isinstance(value, Mapping):
        return _with_values(value)
    return [_value(item) for item in value] if isinstance(value, list) else value


def _versions(manifest: Manifest) -> ReportTable:
    versions = msgspec.structs.asdict(manifest.versions)
    return ReportTable(
        caption="Versions",
        columns=columns("program", "version"),
        rows=tuple(
            (program.replace("_", " "), version or UNKNOWN) for program, version in versions.items()
        ),
    )


def _hosts(manifest: Manifest) -> ReportTable:
    aes = {True: "yes", False: "no", None: UNKNOWN}
    return ReportTable(
        caption="Hosts",
        columns=columns(
            "host", "CPU", "cores", "AES instructions", "memory", "system",
            numeric=("cores", "memory"), long=("CPU",),
        ),
        rows=tuple(
            (
                host.name,
                f"{host.cpu_model or UNKNOWN} ({host.architecture})",
                _cores_text(host),
                aes[host.aes_instructions],
                size(host.memory_bytes),
                host.operating_system or UNKNOWN,
            )
            for host in manifest.machines
        ),
    )  # fmt: skip


def _cores_text(host: HostRecord) -> str:
    """Return how many cores the rig could use, and of how many if it could not use all."""
    if host.machine_cores is None:
        return f"{host.usable_cores:g}"
    return f"{host.usable_cores:g} of {host.machine_cores}"


def _services(manifest: Manifest) -> str:
    """Return argv and files of the first process of each role; the others differ by name."""
    first: dict[str, ServiceRecord] = {}
    for service in manifest.services:
        first.setdefault(service.role, service)
    parts = []
    for service in first.values():
        parts.append(f"# {service.role}: {service.name}\n$ {shlex.join(service.argv)}")
        parts += [f"## {name}\n{text.strip()}" for name, text in service.files.items()]
    return "\n\n".join(parts)


def _pairs(values: Mapping[str, object], between: str) -> str:
    return "\n".join(f"{key}{between}{value}" for key, value in values.items())
