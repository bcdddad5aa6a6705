"""Reasons to doubt a probe's figures, each in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from onionrig.records.probe import Algorithm
    from onionrig.records.samples import BoardState

MAY_DIFFER = 0.10
"""Largest difference between rounds that is not reported, relative to their mean."""
OTHERS_CORES = 0.1
"""Most cores that other processes may use without being reported."""
STOLEN_SHARE = 0.02
"""Largest share of its cores' time that a virtual machine may be kept waiting."""
NOW, SINCE_BOOT = " now", " since boot"


class Meanwhile(msgspec.Struct, frozen=True, kw_only=True):
    """What else the machine was doing."""

    cores: int
    others_cores: float
    """Cores that other processes used."""
    stolen_share: float
    """Stolen share of all cores' time."""


def troubles(
    before: BoardState,
    after: BoardState,
    meanwhile: Meanwhile,
    rounds: Mapping[tuple[Algorithm, int], Sequence[float]],
    untimed: Mapping[tuple[Algorithm, int], str],
) -> tuple[str, ...]:
    """Return every reason to doubt a figure."""
    return (
        *_throttling_doubts(before, after),
        *_load_doubts(meanwhile),
        *_spread_doubts(rounds),
        *_untimed_doubts(untimed),
    )


def _throttling_doubts(before: BoardState, after: BoardState) -> Iterator[str]:
    """Explain what held the board back before the probe, and what was added during it."""
    flags_before = before.throttling or ()
    now = [flag for flag in flags_before if flag.endswith(NOW)]
    new = [flag for flag in after.throttling or () if flag not in flags_before]
    named = dict.fromkeys(flag.removesuffix(NOW).removesuffix(SINCE_BOOT) for flag in (*now, *new))
    if named:
        yield (
            f"the firmware reported {', '.join(named)} meanwhile: with better power or cooling "
            "the board can do more"
        )


def _load_doubts(meanwhile: Meanwhile) -> Iterator[str]:
    if meanwhile.others_cores > OTHERS_CORES:
        yield (
            f"other processes used {meanwhile.others_cores:.2f} of {meanwhile.cores} cores "
            "meanwhile: what all cores do at once is understated; probe again with nothing else "
            "running"
        )
    if meanwhile.stolen_share > STOLEN_SHARE:
        yield (
            f"the host of this virtual machine withheld {100 * meanwhile.stolen_share:.0f} % of "
            "its cores' time meanwhile: the figures are understated"
        )


def _spread_doubts(rounds: Mapping[tuple[Algorithm, int], Sequence[float]]) -> Iterator[str]:
    differing = {
        f"{algorithm} of {block_bytes} bytes": _spread(speeds)
        for (algorithm, block_bytes), speeds in rounds.items()
    }
    unsteady = [name for name, spread in differing.items() if spread > MAY_DIFFER]
    if unsteady:
        worst = max(unsteady, key=lambda name: differing[name])
        yield (
            f"{len(unsteady)} of {len(differing)} speeds differed from one round to the next by "
            f"more than {100 * MAY_DIFFER:.0f} %, {worst} by {100 * differing[worst]:.0f} %"
        )


def _untimed_doubts(untimed: Mapping[tuple[Algorithm, int], str]) -> Iterator[str]:
    for (algorithm, block_bytes), reason in untimed.items():
        yield f"{algorithm} of {block_bytes} bytes could not be timed: {reason}"


def _spread(speeds: Sequence[float]) -> float:
    return (max(speeds) - min(speeds)) * len(speeds) / sum(speeds)
