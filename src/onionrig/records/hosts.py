"""What hosts ran and did over the hold, and what their links carried and could carry."""

from __future__ import annotations

from onionrig.records import Part


class HostLink(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The link of one emulated or real host."""

    host: str
    board: str | None
    """Name of the board that the host stands for; null if none was named."""
    link_bits_per_second: float | None
    """Capacity of the link each way, frames included; the mean if it was changed during the hold.
    Null if the link was not shaped, or the capacity of a real one is unknown."""
    sent_bits_per_second: float | None
    """Rate sent by the host; null if it was not sampled."""
    received_bits_per_second: float | None
    full: bool
    """Whether the link carried at least 90 % of its capacity in one direction."""
    serves: bool
    """Whether the host has backend instances or, in a baseline, a source."""


class LinkSum(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The links of all hosts, and goodput as a share of the links of the hosts that serve."""

    scale: float
    """Factor by which every rate was multiplied; 1 means rates as asked for."""
    hosts: tuple[HostLink, ...]
    """Link of each host, in the experiment's order."""
    sum_bits_per_second: float | None
    """Total capacity of the links of the hosts that serve; null if one of them is unknown."""
    payload_bits_per_second: float | None
    """Largest part of that sum that can be TCP payload: 1448 of every 1514 bytes."""
    mean_share: float | None
    """Mean goodput over the sum."""
    sustained_share: float | None
    """Sustained goodput over the sum."""
    emulated: bool = True
    """True if the hosts were emulated, false if they are machines."""


class HostFigures(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Figures of one host; null if unmeasured, or if they belong to a machine that hosts share."""

    name: str
    services: dict[str, int]
    """Number of services of each role on the host."""
    goodput_bits_per_second: float
    """Mean goodput of the backend instances on the host or, in a baseline, of its source."""
    cores: float | None
    """Usable cores of the machine, to the fraction."""
    rig_cores: float | None
    """Mean number of cores used by the rig's services on the host."""
    used_cores: float | None
    """Mean number of cores used by everything on the host, including steal time."""
    highest_temperature_celsius: float | None
    lowest_clock_hertz: float | None
    """Lowest clock of the fastest core in any second."""
    throttling: tuple[str, ...]
    """Throttling that a Pi's firmware reported during the hold, without what it had reported about
    the time before."""
    clock_offset_seconds: float | None
    """Offset of the host's clock: positive if it was ahead of the controller's."""
