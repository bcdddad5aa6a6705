"""What every load has, and what a shape of load defines."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from onionrig.experiment.keys import Auto, Count, ExperimentTable, UserPort
from onionrig.records.recording import Recording
from onionrig.records.result import LoadFigure
from onionrig.units import Seconds

if TYPE_CHECKING:
    from onionrig.records.streams.schedule import Reach


class Load(ExperimentTable, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked of the address, whatever the shape: ``[load]`` with these keys and its own."""

    clients: Count | Auto = "auto"
    ramp: Seconds = Seconds(5)
    hold: Seconds = Seconds(60)
    dials_a_backend: Annotated[int, Meta(ge=0)] = 0
    """Short streams before the load, per backend instance; they show who serves, how fast, and how
    many fail."""
    torrc: tuple[str, ...] = ()
    """Extra lines for the client tors."""
    dial_every: Seconds | None = None
    """Interval of further short streams under load, which show what new clients meet. If absent,
    two per second with faults (``[[faults]]``), else none."""
    socks_port: UserPort | None = None
    """SOCKS port of the first client tor; if absent, a free one is picked."""

    @property
    def streams_asked(self) -> int:
        """Number of streams held open in all; 0 if the load has another shape."""
        return 0

    @property
    def reached(self) -> Reach:
        """What streams dial."""
        return "address"


class Drivers(msgspec.Struct, frozen=True, kw_only=True):
    """The processes that generate the load, on each host that has client tors."""

    sinks: bool = False
    """Whether sinks pull the streams that the load asks for, until the end of the hold."""
    dial_every_seconds: float | None = None
    """Interval of all dials together, until the end of the hold; dials do not wait for earlier
    ones. None without a dialler."""


def nothing_wrong(load: Load) -> str | None:
    """Accept any load: return None."""
    del load
    return None


def no_figures(recording: Recording, seconds: range) -> tuple[LoadFigure, ...]:
    """Return no figures besides goodput."""
    del recording, seconds
    return ()


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """One shape of load, with everything in which it differs from others."""

    kind: str
    """Name of the shape, as ``load.kind`` gives it."""
    table: type[Load]
    """The keys of the shape."""
    drivers: Callable[[Load], Drivers]
    wrong: Callable[[Load], str | None] = nothing_wrong
    """Check of a load beyond the types of its keys: an explanation of what is wrong, or None."""
    counts_goodput: bool
    """Whether the shape's result is a goodput: then a run that measured none has failed."""
    figures: Callable[[Recording, range], tuple[LoadFigure, ...]] = no_figures
    """Figures of a recording besides or instead of goodput; the seconds are those of the hold. A
    figure is None if it was not measured."""
