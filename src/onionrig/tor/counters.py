"""Read bytes and circuits from a tor's MetricsPort, in Prometheus's text format.

Facts from tor 0.4.9's source:

- ``hs_app_read_bytes`` counts what tor read from the application's socket, when it reads it
  (``connection_buf_read_from_socket`` in src/core/mainloop/connection.c): up to a buffer per
  stream ahead of what has been sent. ``hs_app_write_bytes`` counts the other way, what clients
  sent (src/core/or/relay.c). So the first is the payload that a backend took from its source.
- ``hs_rdv_num`` counts rendezvous circuits launched, without retries of the same one
  (src/feature/hs/hs_circuit.c); ``hs_rdv_established`` and ``hs_intro_established`` are gauges.
- Every tor prints ``relay_traffic_bytes``: the bytes of all its sockets, including those of
  clients and backends (``get_bytes_read`` in src/core/mainloop/mainloop.c); those with private
  addresses count only in a testing network. A relay is recognised by its open OR port.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from onionrig.records.samples import TorCounters

if TYPE_CHECKING:
    from prometheus_client.samples import Sample

APPLICATION_READ = "tor_hs_app_read_bytes_total"
RENDEZVOUS_BEGUN = "tor_hs_rdv_num_total"
RENDEZVOUS_FAILED = "tor_hs_rdv_error_count"
RENDEZVOUS_OPEN = "tor_hs_rdv_established_count"
INTRODUCTION_OPEN = "tor_hs_intro_established_count"
INTRODUCED = "tor_hs_intro_num_total"
TRAFFIC = "tor_relay_traffic_bytes"
CONNECTIONS = "tor_relay_connections"

_BEGINNINGS = (
    f"{APPLICATION_READ}{{",
    f"{RENDEZVOUS_BEGUN}{{",
    f"{RENDEZVOUS_FAILED}{{",
    f"{RENDEZVOUS_OPEN}{{",
    f"{INTRODUCTION_OPEN}{{",
    f"{INTRODUCED}{{",
    f"{TRAFFIC}{{",
    f'{CONNECTIONS}{{type="OR listener"',
)
"""Beginnings of the lines that are parsed: a dozen of about four hundred."""


def counters_from(metrics: str, *, read_wall_seconds: float) -> TorCounters:
    """Return one tor's counters, summed over its onion services.

    Raises ValueError for text in another format.
    """
    try:
        return _counters(_samples(metrics), read_wall_seconds)
    except (LookupError, ArithmeticError) as error:
        raise ValueError(f"no metrics of a tor: {error!r}") from error


def _counters(
    samples_by_name: defaultdict[str, list[Sample]], read_wall_seconds: float
) -> TorCounters:
    is_relay = any(sample.value for sample in samples_by_name[CONNECTIONS])
    traffic = _sums_by_label(samples_by_name[TRAFFIC], "direction") if is_relay else {}
    failed = _sums_by_label(samples_by_name[RENDEZVOUS_FAILED], "reason")
    return TorCounters(
        read_wall_seconds=read_wall_seconds,
        application_bytes=_sums_by_label(samples_by_name[APPLICATION_READ], "port"),
        rendezvous_circuits=_sum(samples_by_name[RENDEZVOUS_BEGUN]),
        rendezvous_failed={reason: count for reason, count in failed.items() if count},
        rendezvous_open=_sum(samples_by_name[RENDEZVOUS_OPEN]),
        introduction_circuits=_sum(samples_by_name[INTRODUCTION_OPEN]),
        introductions=_sum(samples_by_name[INTRODUCED]),
        relayed_read_bytes=traffic.get("read"),
        relayed_written_bytes=traffic.get("written"),
    )


def _samples(metrics: str) -> defaultdict[str, list[Sample]]:
    needed = "".join(f"{line}\n" for line in metrics.splitlines() if line.startswith(_BEGINNINGS))
    samples_by_name: defaultdict[str, list[Sample]] = defaultdict(list)
    for family in text_string_to_metric_families(needed):
        for sample in family.samples:
            samples_by_name[sample.name].append(sample)
    return samples_by_name


def _sums_by_label(samples: list[Sample], label: str) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for sample in samples:
        sums[sample.labels[label]] += int(sample.value)
    return dict(sums)


def _sum(samples: list[Sample]) -> int | None:
    return sum(int(sample.value) for sample in samples) if samples else None
