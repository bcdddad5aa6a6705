"""The check command: an experiment and the rig it renders to, with nothing started."""

from __future__ import annotations

import sys

import msgspec

from onionrig.cli.app import (
    ExperimentFileArgument,
    InventoryOption,
    JsonOption,
    ProfileOption,
    SettingsOption,
    app,
)
from onionrig.cli.help import MACHINE, described
from onionrig.cli.output.printing import print_json, remarks, results
from onionrig.cli.question import ask, flags_layer
from onionrig.engine.ansible.connection import SSH_SOCKET
from onionrig.engine.local.equipment import Equipment
from onionrig.engine.local.fitness import refuse_unfit
from onionrig.errors import Unequipped
from onionrig.processes.surroundings import refuse_unfit_surroundings
from onionrig.rig.allocation import placeholder_allocation, placeholder_identities
from onionrig.rig.layout import Programs
from onionrig.rig.render import render
from onionrig.views.rig import rig_view

NAMES = Programs(tor="tor", onionbalance="onionbalance", python="python")
"""The programs by name, for when their paths are not known yet."""


@app.command(
    **described(
        MACHINE,
        "onionrig check",
        "onionrig check my.toml --set load.streams=64",
        "onionrig check my.toml -i inventory.yml --json",
    )
)
def check(
    experiment: ExperimentFileArgument = None,
    *,
    profile: ProfileOption = None,
    settings: SettingsOption = None,
    inventory: InventoryOption = None,
    json: JsonOption = False,
) -> None:
    """Check an experiment and print the rig it describes, without starting anything.

    Anything about this machine that would keep the rig from running is printed after it as an
    error. `onionrig doctor` checks the machine alone, and `onionrig cluster check` the hosts of an
    inventory.
    """
    question = ask(experiment, profile, settings or [], flags_layer(inventory=inventory))
    equipment = _equipment()
    if equipment is not None:
        # for real hosts too: most lines that their tors would refuse, this one refuses as well
        equipment.refuse_unknown_lines(question.experiment)
    programs = NAMES if question.experiment.has_real_hosts else _programs_or_names(equipment)
    allocation = placeholder_allocation(question.experiment, programs)
    rig = render(question.experiment, placeholder_identities(question.experiment), allocation)
    if json:
        print_json(rig.with_rendered_files())
    else:
        results().print(rig_view(rig, allocation.ports, question.resolved))
    if question.experiment.has_real_hosts:
        refuse_unfit_surroundings(SSH_SOCKET, for_ssh=True)
    else:
        # a machine without tor can check what another one is to run
        refuse_unfit(
            question.experiment, tor=None if programs.tor == NAMES.tor else str(programs.tor)
        )


def _equipment() -> Equipment | None:
    """Return the programs of this machine, or None, with a remark, if one cannot be used."""
    try:
        return Equipment.found()
    except Unequipped as error:
        remarks().print(
            f"no rig can run on this machine, and no tor was asked about torrc lines: {error}",
            style="dim",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
        return None


def _programs_or_names(equipment: Equipment | None) -> Programs:
    """Return the programs of this machine, or their names if they are not installed."""
    if equipment is None:
        return msgspec.structs.replace(NAMES, python=sys.executable)
    return equipment.programs
