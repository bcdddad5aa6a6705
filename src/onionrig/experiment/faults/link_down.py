"""Unplug a host, so that what it sends is lost without notice; and plug it in again."""

from __future__ import annotations

from onionrig.experiment.faults.base import Fault, Scope, State
from onionrig.experiment.faults.steps import SetLink

LINK_DOWN = Fault(
    verb="link_down",
    steps={Scope.LINK: (SetLink(up=False),)},
    before=(State.RUNS,),
    after=State.CUT_OFF,
    sentence_template="{subject} unplugged",
    cause="cut off",
)
LINK_UP = Fault(
    verb="link_up",
    steps={Scope.LINK: (SetLink(up=True),)},
    before=(State.CUT_OFF,),
    after=State.RUNS,
    sentence_template="{subject} plugged in",
)
