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
    used: dict[str, float] = {}
    for sampler, samples in load.recording.samplers.items():
        if held := samples_around(samples, load.hold):
            host = host_of(load.manifest, sampler)
            limited = _limited_services(load.manifest, host)
            seconds = sum(cpu for name, cpu in used_cpu_seconds(held).items() if name in limited)
            used[host] = seconds / elapsed_seconds(held)
    return [
        ShareUse(host=host.name, used_cores=used[host.name], given_cores=host.cpu_cores)
        for host in load.manifest.emulated
        if host.cpu_cores is not None and host.name in used
    ]


def check_cpu_shares(load: MeasuredLoad) -> LimitCheck:
    """Name the hosts that used all of their share."""
    uses = share_uses(load)
    full = [use for use in uses if use.full]
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
        finding=_finding(full) if full else None,
    )


def _limited_services(manifest: Manifest, host: str) -> set[str]:
    return {
        record.name
        for record in manifest.services
        if record.host == host and record.role != UNLIMITED
    }


def _finding(full: list[ShareUse]) -> LimitFinding:
    names = listing([use.host for use in full])
    if len(full) == 1:
        (use,) = full
        share = f"{use.used_cores:.2f} of the {cores_text(use.given_cores)} it was given"
        sentence = f"the CPU of {names} was full: its services used {share}"
    else:
        shares = [f"{use.used_cores:.2f} of {cores_text(use.given_cores)}" for use in full]
        sentence = f"the CPUs of {names} were full: their services used {listing(shares)}"
    return LimitFinding(kind="machine CPU", subject=names, sentence=sentence)
