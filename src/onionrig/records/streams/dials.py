"""What short streams showed: who served, how fast, how many failed, and what chance would give."""

from __future__ import annotations

from onionrig.records import Part


class ByChance(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Expected value and central 90 % interval of a figure if only chance were at work."""

    expected: float
    low: float
    """The 5th percentile."""
    high: float
    """The 95th percentile."""


class FirstByte(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Time from a dial to its first byte, over the dials that were served."""

    median_seconds: float
    nine_of_ten_seconds: float
    """The 90th percentile."""
    highest_seconds: float


class DialledBackend(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A backend instance of one descriptor, and the dials it served."""

    name: str
    dials: int
    """Dials that the instance served."""
    expected_dials: float
    """Mean number of dials it would serve if clients picked introduction points at random."""


class VariantDials(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the address's distinct descriptors, and the dials by the client tors that hold it."""

    variant: int
    """Number of the variant, counted from 1."""
    clients: tuple[str, ...]
    """Client tors that hold it; empty if none does, in which case its backends are unknown."""
    dials: int
    """Dials that were served."""
    backends: tuple[DialledBackend, ...]
    """Backend instances with points that a client can use."""
    others: int
    """Dials served by instances that are not listed: the descriptor was republished in between."""
    jain: float | None
    """Jain's index of the backends' dials; null if none was served."""
    jain_by_chance: ByChance | None
    smallest_over_mean: float | None
    smallest_over_mean_by_chance: ByChance | None
    unreached: tuple[str, ...]
    """Backend instances of the variant that served no dial."""


class BetweenVariants(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How evenly the backends of different descriptors were dialled."""

    jain: float | None
    """Jain's index of the mean number of dials per backend, over the variants."""
    jain_by_chance: ByChance | None
    """The same index if every client tor had picked its HSDir, and so its descriptor, at random."""


class Dials(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Outcome of the dials before the load."""

    dials: int
    """Dials that were begun."""
    failed: int
    unfinished: int
    """Dials under way when dialling ended: neither served nor failed."""
    failed_by_reason: dict[str, int]
    first_byte: FirstByte | None
    """Times to first byte; null if no dial was served."""
    backends: dict[str, int]
    """Dials served by each backend instance, including those that served none."""
    unreached: tuple[str, ...]
    """Backend instances that served no dial."""
    variants: tuple[VariantDials, ...]
    """Variants of the descriptor; empty if it is unknown which ones the client tors held."""
    between: BetweenVariants | None
    """Evenness between variants; null if there is only one."""


class DialSecond(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The dials that began in one second."""

    second: int
    """Number of the second, counted from the reference moment."""
    begun: int
    served: int
    failed: int
    still_waiting: int
    """Dials cut off when dialling ended, before their first byte of payload."""
    median_first_byte_seconds: float | None
    """Median time to first byte of the dials that were served; null if none was."""
    highest_first_byte_seconds: float | None


class Outage(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a fault cost the dials that began after it."""

    begun: int
    failed: int
    unfinished: int
    """Dials under way when dialling ended: neither served nor failed."""
    last_failing_after_seconds: float | None
    """Time from the fault to the start of the last dial that failed or waited in vain; null if
    there was none."""
    worst_first_byte_seconds: float | None
    """Longest time to first byte of the served dials that began no later than that one; null if
    there are none."""
    highest_first_byte_seconds: float | None
    """Longest time to first byte of all served dials that began after the fault; null if there are
    none."""
    waited_in_vain: int = 0
    """Unfinished dials that were hit by an outage: they had waited for their first byte for at
    least 3 s, and longer than any dial before the first fault of the hold. Results from before this
    was counted have 0."""
    longest_wait_in_vain_seconds: float | None = None
    """Time for which the earliest of these had waited when it was cut off; null if there are
    none."""
