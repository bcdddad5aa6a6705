"""How many times as long a core of a board takes as one of the machine that was measured.

A backend instance's CPU time has parts that boards are slower at by different factors: a board
without AES instructions is ten times worse at AES than it is at anything else. The slowdown is the
sum of the parts, each by its own factor. docs/planning.md has the derivation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.plan.inputs import judged
from onionrig.plan.ranges import around, exactly, minus, over, plus, times
from onionrig.plan.speeds import AES_CBC, AES_CTR, AES_GCM, CLOCK, LOOPBACK, SEVEN_ZIP, SHA3
from onionrig.records.plan import Input, Range

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onionrig.plan.speeds import Speeds

BENCHMARK_SPREAD = 0.25
"""By which one integer benchmark may mislead about another program. A judgement."""
SAME_ALGORITHM_SPREAD = 0.30
"""How far OpenSSL's SHA3 may mislead about tor's own, which a compiler made of C code: its flags
alone moved the ratio of the two by 30 % (docs/planning.md)."""
CTR_OVER_CBC = Range(lowest=1.0, likely=1.0, highest=2.0)
"""How many times as fast AES in software may be in the modes that tor uses. A judgement."""
WORK_PER_CLOCK = Range(lowest=0.3, likely=0.5, highest=1.0)
"""Of a board's core against the machine's, where only their clocks are known. A judgement."""


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """Of a backend instance's CPU time over loopback, on the machine that was measured."""

    sha3: Input
    """tor's own."""
    aes: Input
    """In OpenSSL."""
    kernel: Input
    rest: Input
    """Of tor and its libraries."""

    def __iter__(self) -> Iterator[Input]:
        """Go through them."""
        return iter((self.sha3, self.aes, self.kernel, self.rest))


class Slowdown(msgspec.Struct, frozen=True, kw_only=True):
    """A factor, and what it is computed from."""

    value: Range
    inputs: tuple[Input, ...]


def slowdown(machine: Speeds, board: Speeds, shares: Shares, wire_cost: Input) -> Slowdown | None:
    """Return how much slower a core of the board is; None where too little is known of it.

    What a network costs beyond loopback is work of the kernel, on top of the rest.
    """
    aes = _aes(machine, board)
    probed = _ratio(machine, board, SHA3, SAME_ALGORITHM_SPREAD)
    plain = probed or _integer(machine, board)
    if aes is None or plain is None:
        return None
    kernel = _ratio(machine, board, LOOPBACK, 0.0)
    if kernel is None:
        kernel = plain if probed is None else _widened(plain, BENCHMARK_SPREAD)
    rest = plain if probed is None else _between(plain, kernel)
    parts = (plain, aes, kernel, rest)
    beyond = minus(wire_cost.value, exactly(1.0))
    return Slowdown(
        value=plus(
            *(times(share.value, part.value) for share, part in zip(shares, parts, strict=True)),
            times(beyond, kernel.value),
        ),
        inputs=(*shares, wire_cost, *(one for part in parts for one in part.inputs)),
    )


def unchanged(wire_cost: Input) -> Slowdown:
    """Return that of hosts like those that were measured: no more than a network may add."""
    return Slowdown(value=wire_cost.value, inputs=(wire_cost,))


def _aes(machine: Speeds, board: Speeds) -> Slowdown | None:
    """Hold like against like; without such figures, what the catalogue has of AES.

    tor uses modes that need not wait for the block before (CTR, GCM), which AES instructions make
    several times as fast as the catalogue's CBC. A board without them is about as slow in every
    mode, so its one figure is held against the machine's in those modes.
    """
    alike = [ratio for name in (AES_CTR, AES_GCM) if (ratio := _ratio(machine, board, name, 0.0))]
    if alike:
        return _spanned(alike)
    if board.aes_instructions is not False:
        return _ratio(machine, board, AES_CBC, BENCHMARK_SPREAD)
    slow = board[AES_CBC]
    against = [one for name in (AES_CTR, AES_GCM) if (one := machine[name])]
    if slow is None or not against:
        return None
    faster = judged(
        "CTR against CBC, without AES instructions",
        CTR_OVER_CBC,
        "",
        "some libraries' code for several blocks at once is twice as fast, a judgement "
        "(docs/planning.md)",
    )
    board_speed = times(slow.value, faster.value)
    return _spanned(
        [
            Slowdown(value=over(one.value, board_speed), inputs=(one, slow, faster))
            for one in against
        ]
    )


def _integer(machine: Speeds, board: Speeds) -> Slowdown | None:
    """Compare how fast plain code runs: by 7-zip, else by the clock."""
    by_benchmark = _ratio(machine, board, SEVEN_ZIP, BENCHMARK_SPREAD)
    if by_benchmark is not None:
        return by_benchmark
    by_clock = _ratio(machine, board, CLOCK, 0.0)
    if by_clock is None:
        return None
    work = judged(
        "work per clock, of the measured machine's",
        WORK_PER_CLOCK,
        "",
        "small cores against large ones, a judgement (docs/planning.md)",
    )
    return Slowdown(value=over(by_clock.value, WORK_PER_CLOCK), inputs=(*by_clock.inputs, work))


def _ratio(machine: Speeds, board: Speeds, name: str, spread: float) -> Slowdown | None:
    ours, theirs = machine[name], board[name]
    if ours is None or theirs is None:
        return None
    value = times(over(ours.value, theirs.value), around(1.0, spread))
    return Slowdown(value=value, inputs=(ours, theirs))


def _spanned(ratios: list[Slowdown]) -> Slowdown:
    """Take all that the ratios leave open, and the first as likely."""
    return Slowdown(
        value=Range(
            lowest=min(ratio.value.lowest for ratio in ratios),
            likely=ratios[0].value.likely,
            highest=max(ratio.value.highest for ratio in ratios),
        ),
        inputs=tuple(one for ratio in ratios for one in ratio.inputs),
    )


def _between(plain: Slowdown, kernel: Slowdown) -> Slowdown:
    """Say of the rest that it is like plain code, and that the kernel's factor is possible too."""
    return _spanned([_widened(plain, BENCHMARK_SPREAD), kernel])


def _widened(ratio: Slowdown, spread: float) -> Slowdown:
    return Slowdown(value=times(ratio.value, around(1.0, spread)), inputs=ratio.inputs)
