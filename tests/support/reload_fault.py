"""One more fault: a service is told to read its configuration again. Nothing else in the program knows it."""

from __future__ import annotations

from onionrig.experiment.faults.base import Fault, Scope, State
from onionrig.experiment.faults.steps import Signal, TellServices

RELOAD = Fault(
    verb="reload",
    steps={Scope.SERVICE: (TellServices(signal=Signal.RELOAD),)},
    before=(State.RUNS,),
    told="{subject} reads its configuration again",
)
