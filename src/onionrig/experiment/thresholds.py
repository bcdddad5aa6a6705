"""The thresholds of an experiment, and those that its run could not be compared with.

A threshold on a figure that the run will not have is refused by name before anything is started.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from onionrig.experiment.frontend import daemons_of
from onionrig.experiment.loads.registry import shape_of
from onionrig.records.thresholds import Threshold

if TYPE_CHECKING:
    from onionrig.experiment.schema import Experiment

Check = Callable[["Experiment"], "str | None"]

WATCHED = frozenset({"controller", "keeper"})
"""Processes that are sampled under their own names, although they are not services of the rig."""
DELAYBOX = "delay"
"""The same for the program that delays emulated links where the kernel cannot."""
_PERCENTILE = re.compile(r"p(?P<percent>\d{1,3}(?:\.\d{1,6})?)")
_ALL = 100


def thresholds_of(experiment: Experiment) -> tuple[Threshold, ...]:
    """Return the thresholds that an experiment asks for, that of the sustained rate first."""
    verdict = experiment.verdict
    thresholds: list[Threshold] = []
    if verdict.target is not None:
        thresholds.append(
            Threshold(
                key="verdict.target",
                figure="sustained rate",
                bound="at least",
                limit=float(verdict.target),
                unit="bits per second",
            )
        )
    if verdict.smallest_backend_share is not None:
        thresholds.append(
            Threshold(
                key="verdict.smallest_backend_share",
                figure="smallest backend share",
                bound="at least",
                limit=float(verdict.smallest_backend_share),
                unit="share",
            )
        )
    thresholds += [
        Threshold(
            key=f"verdict.time_to_first_byte.{percentile}",
            figure="time to first byte",
            of=percentile,
            bound="at most",
            limit=float(longest),
            unit="seconds",
        )
        for percentile, longest in verdict.time_to_first_byte.items()
    ]
    thresholds += [
        Threshold(
            key=f"verdict.cpu_seconds_per_gbit.{role}",
            figure="CPU-s per Gbit",
            of=role,
            bound="at most",
            limit=cost,
        )
        for role, cost in verdict.cpu_seconds_per_gbit.items()
    ]
    if verdict.corrupt_bytes is not None:
        thresholds.append(
            Threshold(
                key="verdict.corrupt_bytes",
                figure="corrupt bytes",
                bound="at most",
                limit=verdict.corrupt_bytes,
                unit="bytes",
            )
        )
    if verdict.failed_streams is not None:
        thresholds.append(
            Threshold(
                key="verdict.failed_streams",
                figure="failed streams",
                bound="at most",
                limit=verdict.failed_streams,
            )
        )
    if verdict.doubts is not None:
        thresholds.append(
            Threshold(key="verdict.doubts", figure="doubts", bound="at most", limit=verdict.doubts)
        )
    return tuple(thresholds)


def percentile_of(text: str) -> Fraction | None:
    """Return the share that a percentile such as ``p95`` names, or None if it is not one."""
    match = _PERCENTILE.fullmatch(text)
    percent = None if match is None else Fraction(match["percent"])
    return percent / _ALL if percent is not None and 0 < percent <= _ALL else None


def wrong_thresholds(experiment: Experiment) -> str | None:
    """Explain which threshold the run could not be compared with, and why, or return None."""
    if not thresholds_of(experiment):
        return None
    checks: tuple[Check, ...] = (_nothing_pulled, _no_goodput, _share, _first_bytes, _costs)
    return next((wrong for check in checks if (wrong := check(experiment))), None)


def roles_of(experiment: Experiment) -> frozenset[str]:
    """Return the roles whose services run during the hold, by the names that costs have."""
    drivers = shape_of(experiment.load).drivers(experiment.load)
    roles = {"source", "sampler", "yardstick"}
    if drivers.sinks:
        roles.add("sink")
    if experiment.network.kind == "none":
        return frozenset(roles - ({"source"} if experiment.baseline.peer else set()))
    roles |= {"authority", "relay", "backend", "balancer-tor", "balancer", "client", "pinger"}
    if _dials_under_load(experiment):
        roles.add("dialler")
    return frozenset(roles)


def _nothing_pulled(experiment: Experiment) -> str | None:
    if experiment.baseline.listen is None:
        return None
    key = thresholds_of(experiment)[0].key
    return f"{key}: baseline.listen serves and measures nothing; set it where --to pulls"


def _no_goodput(experiment: Experiment) -> str | None:
    """Refuse thresholds on goodput and streams for a load that has neither."""
    shape = shape_of(experiment.load)
    if shape.counts_goodput:
        return None
    of_goodput = {"sustained rate", "smallest backend share", "CPU-s per Gbit", "failed streams"}
    for threshold in thresholds_of(experiment):
        if threshold.figure in of_goodput:
            return (
                f'{threshold.key}: load.kind = "{shape.kind}" measures no goodput and holds no '
                f"streams, so there is no {threshold.figure}; leave it out"
            )
    return None


def _share(experiment: Experiment) -> str | None:
    share = experiment.verdict.smallest_backend_share
    if share is None:
        return None
    if experiment.baseline.peer is not None:
        return (
            "verdict.smallest_backend_share: what baseline.peer serves is not known by backend; "
            "leave it out"
        )
    daemons = 1 if experiment.network.kind == "none" else daemons_of(experiment)
    if share * daemons <= 1:
        return None
    return (
        f"verdict.smallest_backend_share = {share}: of {daemons} backend instances the smallest "
        f"serves {_ALL / daemons:.3g}% at most"
    )


def _first_bytes(experiment: Experiment) -> str | None:
    for percentile, longest in experiment.verdict.time_to_first_byte.items():
        key = f"verdict.time_to_first_byte.{percentile}"
        if percentile_of(percentile) is None:
            return f"{key}: write a percentile above p0 and up to p100, as in p50 or p95"
        if not longest > 0:
            return f"{key} = {longest}: a time above 0"
        if experiment.network.kind == "none":
            return f'{key}: network.kind = "none": a baseline makes no dials; leave it out'
        if not (experiment.load.dials_a_backend or _dials_under_load(experiment)):
            return (
                f"{key}: this run makes no dials, so it has no times to first byte; set "
                "load.dials_a_backend (dials before the load) or load.dial_every (under it)"
            )
    return None


def _costs(experiment: Experiment) -> str | None:
    for role, cost in experiment.verdict.cpu_seconds_per_gbit.items():
        key = f"verdict.cpu_seconds_per_gbit.{role}"
        roles = roles_of(experiment) | WATCHED
        if any(host.delay for host in experiment.hosts):
            roles |= {DELAYBOX}
        if role not in roles:
            role_names = ", ".join(sorted(roles))
            return f'{key}: this run has no role "{role}"; its roles are {role_names}'
        if not (math.isfinite(cost) and cost > 0):
            return f"{key} = {cost}: a number of CPU-seconds above 0"
    return None


def _dials_under_load(experiment: Experiment) -> bool:
    """Return whether there are dials under load: faults have some unless told otherwise."""
    load = experiment.load
    interval = shape_of(load).drivers(load).dial_every_seconds
    return interval is not None or load.dial_every is not None or bool(experiment.faults)
