"""What short streams showed: who served, how fast, how many failed, and what chance would give."""

from __future__ import annotations

from onionrig.records import Part


class ByChance(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a figure would be if nothing but chance were at work."""

    expected: float
    low: float
    """5 of 100 lie below."""
    high: float
    """5 of 100 lie above."""


class FirstByte(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Seconds from a dial to its first byte, of the dials that were served."""

    median_seconds: float
    nine_of_ten_seconds: float
    """So many had it within this."""
    highest_seconds: float


class DialledBackend(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A backend instance of one descriptor."""

    name: str
    dials: int
    """That it served."""
    expected_dials: float
    """That it would serve on average if clients draw among the introduction points."""


class Variant(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the address's distinct descriptors, and the dials by the client tors that hold it."""

    variant: int
    """From 1."""
    clients: tuple[str, ...]
    """None where no client tor holds it: then its backends are not known."""
    dials: int
    """That were served."""
    backends: tuple[DialledBackend, ...]
    """Those with points that a client can use."""
    others: int
    """Dials that other instances served: the descriptor was published anew meanwhile."""
    jain: float | None
    """Jain's index of its backends' dials; null where none was served."""
    jain_by_chance: ByChance | None
    smallest_over_mean: float | None
    smallest_over_mean_by_chance: ByChance | None
    unreached: tuple[str, ...]
    """Those of its backends that served none."""


class BetweenVariants(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How evenly the backends of different descriptors were dialled."""

    jain: float | None
    """Jain's index of each variant's mean number of dials a backend."""
    jain_by_chance: ByChance | None
    """If every client tor had drawn its HSDir, and so its descriptor, at random."""


class Dials(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the dials before the load came to."""

    dials: int
    """Begun in all."""
    failed: int
    unfinished: int
    """Under way when they were ended: neither served nor failed."""
    failed_by_reason: dict[str, int]
    first_byte: FirstByte | None
    """Null where none was served."""
    backends: dict[str, int]
    """Dials served by each backend instance, those with none too."""
    unreached: tuple[str, ...]
    """Backend instances that served none."""
    variants: tuple[Variant, ...]
    """Empty where it is not known what the client tors held."""
    between: BetweenVariants | None
    """Null for a single variant."""


class DialSecond(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The dials that began in one second."""

    second: int
    """From the moment that is counted from."""
    begun: int
    served: int
    failed: int
    still_waiting: int
    """Those that were cut off when the dialling was ended, before their first byte of payload."""
    median_first_byte_seconds: float | None
    """Of those that were served; null where none was."""
    highest_first_byte_seconds: float | None


class Outage(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a fault cost the dials that began after it."""

    begun: int
    failed: int
    unfinished: int
    """Under way when the dialling was ended: neither served nor failed."""
    last_failing_after_seconds: float | None
    """Time from the fault to when the last dial that failed, or waited in vain, began; null where
    there was none."""
    worst_first_byte_seconds: float | None
    """Of the dials served that began no later than that; null where there are none."""
    highest_first_byte_seconds: float | None
    """Of all the dials served that began after the fault; null where there are none."""
    waited_in_vain: int = 0
    """The unfinished ones that an outage had met: they had waited for their first byte for longer
    than any dial had to before the first fault of the hold, and for at least 3 s. Results from
    before this was counted have 0."""
    longest_wait_in_vain_seconds: float | None = None
    """How long the first of these had waited when it was cut off; null where there are none."""
