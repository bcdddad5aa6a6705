"""Check whether an interface of this machine was full.

The links of emulated and real hosts are checked by ``full_links``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.hosts.cpu import elapsed_seconds, samples_around
from onionrig.analysis.hosts.facts import LOOPBACK, host_of, on_several_hosts
from onionrig.analysis.hosts.interfaces import carried_by
from onionrig.analysis.hosts.link_rates import NOMINAL
from onionrig.analysis.limits.findings import LimitCheck, LimitFinding
from onionrig.records.findings import Evidence
from onionrig.units import BITS_PER_BYTE, rate_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.records.samples import HostSample

FULL = 0.90
"""Share of its rate from which an interface is full: the rate counts preambles and gaps between
frames, the interface's counters do not."""


def check_interfaces(load: MeasuredLoad) -> LimitCheck:
    """Name the fullest interface if it was full.

    Loopback has no rate. An interface without a rate is evidence without a limit if it carried
    anything. The evidence is for the busier direction.
    """
    evidence, full_findings = list[Evidence](), list[tuple[float, LimitFinding]]()
    names_apart = {host.name for host in load.manifest.apart}
    for sampler, samples in load.recording.samplers.items():
        host = host_of(load.manifest, sampler)
        if host in names_apart:
            continue
        for name, direction, rate, limit in _carried_rates(samples_around(samples, load.hold)):
            at_limit = limit is not None and rate >= FULL * limit
            evidence.append(
                Evidence(
                    what=f"{name} of {host}, {direction}",
                    measured=rate,
                    limit=limit,
                    unit="bits per second",
                    at_limit=at_limit,
                )
            )
            if at_limit and limit is not None:
                host_text = f" of {host}" if on_several_hosts(load.manifest) else ""
                sentence = (
                    f"the interface {name}{host_text} was full: {direction} {rate_text(rate)} "
                    f"of {rate_text(limit)}"
                )
                finding = LimitFinding(
                    kind="interface", subject=f"{name}{host_text}", sentence=sentence
                )
                full_findings.append((rate / limit, finding))
    fullest = (
        max(full_findings, key=lambda share_and_finding: share_and_finding[0])[1]
        if full_findings
        else None
    )
    return LimitCheck(evidence=tuple(evidence), finding=fullest)


def _carried_rates(samples: Sequence[HostSample]) -> Iterator[tuple[str, str, float, float | None]]:
    """Yield each interface, its busier direction, the rate in that direction and its limit."""
    if not samples:
        return
    seconds = elapsed_seconds(samples)
    last_uses = {name: use for sample in samples for name, use in sample.interfaces.items()}
    for name, use in last_uses.items():
        if name == LOOPBACK:
            continue
        received, sent = carried_by(samples, name)
        size, direction = max((received, "received"), (sent, "sent"))
        rate = size * BITS_PER_BYTE / seconds
        limit = use.link_bits_per_second or None
        if limit is not None and rate > NOMINAL * limit:
            limit = None
        if size > 0 or limit is not None:
            yield name, direction, rate, limit
