"""End a service at once; of a host, cut the power."""

from __future__ import annotations

from onionrig.experiment.faults.base import Fault, Scope, State
from onionrig.experiment.faults.steps import EndServices, SetLink, Signal

_END = EndServices(signal=Signal.KILL)

KILL = Fault(
    verb="kill",
    # where the power is cut nobody hears of it: what closes the sockets has no link any more
    steps={Scope.SERVICE: (_END,), Scope.HOST: (SetLink(up=False), _END)},
    before=(State.RUNS, State.HANGS),
    after=State.ENDED,
    told="{subject} killed",
    cause="killed",
)
