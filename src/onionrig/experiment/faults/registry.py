"""The faults that can be done to the rig, as data; ``run.faults`` carries their steps out.

A fault with keys of its own has a module of its own.
"""

from __future__ import annotations

from onionrig.experiment.faults.base import Fault, Scope, State
from onionrig.experiment.faults.link_rate import LINK_RATE
from onionrig.experiment.faults.steps import (
    EndServices,
    RebootHost,
    SetLink,
    Signal,
    StartServices,
    TellServices,
)

_KILL, _TERMINATE = EndServices(signal=Signal.KILL), EndServices(signal=Signal.TERMINATE)
_SUSPEND, _CONTINUE = TellServices(signal=Signal.STOP), TellServices(signal=Signal.CONTINUE)
_UNPLUG, _PLUG_IN = SetLink(up=False), SetLink(up=True)

_FAULTS = (
    Fault(
        verb="kill",
        # when a host's power is cut, no peer hears of it: by the time the sockets close, the link
        # is down
        steps={Scope.SERVICE: (_KILL,), Scope.HOST: (_UNPLUG, _KILL)},
        before=(State.RUNS, State.HANGS),
        after=State.ENDED,
        sentence_template="{subject} killed",
        cause="killed",
    ),
    Fault(
        verb="stop",
        # a host that is shut down has its services end first, which close their connections
        # properly; only then does the link go down
        steps={Scope.SERVICE: (_TERMINATE,), Scope.HOST: (_TERMINATE, _UNPLUG)},
        before=(State.RUNS, State.HANGS),
        after=State.ENDED,
        sentence_template="{subject} stopped",
        cause="stopped",
    ),
    Fault(
        verb="start",
        # services dial one another as soon as they start, so the link is restored before
        steps={Scope.SERVICE: (StartServices(),), Scope.HOST: (_PLUG_IN, StartServices())},
        before=(State.ENDED,),
        after=State.RUNS,
        sentence_template="{subject} started",
    ),
    Fault(
        verb="hang",
        # what is suspended keeps its sockets
        steps={Scope.SERVICE: (_SUSPEND,), Scope.HOST: (_SUSPEND,)},
        before=(State.RUNS,),
        after=State.HANGS,
        sentence_template="{subject} hung",
        cause="hung",
    ),
    Fault(
        verb="resume",
        steps={Scope.SERVICE: (_CONTINUE,), Scope.HOST: (_CONTINUE,)},
        before=(State.HANGS,),
        after=State.RUNS,
        sentence_template="{subject} resumed",
    ),
    Fault(
        verb="link_down",
        steps={Scope.LINK: (_UNPLUG,)},
        before=(State.RUNS,),
        after=State.CUT_OFF,
        sentence_template="{subject} unplugged",
        cause="cut off",
    ),
    Fault(
        verb="link_up",
        steps={Scope.LINK: (_PLUG_IN,)},
        before=(State.CUT_OFF,),
        after=State.RUNS,
        sentence_template="{subject} plugged in",
    ),
    LINK_RATE,
    Fault(
        verb="reboot",
        # the services end as the host goes down, and nothing of a run survives that
        steps={Scope.HOST: (RebootHost(),)},
        before=(State.RUNS, State.HANGS),
        after=State.REBOOTED,
        sentence_template="{subject} rebooted",
        cause="rebooted",
    ),
)

FAULTS: dict[str, Fault] = {fault.verb: fault for fault in _FAULTS}
"""The faults by verb, in the order in which errors list them."""


def fault_recorded(verb: str) -> Fault:
    """Return the fault that a recording names.

    A fault that only another version knows is described by its verb, and assumed to have no effect.
    """
    return FAULTS.get(verb) or Fault(verb=verb, steps={})
