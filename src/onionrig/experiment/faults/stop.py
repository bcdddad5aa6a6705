"""Stop a service gracefully; for a host, shut it down."""

from __future__ import annotations

from onionrig.experiment.faults.base import Fault, Scope, State
from onionrig.experiment.faults.steps import EndServices, SetLink, Signal

_END = EndServices(signal=Signal.TERMINATE)

STOP = Fault(
    verb="stop",
    # services that end still close their connections properly; only then does the link go down
    steps={Scope.SERVICE: (_END,), Scope.HOST: (_END, SetLink(up=False))},
    before=(State.RUNS, State.HANGS),
    after=State.ENDED,
    sentence_template="{subject} stopped",
    cause="stopped",
)
