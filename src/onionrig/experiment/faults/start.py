"""Start a service again that has ended; of a host, its link and all of its services."""

from __future__ import annotations

from onionrig.experiment.faults.base import Fault, Scope, State
from onionrig.experiment.faults.steps import SetLink, StartServices

START = Fault(
    verb="start",
    # services that start dial one another at once
    steps={Scope.SERVICE: (StartServices(),), Scope.HOST: (SetLink(up=True), StartServices())},
    before=(State.ENDED,),
    after=State.RUNS,
    told="{subject} started",
)
