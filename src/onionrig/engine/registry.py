"""The registry of engines, and which of them runs an experiment."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from onionrig.engine.ansible.opening import AnsibleOpening
from onionrig.engine.base import Opening
from onionrig.engine.emulation.engine import EmulationOpening
from onionrig.engine.local.equipment import Equipment
from onionrig.engine.local.fitness import refuse_unfit
from onionrig.engine.local.opening import LocalOpening
from onionrig.experiment.schema import Experiment


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """An engine, and which experiments it is for."""

    takes: Callable[[Experiment], bool]
    capabilities: frozenset[type]
    """The further protocols that the engine can have; its ``Opening`` reports which it has here."""
    opening: Callable[[Experiment], Opening]
    """Function that opens the engine. Raises Unequipped if something that the experiment needs is
    missing or too old."""


ENGINES = (
    Registered(
        takes=lambda experiment: experiment.has_emulated_hosts,
        capabilities=EmulationOpening.capabilities,
        opening=lambda experiment: EmulationOpening(_equipment(experiment)),
    ),
    Registered(
        takes=lambda experiment: experiment.has_real_hosts,
        capabilities=AnsibleOpening.capabilities,
        opening=AnsibleOpening.for_experiment,
    ),
    Registered(
        takes=lambda _: True,
        capabilities=LocalOpening.capabilities,
        opening=lambda experiment: LocalOpening(_equipment(experiment)),
    ),
)
"""The engines in order: the first that takes an experiment runs it."""


def opening_for(experiment: Experiment) -> Opening:
    """Return the engine that an experiment runs on, not entered yet.

    Raises Unequipped if something that the experiment needs is missing or too old.
    """
    return _engine_for(experiment).opening(experiment)


def _equipment(experiment: Experiment) -> Equipment:
    """Return the programs, and check that this machine can run the rig. Raises Unequipped."""
    equipment = Equipment.for_experiment(experiment)
    refuse_unfit(experiment, tor=equipment.tor.path if equipment.tor else None)
    return equipment


def capabilities_for(experiment: Experiment) -> frozenset[type]:
    """Return the further protocols of the engine that an experiment runs on."""
    return _engine_for(experiment).capabilities


def _engine_for(experiment: Experiment) -> Registered:
    return next(engine for engine in ENGINES if engine.takes(experiment))
