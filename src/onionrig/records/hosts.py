"""What the hosts of a rig ran and did over the hold, and what their links could carry and did."""

from __future__ import annotations

from onionrig.records import Part


class HostLink(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The link of one emulated or real host."""

    host: str
    board: str | None
    """The name of the board that it stands for; null where none was named."""
    link_bits_per_second: float | None
    """What it could carry each way, frames counted; the mean where that was changed meanwhile. Null
    where it was not shaped, or where nobody says what a real one carries."""
    sent_bits_per_second: float | None
    """By the host; null where it was not sampled."""
    received_bits_per_second: float | None
    full: bool
    """Whether it carried at least 90 % of what it could, one way."""
    serves: bool
    """Whether the host has backend instances or, in a baseline, a source."""


class Links(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The links of all hosts, and goodput against those of the hosts that serve."""

    scale: float
    """What every rate was multiplied by; 1 is as asked for."""
    hosts: tuple[HostLink, ...]
    """In the experiment's order."""
    sum_bits_per_second: float | None
    """Of the links of the hosts that serve; null where that of one of them is not known."""
    payload_bits_per_second: float | None
    """What of that is TCP payload at most: 1448 of each 1514 bytes."""
    mean_share: float | None
    """Mean goodput over the sum."""
    sustained_share: float | None
    """Sustained goodput over the sum."""
    emulated: bool = True
    """Whether the hosts were emulated; else they are machines."""


class HostFigures(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One host; null is what was not measured, or is of a machine that emulated hosts share."""

    name: str
    services: dict[str, int]
    """How many services of each role ran on it."""
    goodput_bits_per_second: float
    """Mean goodput of the backend instances on it or, in a baseline, of its source."""
    cores: int | None
    """Cores of the machine."""
    rig_cores: float | None
    """Mean number of cores in use by the rig's services on it."""
    used_cores: float | None
    """Mean number of cores in use by whatever ran on it, with what a hypervisor took."""
    highest_temperature_celsius: float | None
    lowest_clock_hertz: float | None
    """The lowest clock of the fastest core, in any second."""
    throttling: tuple[str, ...]
    """What a Pi's firmware reported in the hold; what it had reported of the time before is left
    out."""
    clock_offset_seconds: float | None
    """How far its clock was ahead of the controller's."""
