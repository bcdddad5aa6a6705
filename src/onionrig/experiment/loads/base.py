"""What every shape of a load has, and what a shape has to say for itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from onionrig.experiment.keys import Auto, Count, Table, UserPort
from onionrig.records.recording import Recording
from onionrig.records.result import Figure
from onionrig.units import Seconds

if TYPE_CHECKING:
    from onionrig.records.schedule import Reach


class Load(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked of the address, whatever its shape: ``[load]`` with these keys and its own."""

    clients: Count | Auto = "auto"
    ramp: Seconds = Seconds(5)
    hold: Seconds = Seconds(60)
    dials_a_backend: Annotated[int, Meta(ge=0)] = 0
    """Short streams before the load, for each backend instance: who serves, how fast, how many
    fail."""
    torrc: tuple[str, ...] = ()
    """Extra lines for the client tors."""
    dial_every: Seconds | None = None
    """How often a further short stream is dialled under load: what new clients meet. If absent,
    twice a second where something happens to the rig (``[[faults]]``), else not at all."""
    socks_port: UserPort | None = None
    """The first client tor's SOCKS port; picked free where it is not given."""

    @property
    def streams_asked(self) -> int:
        """Streams that are held open in all; none where the load has another shape."""
        return 0

    @property
    def reached(self) -> Reach:
        """What streams dial."""
        return "address"


class Drivers(msgspec.Struct, frozen=True, kw_only=True):
    """The movers that put a load on, beside the client tors of each host that has any."""

    sinks: bool = False
    """Sinks pull the streams that the load asks for, until the hold's end."""
    dial_every_seconds: float | None = None
    """A dialler dials so often in all until the hold's end, whether or not earlier dials have
    ended."""


def nothing_wrong(load: Load) -> str | None:
    """Find nothing wrong with a load."""
    del load
    return None


def no_figures(recording: Recording, seconds: range) -> tuple[Figure, ...]:
    """Return no figures beside goodput's."""
    del recording, seconds
    return ()


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """One shape of a load: everything that differs from one to another."""

    kind: str
    """How ``load.kind`` names it."""
    table: type[Load]
    """Its keys."""
    drivers: Callable[[Load], Drivers]
    wrong: Callable[[Load], str | None] = nothing_wrong
    """What is wrong with a load beyond the types of its keys, in words."""
    counts_goodput: bool
    """Whether its result is a goodput: a run that measured none has failed then."""
    figures: Callable[[Recording, range], tuple[Figure, ...]] = no_figures
    """What a load came to beside or instead of goodput, from what was recorded; the seconds are
    those of the hold. None where nothing was measured."""
