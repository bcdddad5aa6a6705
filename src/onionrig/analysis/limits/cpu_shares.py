"""Check whether an emulated host used all of its share of the CPU.

The share is compared with what the host's services used. The sampler is not one of them, since it
is not limited (``engine.emulation.cpu_shares``). Neither are the run's own processes, which the
first host's sampler watches too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.hosts.cpu import elapsed_seconds, samples_around, used_cpu_seconds
from onionrig.analysis.hosts.facts import host_of
from onionrig.analysis.limits.findings import LimitCheck, LimitFinding
from onionrig.analysis.limits.full_cpu import FULL
from onionrig.analysis.wording import listing
from onionrig.records.findings import Evidence
from onionrig.units import cores_text

if TYPE_CHECKING:
    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.records.manifest import Manifest

UNLIMITED = "sampler"
"""Role that is never limited."""


class ShareUse(msgspec.Struct, frozen=True, kw_only=True):
    """Mean number of cores that the services of a limited host used during the hold."""

    host: str
    used_cores: float
    given_cores: float

    @property
    def full(self) -> bool:
        """True if the whole share was used."""
        return self.used_cores >= FULL * self.given_cores


def share_uses(load: MeasuredLoad) -> list[ShareUse]:
    """Return the use of each limited host, in order; unsampled ones are left out."""
    used_cores: dict[str, float] = {}
    for sampler, samples in load.recording.samplers.items():
        if hold_samples := samples_around(samples, load.hold):
            host = host_of(load.manifest, sampler)
            limited_names = _limited_services(load.manifest, host)
            seconds = sum(
                cpu for name, cpu in used_cpu_seconds(hold_samples).items() if name in limited_names
            )
            used_cores[host] = seconds / elapsed_seconds(hold_samples)
    return [
        ShareUse(host=host.name, used_cores=used_cores[host.name], given_cores=host.cpu_cores)
        for host in load.manifest.emulated
        if host.cpu_cores is not None and host.name in used_cores
    ]


def check_cpu_shares(load: MeasuredLoad) -> LimitCheck:
    """Name the hosts that used all of their share."""
    uses = share_uses(load)
    full_uses = [use for use in uses if use.full]
    return LimitCheck(
        evidence=tuple(
            Evidence(
                what=f"CPU of {use.host}, by its services",
                measured=use.used_cores,
                limit=use.given_cores,
                unit="cores",
                at_limit=use.full,
            )
            for use in uses
        ),
        finding=_finding(full_uses) if full_uses else None,
    )


def _limited_services(manifest: Manifest, host: str) -> set[str]:
    return {
        record.name
        for record in manifest.services
        if record.host == host and record.role != UNLIMITED
    }


def _finding(full_uses: list[ShareUse]) -> LimitFinding:
    names = listing([use.host for use in full_uses])
    if len(full_uses) == 1:
        (use,) = full_uses
        share_text = f"{use.used_cores:.2f} of the {cores_text(use.given_cores)} it was given"
        sentence = f"the CPU of {names} was full: its services used {share_text}"
    else:
        share_texts = [
            f"{use.used_cores:.2f} of {cores_text(use.given_cores)}" for use in full_uses
        ]
        sentence = f"the CPUs of {names} were full: their services used {listing(share_texts)}"
    return LimitFinding(kind="machine CPU", subject=names, sentence=sentence)
