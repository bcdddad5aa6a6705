"""The thresholds of an experiment, and those that its run could not be compared with.

A threshold on a figure that the run will not have is refused by name before anything is started.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import msgspec

from onionrig.experiment.frontend import daemons_of
from onionrig.experiment.loads.registry import shape_of
from onionrig.records.thresholds import Threshold, ThresholdBound, ThresholdFigure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onionrig.experiment.schema import Experiment

Check = Callable[["Experiment", Threshold], "str | None"]

WATCHED = frozenset({"controller", "keeper"})
"""Processes that are sampled under their own names, although they are not services of the rig."""
DELAYBOX = "delay"
"""The same for the program that delays emulated links where the kernel cannot."""
_PERCENTILE = re.compile(r"p(?P<percent>\d{1,3}(?:\.\d{1,6})?)")
_ALL = 100


def _nothing_wrong(experiment: Experiment, threshold: Threshold) -> str | None:
    """Accept any limit: return None."""
    del experiment, threshold
    return None


def _wrong_share(experiment: Experiment, threshold: Threshold) -> str | None:
    if experiment.baseline.peer is not None:
        return f"{threshold.key}: what baseline.peer serves is not known by backend; leave it out"
    daemons = 1 if experiment.network.kind == "none" else daemons_of(experiment)
    share = experiment.verdict.smallest_backend_share
    if share is None or share * daemons <= 1:
        return None
    return (
        f"{threshold.key} = {share}: of {daemons} backend instances the smallest serves "
        f"{_ALL / daemons:.3g}% at most"
    )


def _wrong_first_byte(experiment: Experiment, threshold: Threshold) -> str | None:
    key, longest = threshold.key, experiment.verdict.time_to_first_byte[threshold.of]
    if percentile_of(threshold.of) is None:
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


def _wrong_cost(experiment: Experiment, threshold: Threshold) -> str | None:
    role, cost = threshold.of, threshold.limit
    roles = roles_of(experiment) | WATCHED
    if any(host.delay for host in experiment.hosts):
        roles |= {DELAYBOX}
    if role not in roles:
        role_names = ", ".join(sorted(roles))
        return f'{threshold.key}: this run has no role "{role}"; its roles are {role_names}'
    if not (math.isfinite(cost) and cost > 0):
        return f"{threshold.key} = {cost}: a number of CPU-seconds above 0"
    return None


class ThresholdKind(msgspec.Struct, frozen=True, kw_only=True):
    """What a key of ``[verdict]`` limits, with everything in which it differs from other keys."""

    key: str
    """Name of the key, whose type is in ``experiment.schema``. A table has a limit per entry."""
    figure: ThresholdFigure
    bound: ThresholdBound
    unit: str = ""
    """Unit of the limit, as results have it."""
    needs_goodput: bool = False
    """Whether only a load that measures goodput has the figure."""
    wrong: Check = _nothing_wrong
    """Check of one such threshold: an explanation of what is wrong with it, or None."""


THRESHOLD_KINDS = (
    ThresholdKind(
        key="target",
        figure="sustained rate",
        bound="at least",
        unit="bits per second",
        needs_goodput=True,
    ),
    ThresholdKind(
        key="smallest_backend_share",
        figure="smallest backend share",
        bound="at least",
        unit="share",
        needs_goodput=True,
        wrong=_wrong_share,
    ),
    ThresholdKind(
        key="time_to_first_byte",
        figure="time to first byte",
        bound="at most",
        unit="seconds",
        wrong=_wrong_first_byte,
    ),
    ThresholdKind(
        key="cpu_seconds_per_gbit",
        figure="CPU-s per Gbit",
        bound="at most",
        needs_goodput=True,
        wrong=_wrong_cost,
    ),
    ThresholdKind(key="corrupt_bytes", figure="corrupt bytes", bound="at most", unit="bytes"),
    ThresholdKind(
        key="failed_streams", figure="failed streams", bound="at most", needs_goodput=True
    ),
    ThresholdKind(key="doubts", figure="doubts", bound="at most"),
)
"""The keys of ``[verdict]``, in the order in which results list the thresholds."""


def thresholds_of(experiment: Experiment) -> tuple[Threshold, ...]:
    """Return the thresholds that an experiment asks for, that of the sustained rate first."""
    return tuple(
        Threshold(
            key=f"verdict.{kind.key}.{subject}" if subject else f"verdict.{kind.key}",
            figure=kind.figure,
            of=subject,
            bound=kind.bound,
            limit=float(limit),
            unit=kind.unit,
        )
        for kind in THRESHOLD_KINDS
        for subject, limit in _limits(getattr(experiment.verdict, kind.key))
    )


def percentile_of(text: str) -> Fraction | None:
    """Return the share that a percentile such as ``p95`` names, or None if it is not one."""
    match = _PERCENTILE.fullmatch(text)
    percent = None if match is None else Fraction(match["percent"])
    return percent / _ALL if percent is not None and 0 < percent <= _ALL else None


def wrong_thresholds(experiment: Experiment) -> str | None:
    """Explain which threshold the run could not be compared with, and why, or return None."""
    thresholds = thresholds_of(experiment)
    if thresholds and experiment.baseline.listen is not None:
        return (
            f"{thresholds[0].key}: baseline.listen serves and measures nothing; set it where --to "
            "pulls"
        )
    kinds = {kind.figure: kind for kind in THRESHOLD_KINDS}
    explanations = (
        _without_goodput(experiment, threshold, kinds[threshold.figure])
        or kinds[threshold.figure].wrong(experiment, threshold)
        for threshold in thresholds
    )
    return next(filter(None, explanations), None)


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


def _limits(asked: object) -> Iterable[tuple[str, Any]]:
    """Return the limits that a key asks for, each after what it is of: a percentile or a role."""
    if asked is None:
        return ()
    return asked.items() if isinstance(asked, Mapping) else (("", asked),)


def _without_goodput(
    experiment: Experiment, threshold: Threshold, kind: ThresholdKind
) -> str | None:
    """Refuse a threshold on goodput or streams for a load that has neither."""
    shape = shape_of(experiment.load)
    if shape.counts_goodput or not kind.needs_goodput:
        return None
    return (
        f'{threshold.key}: load.kind = "{shape.kind}" measures no goodput and holds no streams, so '
        f"there is no {threshold.figure}; leave it out"
    )


def _dials_under_load(experiment: Experiment) -> bool:
    """Return whether there are dials under load: faults have some unless told otherwise."""
    load = experiment.load
    interval = shape_of(load).drivers(load).dial_every_seconds
    return interval is not None or load.dial_every is not None or bool(experiment.faults)
