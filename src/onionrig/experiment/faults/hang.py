"""Suspend a service or a whole host, which keeps its sockets; and resume it."""

from __future__ import annotations

from onionrig.experiment.faults.base import Fault, Scope, State
from onionrig.experiment.faults.steps import Signal, TellServices

_STAND_STILL, _GO_ON = TellServices(signal=Signal.STOP), TellServices(signal=Signal.CONTINUE)

HANG = Fault(
    verb="hang",
    steps={Scope.SERVICE: (_STAND_STILL,), Scope.HOST: (_STAND_STILL,)},
    before=(State.RUNS,),
    after=State.HANGS,
    sentence_template="{subject} hung",
    cause="hung",
)
RESUME = Fault(
    verb="resume",
    steps={Scope.SERVICE: (_GO_ON,), Scope.HOST: (_GO_ON,)},
    before=(State.HANGS,),
    after=State.RUNS,
    sentence_template="{subject} resumed",
)
