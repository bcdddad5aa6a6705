"""Compute what each host of a rig ran, and what it did over the hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.hosts.cpu import elapsed_seconds, used_cpu_seconds
from onionrig.analysis.hosts.facts import cores_of, roles_by_host
from onionrig.analysis.hosts.link_rates import held_samples
from onionrig.analysis.limits.full_cpu import host_uses
from onionrig.records.hosts import HostFigures
from onionrig.units import BITS_PER_BYTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.records.samples import HostSample

SINCE_BOOT = "since boot"
"""Suffix in a firmware report whose cause may date from before the first sample."""


def host_figures(load: MeasuredLoad) -> tuple[HostFigures, ...]:
    """Return the figures of each host with a link of its own; none if all ran on this machine.

    The figures of the machine that emulated hosts share belong to no emulated host.
    """
    manifest = load.manifest
    roles, samples = roles_by_host(manifest), held_samples(load)
    used_cores = {use.host: use.used_cores for use in host_uses(load)}
    figures: list[HostFigures] = []
    for host in manifest.apart:
        host_samples, is_real = samples.get(host.name, []), host.kind == "remote"
        board_states = [sample.board for sample in host_samples] if is_real else []
        temperatures = [
            board_state.temperature_celsius
            for board_state in board_states
            if board_state.temperature_celsius
        ]
        clocks = [
            board_state.clock_hertz for board_state in board_states if board_state.clock_hertz
        ]
        figures.append(
            HostFigures(
                name=host.name,
                services=dict(sorted(roles.get(host.name, {}).items())),
                goodput_bits_per_second=_served_bits_per_second(load, host.name),
                cores=cores_of(manifest, host.name) if is_real else None,
                rig_cores=_rig_cores(load, host.name, host_samples),
                used_cores=used_cores.get(host.name),
                highest_temperature_celsius=max(temperatures, default=None),
                lowest_clock_hertz=min(clocks, default=None),
                throttling=_throttling(host_samples) if is_real else (),
                clock_offset_seconds=host.clock_offset_seconds,
            )
        )
    return tuple(figures)


def _served_bits_per_second(load: MeasuredLoad, host: str) -> float:
    """Return the goodput of a host: of its instances, or of the source named after it."""
    seconds = len(load.hold.seconds)
    sizes = load.sink_seconds.backend_bytes_in(load.hold)
    hosts_by_backend = load.manifest.backends
    served_bytes = sum(
        size for name, size in sizes.items() if hosts_by_backend.get(name, name) == host
    )
    return served_bytes * BITS_PER_BYTE / seconds if seconds else 0.0


def _rig_cores(load: MeasuredLoad, host: str, host_samples: Sequence[HostSample]) -> float | None:
    """Return the cores that a host's services used, without the run's own processes."""
    if not host_samples:
        return None
    services = {record.name for record in load.manifest.services if record.host == host}
    used_seconds = (cpu for name, cpu in used_cpu_seconds(host_samples).items() if name in services)
    return sum(used_seconds) / elapsed_seconds(host_samples)


def _throttling(host_samples: Sequence[HostSample]) -> tuple[str, ...]:
    first_reports = host_samples[0].board.throttling or () if host_samples else ()
    reports = (report for sample in host_samples for report in sample.board.throttling or ())
    return tuple(
        dict.fromkeys(
            report for report in reports if SINCE_BOOT not in report or report not in first_reports
        )
    )
