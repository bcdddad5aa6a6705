"""Events of a run made by hand. It has started some time before its first load."""

from __future__ import annotations

from onionrig.records.events import (
    Answered,
    Covered,
    Finished,
    Happened,
    Held,
    Listed,
    Milestone,
    Published,
    Scheduled,
)
from support.records.samples import HOLD, RAMP

START_SECONDS = RAMP - 42.0
"""When it started, by the clock on the wall."""


def event(kind, since_start_seconds, **fields):
    """Return an event of any kind, so many seconds after the start."""
    return kind(
        wall_seconds=START_SECONDS + since_start_seconds,
        since_start_seconds=since_start_seconds,
        **fields,
    )


def in_hold(kind, at, **fields):
    """Return an event of any kind, so many seconds into the first hold."""
    return event(kind, HOLD + at - START_SECONDS, **fields)


def milestone(reached, seconds):
    return event(Milestone, seconds, reached=reached)


def covered(client, usable, *, variant=1, drawn=None):
    return event(
        Covered, 41.0, client=client, usable_points=usable, drawn_points=drawn or {},
        variant=variant,
    )  # fmt: skip


def scheduled(*, hold_seconds, ramp=RAMP, streams=16, settings=None):
    hold = ramp + HOLD - RAMP
    return event(
        Scheduled, ramp - START_SECONDS, ramp_second=ramp, hold_second=hold,
        end_second=hold + hold_seconds, streams=streams, settings=settings or {},
    )  # fmt: skip


def happened(verb, subject, at, **more):
    """Return what was done so many seconds into the hold."""
    return in_hold(Happened, at, verb=verb, subject=subject, **more)


def listed(at, *instances):
    """Return who stood in the address's descriptors from so many seconds into the hold."""
    return in_hold(Listed, at, instances=instances)


def answered(at, service):
    """Return that a tor was up again so many seconds into the hold."""
    return in_hold(Answered, at, service=service)


def published(at):
    """Return that HSDirs acknowledged a descriptor of the address so many seconds into the hold."""
    return in_hold(Published, at)


def held():
    return event(Held, 110.0)


def finished():
    return event(Finished, 120.0)
