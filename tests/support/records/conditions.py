"""Recordings of machines and networks in which something happens, as samplers would tell it."""

from __future__ import annotations

import msgspec

from onionrig.records.samples import MachineConditions, NetworkCounts
from support.records.recordings import watched

BEGUN = 5000
"""What every counter had counted before."""
EVERY = 2
"""Conditions are read every other second, as by the sampler."""


def counted(per_second, at):
    """Return a counter, of which every second adds so much."""
    return BEGUN + per_second * at


def happening(whole=None, *, network=None, **conditions):
    """Return a recording whose counters of the machine, and of its network, rise so per second.

    What is a function is called with the number of the sample instead.
    """
    whole = watched() if whole is None else whole
    return sampled(
        whole,
        lambda sample, at: msgspec.structs.replace(
            sample,
            conditions=MachineConditions(**_values(conditions, at)) if at % EVERY == 0 else None,
            network=NetworkCounts(**_values(network or {}, at)) if at % EVERY == 0 else None,
        ),
    )


def losing(interface="lo", *, received=0, sent=0, frames=1000, whole=None):
    """Return a recording of an interface that carries and loses so many frames per second."""

    def carried(use, at):
        return msgspec.structs.replace(
            use,
            received_bytes=frames * at,
            sent_bytes=frames * at,
            received_packets=frames * at,
            sent_packets=frames * at,
            received_lost_frames=counted(received, at),
            sent_lost_frames=counted(sent, at),
        )

    whole = whole or watched(carries={"lo": (1, 1, None), interface: (1, 1, None)})
    return sampled(
        whole,
        lambda sample, at: msgspec.structs.replace(
            sample,
            interfaces={
                **sample.interfaces,
                interface: carried(sample.interfaces[interface], at),
            },
        ),
    )


def sampled(whole, change):
    """Return a recording whose samplers' samples are changed, each with its number."""
    return msgspec.structs.replace(
        whole,
        samplers={
            name: [change(sample, at) for at, sample in enumerate(samples)]
            for name, samples in whole.samplers.items()
        },
    )


def _values(asked, at):
    return {
        name: rises(at) if callable(rises) else counted(rises, at) for name, rises in asked.items()
    }
