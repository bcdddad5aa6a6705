"""The registry of faults."""

from __future__ import annotations

from onionrig.experiment.faults.base import Fault
from onionrig.experiment.faults.hang import HANG, RESUME
from onionrig.experiment.faults.kill import KILL
from onionrig.experiment.faults.link_down import LINK_DOWN, LINK_UP
from onionrig.experiment.faults.link_rate import LINK_RATE
from onionrig.experiment.faults.reboot import REBOOT
from onionrig.experiment.faults.start import START
from onionrig.experiment.faults.stop import STOP

FAULTS: dict[str, Fault] = {
    fault.verb: fault
    for fault in (KILL, STOP, START, HANG, RESUME, LINK_DOWN, LINK_UP, LINK_RATE, REBOOT)
}
"""The faults by verb, in the order in which errors list them."""


def fault_recorded(verb: str) -> Fault:
    """Return the fault that a recording names.

    A fault that only another version knows is described by its verb, and assumed to have no effect.
    """
    return FAULTS.get(verb) or Fault(verb=verb, steps={})
