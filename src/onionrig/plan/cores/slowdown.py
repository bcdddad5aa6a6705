"""How many times as long a board's core takes as a core of the measured machine.

A backend instance's CPU time has parts that boards are slower at by different factors: a board
without AES instructions is ten times worse at AES than at anything else. The slowdown is the sum of
the parts, each multiplied by its own factor. docs/planning.md has the derivation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.plan.cores.speeds import AES_CBC, AES_CTR, AES_GCM, CLOCK, LOOPBACK, SEVEN_ZIP, SHA3
from onionrig.plan.inputs import judged
from onionrig.plan.ranges import around, exactly, minus, over, plus, times
from onionrig.records.plan import Input, Range

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onionrig.plan.cores.speeds import Speeds

OF_PLAIN_CODE = judged(
    "another program's speed, as by a benchmark",
    around(1.0, 0.25),
    "",
    "a benchmark predicts another program's speed give or take a quarter, a judgement "
    "(docs/planning.md)",
)
OF_TORS_SHA3 = judged(
    "tor's own SHA3, as by OpenSSL's",
    around(1.0, 0.30),
    "",
    "tor's is compiled C code, and compiler flags alone changed the ratio of the two by 30 % "
    "(docs/planning.md)",
)
CTR_OVER_CBC = Range(lowest=1.0, likely=1.0, highest=2.0)
"""Ratio of the speeds of software AES in the modes that tor uses and in CBC (a judgement)."""
WORK_PER_CLOCK = Range(lowest=0.3, likely=0.5, highest=1.0)
"""Ratio of a board core's work per clock to the machine's, if only their clocks are known (a
judgement)."""


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """Shares of a backend instance's CPU time over loopback, on the measured machine."""

    sha3: Input
    """Share of tor's own SHA3 code."""
    aes: Input
    """Share of AES in OpenSSL."""
    kernel: Input
    rest: Input
    """Share of all other code of tor and its libraries."""

    def __iter__(self) -> Iterator[Input]:
        """Iterate over the shares."""
        return iter((self.sha3, self.aes, self.kernel, self.rest))


class Slowdown(msgspec.Struct, frozen=True, kw_only=True):
    """A factor, and the inputs that it is computed from."""

    value: Range
    inputs: tuple[Input, ...]


def slowdown(machine: Speeds, board: Speeds, shares: Shares, wire_cost: Input) -> Slowdown | None:
    """Return how much slower a core of the board is, or None if too little is known about it.

    What a network costs beyond loopback is work of the kernel, in addition to the rest.
    """
    aes = _aes(machine, board)
    probed = _ratio(machine, board, SHA3, OF_TORS_SHA3)
    plain = probed or _integer(machine, board)
    if aes is None or plain is None:
        return None
    kernel = _ratio(machine, board, LOOPBACK)
    if kernel is None:
        kernel = plain if probed is None else _widened(plain, OF_PLAIN_CODE)
    rest = plain if probed is None else _between(plain, kernel)
    parts = (plain, aes, kernel, rest)
    beyond = minus(wire_cost.value, exactly(1.0))
    return Slowdown(
        value=plus(
            *(times(share.value, part.value) for share, part in zip(shares, parts, strict=True)),
            times(beyond, kernel.value),
        ),
        inputs=(*shares, wire_cost, *(figure for part in parts for figure in part.inputs)),
    )


def unchanged(wire_cost: Input) -> Slowdown:
    """Return the slowdown of hosts like the measured ones: only what a network may add."""
    return Slowdown(value=wire_cost.value, inputs=(wire_cost,))


def between(board: Slowdown, run: Slowdown | None) -> Slowdown:
    """Return how much slower a board is than a run's machine, from what each is to a third one.

    ``run`` is None if the third one is the run's machine itself.
    """
    if run is None:
        return board
    return Slowdown(value=over(board.value, run.value), inputs=(*board.inputs, *run.inputs))


def _aes(machine: Speeds, board: Speeds) -> Slowdown | None:
    """Return the ratio of AES speeds in the same modes, or else from the catalogue's figures.

    tor uses modes that need not wait for the previous block (CTR, GCM), which AES instructions make
    several times as fast as the catalogue's CBC. A board without them is about as slow in every
    mode, so its one figure is compared with the machine's in those modes.
    """
    alike = [ratio for name in (AES_CTR, AES_GCM) if (ratio := _ratio(machine, board, name))]
    if alike:
        return _spanned(alike)
    if board.aes_instructions is not False:
        return _ratio(machine, board, AES_CBC, OF_PLAIN_CODE)
    slow = board[AES_CBC]
    against = [speed for name in (AES_CTR, AES_GCM) if (speed := machine[name])]
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
            Slowdown(
                value=over(machine_speed.value, board_speed), inputs=(machine_speed, slow, faster)
            )
            for machine_speed in against
        ]
    )


def _integer(machine: Speeds, board: Speeds) -> Slowdown | None:
    """Return the ratio of plain code's speeds: by 7-zip, or else by the clock."""
    by_benchmark = _ratio(machine, board, SEVEN_ZIP, OF_PLAIN_CODE)
    if by_benchmark is not None:
        return by_benchmark
    by_clock = _ratio(machine, board, CLOCK)
    if by_clock is None:
        return None
    work = judged(
        "work per clock, of the measured machine's",
        WORK_PER_CLOCK,
        "",
        "small cores against large ones, a judgement (docs/planning.md)",
    )
    return Slowdown(value=over(by_clock.value, WORK_PER_CLOCK), inputs=(*by_clock.inputs, work))


def _ratio(
    machine: Speeds, board: Speeds, name: str, prediction: Input | None = None
) -> Slowdown | None:
    """Return the ratio of a figure; ``prediction`` says how far tor's own speed may be off it."""
    machine_speed, board_speed = machine[name], board[name]
    if machine_speed is None or board_speed is None:
        return None
    ratio = Slowdown(
        value=over(machine_speed.value, board_speed.value), inputs=(machine_speed, board_speed)
    )
    return ratio if prediction is None else _widened(ratio, prediction)


def _spanned(ratios: list[Slowdown]) -> Slowdown:
    """Return the range that spans all ratios, with the first as the likely one."""
    return Slowdown(
        value=Range(
            lowest=min(ratio.value.lowest for ratio in ratios),
            likely=ratios[0].value.likely,
            highest=max(ratio.value.highest for ratio in ratios),
        ),
        inputs=tuple(figure for ratio in ratios for figure in ratio.inputs),
    )


def _between(plain: Slowdown, kernel: Slowdown) -> Slowdown:
    """Return the range of the rest, which resembles plain code but may be as slow as the kernel."""
    return _spanned([_widened(plain, OF_PLAIN_CODE), kernel])


def _widened(ratio: Slowdown, prediction: Input) -> Slowdown:
    return Slowdown(value=times(ratio.value, prediction.value), inputs=(*ratio.inputs, prediction))
