"""One more fault, which nothing else in the program knows: read the configuration again.

It leads to no other state, so whatever it is done to goes on answering.
"""

from __future__ import annotations

from onionrig.experiment.faults.base import Fault, Scope, State
from onionrig.experiment.faults.steps import Signal, TellServices

RELOAD = Fault(
    verb="reload",
    steps={Scope.SERVICE: (TellServices(signal=Signal.RELOAD),)},
    before=(State.RUNS,),
    sentence_template="{subject} reads its configuration again",
)
