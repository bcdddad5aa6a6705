"""Reboot a host: its services end as it goes down, and nothing of a run survives that."""

from __future__ import annotations

from onionrig.experiment.faults.base import Fault, Scope, State
from onionrig.experiment.faults.steps import RebootHost

REBOOT = Fault(
    verb="reboot",
    steps={Scope.HOST: (RebootHost(),)},
    before=(State.RUNS, State.HANGS),
    after=State.REBOOTED,
    sentence_template="{subject} rebooted",
    cause="rebooted",
)
