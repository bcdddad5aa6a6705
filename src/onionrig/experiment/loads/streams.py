"""Bulk streams: a fixed number is held open, and each pulls as fast as it can."""

from __future__ import annotations

from onionrig.experiment.keys import Count
from onionrig.experiment.loads.base import Drivers, Load, Shape
from onionrig.records.streams.schedule import Reach

STREAM_WINDOW_BYTES = 500 * 498
"""Most bytes of a stream in flight without congestion control.

tor lets 500 cells of a stream be in flight until the other end acknowledges (tor: src/core/or/or.h,
STREAMWINDOW_START), each with 498 bytes of payload (RELAY_PAYLOAD_SIZE). Every stream of ours has a
circuit of its own, whose window is twice that.
"""


class Streams(Load, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the sinks ask of the address."""

    streams: Count = 16
    reach: Reach = "address"
    """Target of the streams; with ``instances``, the instances' own addresses, which shows what the
    balancer costs."""

    @property
    def streams_asked(self) -> int:
        """Number of streams held open in all."""
        return self.streams

    @property
    def reached(self) -> Reach:
        """What streams dial."""
        return self.reach


def _drivers(load: Load) -> Drivers:
    del load
    return Drivers(sinks=True)


def _wrong(load: Load) -> str | None:
    if load.clients == "auto" or load.clients <= load.streams_asked:
        return None
    return (
        f"load.clients = {load.clients}: more client tors than load.streams = "
        f"{load.streams_asked}, some would pull nothing"
    )


SHAPE = Shape(kind="streams", table=Streams, drivers=_drivers, wrong=_wrong, counts_goodput=True)
