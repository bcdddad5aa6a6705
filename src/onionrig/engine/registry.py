"""Which engines there are, and which of them an experiment runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.engine.emulation.engine import EmulationOpening
from onionrig.engine.local.equipment import Equipment
from onionrig.engine.local.opening import LocalOpening

if TYPE_CHECKING:
    from onionrig.engine.base import Opening
    from onionrig.experiment.schema import Experiment


def opening_for(experiment: Experiment) -> Opening:
    """Return the engine that an experiment runs on, not entered yet.

    Raises Unequipped where a program that the experiment needs is missing or too old.
    """
    equipment = Equipment.for_experiment(experiment)
    return EmulationOpening(equipment) if experiment.hosts else LocalOpening(equipment)
