"""Kill a service at once; for a host, cut the power."""

from __future__ import annotations

from onionrig.experiment.faults.base import Fault, Scope, State
from onionrig.experiment.faults.steps import EndServices, SetLink, Signal

_END = EndServices(signal=Signal.KILL)

KILL = Fault(
    verb="kill",
    # when the power is cut, no peer hears of it: by the time the sockets close, the link is down
    steps={Scope.SERVICE: (_END,), Scope.HOST: (SetLink(up=False), _END)},
    before=(State.RUNS, State.HANGS),
    after=State.ENDED,
    sentence_template="{subject} killed",
    cause="killed",
)
