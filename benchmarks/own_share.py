"""Check what our own programs cost: source and sink per Gbit, and those that watch a run.

    .venv/bin/python benchmarks/own_share.py [--rounds 5] [--seconds 3] [--streams 16] [--run DIR]

Source and sink move bytes over loopback and compare every one; in turn with them go two plain
programs with a thread and a blocking socket per stream, which look at none. Then both take turns
again with a forwarder between their ends, which carries a fixed rate in pieces as small as tor's.
The yardstick is read on every core before and after each turn, so that costs are also known as on
the reference core; the limit is judged there, for either. With --run, sampler, controller (with its
live view), keeper and yardstick of a recorded run are added up, and its source and sink are
printed. --rounds 0 leaves out the turns. The exit code is 1 if a limit is missed, or a role of the
run was not recorded.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from core_readings import read_every_core, speed_of, spread
from movers import HOST, OURS, PAIRS, Pair, Process, bytes_read, started, turn
from onionrig.errors import OnionrigError
from onionrig.movers.yardstick.work import Work
from onionrig.rig.model import Role
from onionrig.store.account import account_of
from onionrig.store.run_directory import RunDirectory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from onionrig.records.result import Cost

MOST_CPU_SECONDS_PER_GBIT = 0.05
"""Limit for source and sink together, on the reference core."""
MOST_CORES = 0.015
"""Limit for the roles that watch a run, together."""
WATCHING = (str(Role.SAMPLER), "controller", "keeper", str(Role.YARDSTICK))
MOVING = (str(Role.SOURCE), str(Role.SINK))
PLAIN = "plain"
READING_SECONDS = 0.12
"""Time for the reading of one core; a run takes as long."""
BUFFER_BYTES = 256 << 10
STREAM_BITS_PER_SECOND = 15_000_000
"""Rate of each stream through the forwarder: a default run's on two cores."""
Between = Callable[[int, int], Process]
"""Starts a program that listens on the first port and carries to the second."""
SEND, RECEIVE = "--send", "--receive"


class SharedTurn(msgspec.Struct, frozen=True, kw_only=True):
    """What one pair cost in one turn, with how fast the cores were around it."""

    bits_per_second: float
    cpu_seconds_per_gbit: float
    speed: float
    """Speed of the cores relative to the reference core."""

    @property
    def reference_core_seconds_per_gbit(self) -> float:
        """CPU-seconds per Gbit as on the reference core."""
        return self.cpu_seconds_per_gbit * self.speed


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A figure with its limit, in words, and whether the limit is kept."""

    sentence: str
    kept: bool


def main() -> None:
    """Take turns, read the run, print, and fail where a limit is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="0 leaves out the turns")
    parser.add_argument("--seconds", type=int, default=3, help="of each turn")
    parser.add_argument("--streams", type=int, default=16)
    parser.add_argument("--run", type=Path, metavar="DIR", help="a run directory")
    options = parser.parse_args()
    if min(options.seconds, options.streams) < 1 or options.rounds < 0:
        parser.error("--seconds and --streams are at least 1, and --rounds is at least 0")
    if not options.rounds and options.run is None:
        parser.error("--rounds 0 without --run leaves nothing to do")
    judged: list[Judged] = []
    try:
        for name, between in BETWEEN.items() if options.rounds else ():
            turns = _turns(options.rounds, options.streams, options.seconds, between)
            print(f"{name}:")
            print("\n".join(lines(turns)))
            judged.append(moving_judged(turns[OURS], name))
        if options.run is not None:
            result = account_of(RunDirectory(options.run)).result
            print(f"in the run {result.run}:")
            print("\n".join(cost_lines(result.costs)))
            judged.append(watching_judged(result.costs))
    except OnionrigError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    print("\n".join(one.sentence for one in judged))
    if not all(one.kept for one in judged):
        sys.exit(1)


def moving_judged(turns: Sequence[SharedTurn], name: str) -> Judged:
    """Compare what source and sink cost, by the median on the reference core, with its limit."""
    median = statistics.median(one.reference_core_seconds_per_gbit for one in turns)
    kept = median <= MOST_CPU_SECONDS_PER_GBIT
    return Judged(
        sentence=f"source and sink, {name}: {median:.4f} CPU-s per Gbit on the reference core, "
        f"{_verdict(kept=kept)} of {MOST_CPU_SECONDS_PER_GBIT:g}",
        kept=kept,
    )


def watching_judged(costs: Mapping[str, Cost]) -> Judged:
    """Compare the cores that the watching roles of a run used together with their limit."""
    missing = [role for role in WATCHING if role not in costs]
    if missing:
        return Judged(
            sentence=f"watching: not judged, since the run has no record of {', '.join(missing)}; "
            "measure again with this version",
            kept=False,
        )
    cores = sum(costs[role].cores for role in WATCHING)
    kept = cores <= MOST_CORES
    return Judged(
        sentence=f"watching: {cores:.2%} of one core, {_verdict(kept=kept)} of {MOST_CORES:.1%}",
        kept=kept,
    )


