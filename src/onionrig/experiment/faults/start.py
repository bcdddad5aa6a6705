"""Start a service again that has ended; for a host, restore its link and start all its services."""

from __future__ import annotations

from onionrig.experiment.faults.base import Fault, Scope, State
from onionrig.experiment.faults.steps import SetLink, StartServices

START = Fault(
    verb="start",
    # services dial one another as soon as they start
    steps={Scope.SERVICE: (StartServices(),), Scope.HOST: (SetLink(up=True), StartServices())},
    before=(State.ENDED,),
    after=State.RUNS,
    sentence_template="{subject} started",
)
