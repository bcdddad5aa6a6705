"""Show what each host of a rig does now: rate, CPU, link, temperature, throttling, services."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from rich.table import Table

from onionrig.analysis.hosts.cpu import used_cpu_seconds
from onionrig.analysis.hosts.facts import host_of, machine_of, roles_by_host
from onionrig.analysis.hosts.host_rates import HostRates, InterfaceRates, host_rates
from onionrig.analysis.hosts.interfaces import main_interface
from onionrig.units import rate_text
from onionrig.views.roles import services_text
from onionrig.views.summary.hosts import temperature_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onionrig.records.manifest import Manifest
    from onionrig.records.samples import HostSample

MOST_HOSTS = 20
"""Most hosts that are shown; of more, those with the fullest CPU."""
HEADINGS = ("host", "runs", "serves", "CPU", "in", "out", "", "throttling")
LEFT = ("host", "runs", "throttling")


class HostNow(msgspec.Struct, frozen=True, kw_only=True):
    """A host between its last two samples."""

    rig_cores: float
    rates: HostRates | None
    interface: InterfaceRates | None
    """Interface that carries most; None if nothing but loopback carries anything."""


class LiveHosts:
    """The known hosts of one run, each with the latest of its sampler."""

    def __init__(self) -> None:
        self._manifest: Manifest | None = None
        self._now: dict[str, HostNow] = {}
        """Latest state of each host, by sampler."""
        self._lost: set[str] = set()

    def know(self, manifest: Manifest) -> None:
        """Record what runs where."""
        self._manifest = manifest

    def lose(self, host: str) -> None:
        """Record that a host was lost, so that its last state is no longer shown."""
        self._lost.add(host)

    def sampled(self, sampler: str, before: HostSample, after: HostSample) -> None:
        """Record two consecutive samples of a host."""
        seconds = after.monotonic_seconds - before.monotonic_seconds
        rates = host_rates(before, after)
        if seconds <= 0:
            return
        main = main_interface([before, after])
        interfaces = rates.interfaces if rates else ()
        self._now[sampler] = HostNow(
            rig_cores=sum(used_cpu_seconds([before, after]).values()) / seconds,
            rates=rates,
            interface=next((interface for interface in interfaces if interface.name == main), None),
        )

    @property
    def rig_cores(self) -> float | None:
        """Cores that the rig uses on all hosts; None before that is known."""
        now = [host.rig_cores for sampler, host in self._now.items() if not self._is_lost(sampler)]
        return sum(now) if now else None

    @property
    def cores(self) -> float | None:
        """Usable cores of all machines that the rig is on; None before that is known."""
        if self._manifest is None:
            return None
        places = roles_by_host(self._manifest)
        machines = {machine_of(self._manifest, host) for host in places}
        core_counts = [
            host.usable_cores for host in self._manifest.machines if host.name in machines
        ]
        return sum(core_counts) or None

    @property
    def several(self) -> bool:
        """True if there are several hosts."""
        return self._manifest is not None and bool(self._manifest.apart)

    def rows(self, bits_per_second: Mapping[str, float]) -> list[tuple[str, ...]]:
        """Return a row per host, with goodput by backend instance summed by host.

        If there are more than can be shown, those with the fullest CPU are kept, and the last row
        reports the rest.
        """
        if self._manifest is None:
            return []
        by_host = {host_of(self._manifest, name): now for name, now in self._now.items()}
        names = [host.name for host in self._manifest.apart]
        shown_names = names
        if len(names) > MOST_HOSTS:
            fullest = sorted(names, key=lambda name: -_fullness(by_host.get(name)))[:MOST_HOSTS]
            shown_names = [name for name in names if name in fullest]
        rows = [self._row(name, by_host.get(name), bits_per_second) for name in shown_names]
        hidden = len(names) - len(shown_names)
        empty = ("",) * (len(HEADINGS) - 1)
        return [*rows, (f"and {hidden} more, less busy", *empty)] if hidden else rows

    def _row(
        self, name: str, now: HostNow | None, bits_per_second: Mapping[str, float]
    ) -> tuple[str, ...]:
        manifest = self._manifest
        if manifest is None:
            return ()
        runs = services_text(roles_by_host(manifest).get(name, {}))
        if name in self._lost:
            return (name, runs, "lost", *("",) * (len(HEADINGS) - 3))
        served = sum(
            rate
            for backend, rate in bits_per_second.items()
            if manifest.backends.get(backend, backend) == name
        )
        facts = {host.name: host for host in manifest.apart}[name]
        board = now.rates.board if now is not None and now.rates is not None else None
        real = facts.kind == "remote"
        return (
            name,
            runs,
            rate_text(served) if served else "",
            ""
            if now is None
            else f"{now.rig_cores:.2f} of {facts.cpu_cores or facts.usable_cores:g}",
            *_interface_texts(now),
            temperature_text(board.temperature_celsius) if real and board else "",
            ", ".join(board.throttling or ()) if real and board else "",
        )

    def _is_lost(self, sampler: str) -> bool:
        return self._manifest is not None and host_of(self._manifest, sampler) in self._lost


def hosts_table(rows: list[tuple[str, ...]]) -> Table:
    """Draw the rows; columns without any value are left out."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    columns = [index for index in range(len(HEADINGS)) if any(row[index] for row in rows)]
    for index in columns:
        justify = "left" if HEADINGS[index] in LEFT else "right"
        table.add_column(HEADINGS[index], justify=justify, overflow="fold")  # type: ignore[arg-type]  # literals
    for row in rows:
        table.add_row(*(row[index] for index in columns))
    return table


def host_row_line(row: tuple[str, ...]) -> str:
    """Return a row as one line."""
    name, runs, serves, cpu, received, sent, temperature, throttling = row
    parts = (
        runs,
        f"serves {serves}" if serves and serves != "lost" else serves,
        f"CPU {cpu}" if cpu else "",
        f"{received} in" if received else "",
        f"{sent} out" if sent else "",
        temperature,
        f"throttling: {throttling}" if throttling else "",
    )
    return f"{name}: {'; '.join(part for part in parts if part)}"


def _interface_texts(now: HostNow | None) -> tuple[str, str]:
    if now is None or now.interface is None:
        return "", ""
    interface = now.interface
    return rate_text(interface.received_bits_per_second), rate_text(interface.sent_bits_per_second)


def _fullness(now: HostNow | None) -> float:
    return 0.0 if now is None or now.rates is None else 1.0 - now.rates.idle_share