def lines(turns: Mapping[str, Sequence[SharedTurn]]) -> Iterator[str]:
    """Yield a line for each pair, and the ratio of ours to the plain one turn by turn."""
    for name, taken in turns.items():
        raw = spread([one.cpu_seconds_per_gbit for one in taken], ".4f")
        carried = spread([one.reference_core_seconds_per_gbit for one in taken], ".4f")
        yield (
            f"  {name:<6} Gbit/s {spread([one.bits_per_second / 1e9 for one in taken], '.2f')}"
            f"   CPU-s per Gbit {raw}, on the reference core {carried}"
        )
    ratios = [
        ours.reference_core_seconds_per_gbit / plain.reference_core_seconds_per_gbit
        for ours, plain in zip(turns[OURS], turns[PLAIN], strict=True)
    ]
    speeds = [one.speed for taken in turns.values() for one in taken]
    yield f"  {OURS} over {PLAIN}: {spread(ratios, '.2f')} the CPU; cores: {spread(speeds, '.2f')}"


def cost_lines(costs: Mapping[str, Cost]) -> Iterator[str]:
    """Yield a line for each of our roles that a run recorded."""
    for role in (*MOVING, *WATCHING):
        if role not in costs:
            continue
        cost = costs[role]
        raw, carried = cost.cpu_seconds_per_gbit, cost.reference_core_seconds_per_gbit
        yield (
            f"  {role:<10} {cost.cores:.3%} of one core; CPU-s per Gbit "
            f"{_or_unknown(raw)}, on the reference core {_or_unknown(carried)}"
        )


def _turns(
    rounds: int, streams: int, seconds: int, between: Between | None
) -> dict[str, list[SharedTurn]]:
    pairs = {OURS: PAIRS[OURS], PLAIN: _PLAIN_PAIR}
    turns: dict[str, list[SharedTurn]] = {name: [] for name in pairs}
    with Work() as work:
        before = read_every_core(work, READING_SECONDS)
        for _ in range(rounds):
            for name, pair in pairs.items():
                taken = turn(pair, streams, seconds, between=between)
                after = read_every_core(work, READING_SECONDS)
                turns[name].append(
                    SharedTurn(
                        bits_per_second=taken.bits_per_second,
                        cpu_seconds_per_gbit=taken.cpu_seconds_per_gbit,
                        speed=speed_of([*before, *after]),
                    )
                )
                before = after
    return turns


def _verdict(*, kept: bool) -> str:
    return "within the limit" if kept else "MISSES the limit"


def _or_unknown(figure: float | None) -> str:
    return "unknown" if figure is None else f"{figure:.4f}"


def send(port: int) -> None:
    """Be the plain source: a thread per connection that sends one buffer over and over."""
    with socket.create_server((HOST, port)) as server:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=_sent_over_and_over, args=(connection,), daemon=True).start()


def receive(port: int, streams: int) -> None:
    """Be the plain sink: a thread per stream that reads and looks at nothing."""
    threads = [threading.Thread(target=_received, args=(port,)) for _ in range(streams)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _sent_over_and_over(connection: socket.socket) -> None:
    buffer = bytes(BUFFER_BYTES)
    with connection:
        while True:
            connection.sendall(buffer)


def _received(port: int) -> None:
    buffer = bytearray(BUFFER_BYTES)
    with socket.create_connection((HOST, port)) as connection:
        # readv rather than recv_into, because the kernel counts its bytes by process
        while os.readv(connection.fileno(), [buffer]):
            pass


def _forwarder(listen_port: int, source_port: int) -> Process:
    words = (str(listen_port), str(source_port), str(STREAM_BITS_PER_SECOND))
    return started(sys.executable, str(Path(__file__).with_name("forwarder.py")), *words)


BETWEEN: dict[str, Between | None] = {
    "directly": None,
    "in pieces of 8 KiB, 15 Mbit/s a stream": _forwarder,
}
"""What is between source and sink, by its name."""
_PLAIN_PAIR = Pair(
    source=lambda port, _streams, _scratch: started(sys.executable, __file__, SEND, str(port)),
    sink=lambda port, streams, _scratch: started(
        sys.executable, __file__, RECEIVE, str(port), str(streams)
    ),
    received_bytes=bytes_read,
)

if __name__ == "__main__":
    if sys.argv[1:2] == [SEND]:
        send(int(sys.argv[2]))
    elif sys.argv[1:2] == [RECEIVE]:
        receive(int(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
