"""Compute how much each part of the rig carried in a hold, from the sources to the clients."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.backends.shares import backend_rates
from onionrig.analysis.load.source_bytes import sent_in
from onionrig.rig.model import Role
from onionrig.units import BITS_PER_BYTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from onionrig.analysis.load.windows import Window
    from onionrig.records.recording import Recording
    from onionrig.records.result import Result
    from onionrig.records.samples import TorCounters, TorSample
    from onionrig.records.streams.transfers import Transfer

RatesByService = dict[str, float | None]
"""Mean rates over the hold by name; None if not known."""


class RigRates(msgspec.Struct, frozen=True, kw_only=True):
    """Rates of the parts of a rig."""

    goodput_bits_per_second: float | None
    clients: RatesByService
    """Goodput of the hold, shared among the client tors as the bytes of the whole run are."""
    relays: dict[str, float]
    """Rate forwarded by each relay whose counters were read twice."""
    backends: RatesByService
    """Goodput of each backend instance, counted at the sinks."""
    sources: dict[str, float]
    """Rate that the sources handed to each backend instance."""

    @property
    def sent_bits_per_second(self) -> float | None:
        """Rate of all sources together; None if none was recorded."""
        return sum(self.sources.values()) if self.sources else None

    @property
    def forwarded_bits_per_second(self) -> float | None:
        """Rate of all relays together; None if none was read."""
        return sum(self.relays.values()) if self.relays else None

    @property
    def forwarded_over_goodput(self) -> float | None:
        """Number of times that the relays forwarded each byte of goodput."""
        if self.forwarded_bits_per_second is None or not self.goodput_bits_per_second:
            return None
        return self.forwarded_bits_per_second / self.goodput_bits_per_second


def rig_rates(result: Result, recording: Recording, hold: Window) -> RigRates:
    """Return the rates of a rig's parts in a hold of the recording behind the result."""
    roles, seconds = recording.manifest.roles, len(hold.seconds)
    goodput = result.goodput.mean_bits_per_second
    clients = [name for name, role in roles.items() if role == Role.CLIENT]
    relays = [name for name, role in roles.items() if role == Role.RELAY]
    return RigRates(
        goodput_bits_per_second=goodput,
        clients=_client_rates(goodput, clients, recording.transfers),
        relays={
            name: rate
            for samples in recording.tors.values()
            for name in relays
            if (rate := _forwarded_by(name, samples, hold)) is not None
        },
        backends=backend_rates(result),
        sources={
            name: size * BITS_PER_BYTE / seconds for name, size in sent_in(recording, hold).items()
        },
    )


def _client_rates(
    goodput: float | None, clients: Sequence[str], transfers: Iterable[Transfer]
) -> RatesByService:
    sizes: Counter[str] = Counter()
    for transfer in transfers:
        sizes[transfer.client] += transfer.verified_bytes + transfer.unverified_bytes
    total_bytes = sizes.total()
    return {
        name: goodput * sizes[name] / total_bytes if goodput is not None and total_bytes else None
        for name in clients or list(sizes)
    }


def _forwarded_by(relay: str, samples: Iterable[TorSample], hold: Window) -> float | None:
    """Return the rate that a relay wrote between its first and last answer in the hold."""
    readings: list[TorCounters] = [
        counters
        for sample in samples
        if hold.begin - 1 <= sample.second <= hold.end
        and (counters := sample.daemons.get(relay)) is not None
        and counters.relayed_written_bytes is not None
    ]
    if not readings:
        return None
    first_reading, last_reading = readings[0], readings[-1]
    seconds = last_reading.read_wall_seconds - first_reading.read_wall_seconds
    forwarded_bytes = (last_reading.relayed_written_bytes or 0) - (
        first_reading.relayed_written_bytes or 0
    )
    return forwarded_bytes * BITS_PER_BYTE / seconds if seconds > 0 else None
