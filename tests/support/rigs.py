"""Rigs as data, rendered from experiments with placeholders for programs, keys and ports."""

from __future__ import annotations

from onionrig.experiment.auto import resolved
from onionrig.experiment.decode import experiment_from
from onionrig.rig.allocation import placeholder_allocation, placeholder_identities
from onionrig.rig.direct import render_direct
from onionrig.rig.layout import Programs
from onionrig.rig.render import render

PROGRAMS = Programs(tor="/usr/bin/tor", onionbalance="/venv/onionbalance", python="/venv/python")


def experiment_of(*layers):
    """Return the experiment of these layers of tables, with every ``auto`` replaced."""
    experiment, _ = resolved(experiment_from(layers))
    return experiment


def allocated(experiment):
    """Return where an experiment's services would be."""
    return placeholder_allocation(experiment, PROGRAMS)


def rig_of(experiment):
    """Return the rig of an experiment with a Tor network."""
    return render(experiment, placeholder_identities(experiment), allocated(experiment))


def direct_rig_of(experiment):
    """Return the rig of a baseline."""
    return render_direct(experiment, allocated(experiment))


def rendered(**tables):
    """Return the rig of the default experiment, but for these tables."""
    return rig_of(experiment_of(tables))


def service_of(rig, name):
    """Return the service of this name."""
    (service,) = (service for service in rig.services if service.name == name)
    return service


def torrc(rig, name):
    """Return the lines of a service's torrc."""
    files = service_of(rig, name).files
    return next(file.text for file in files if file.path.name == "torrc").splitlines()


def orders(service, kind):
    """Return what a process of ours is told."""
    assert isinstance(service.orders, kind)
    return service.orders
