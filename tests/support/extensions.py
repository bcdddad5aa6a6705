"""A second shape of a load, and another series: nothing else in the program knows them."""

from __future__ import annotations

from onionrig.experiment.loads.base import Drivers, Load, Shape
from onionrig.records.result import LoadFigure
from onionrig.series.base import PartOf


class ConnectionRate(Load, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Connections opened per second: so many dials, each as long as a few cells take."""

    connections_per_second: float = 10.0


def _drivers(load):
    return Drivers(dial_every_seconds=1 / load.connections_per_second)


def _wrong(load):
    rate = load.connections_per_second
    return (
        None if 0 < rate <= 1000 else f"load.connections_per_second = {rate}: above 0, at most 1000"
    )


def _figures(recording, seconds):
    dials = [each for each in recording.dials if int(each.started_wall_seconds) in seconds]
    if not dials:
        return (LoadFigure(name="connections", value=None, unit="connections/s"),)
    opened = [each for each in dials if not each.failed]
    failed = len(dials) - len(opened)
    rate = len(opened) / len(seconds)
    return (
        LoadFigure(name="connections", value=rate, unit="connections/s", note=f"{failed} failed"),
    )


CONNECTIONS = Shape(
    kind="connections",
    table=ConnectionRate,
    drivers=_drivers,
    wrong=_wrong,
    counts_goodput=False,
    figures=_figures,
)


def three_runs(question, directory, run_one):
    """Run a question three times, as a series; return the results, one of each run."""
    return [
        run_one(question, directory.new_run(f"run-{number}"), PartOf(title=f"{number} of 3"))
        for number in (1, 2, 3)
    ]
