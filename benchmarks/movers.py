"""Compare the rig's source and sink with nc and iperf3: plain TCP over loopback, turn by turn.

    .venv/bin/python benchmarks/movers.py [--rounds 3] [--seconds 3] [--streams 1,4,16]

Pairs: our source and sink, every byte compared; ``nc -l PORT </dev/zero`` with ``nc >/dev/null``
and ``iperf3 -s`` with ``iperf3 -c -R -P STREAMS``, which look at none; nc with our sink, which
takes it as a foreign peer. nc carries one stream. All are measured alike, in whole seconds while
they run: bytes that came, and CPU time of both ends. On Debian: packages netcat-openbsd and iperf3.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import psutil

from core_readings import spread
from onionrig.records.samples import SinkSample
from onionrig.records.streams.schedule import Schedule
from onionrig.rig.orders import Orders, SinkOrders, SourceOrders, TcpDoor
from onionrig.store.lines import read_all

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"
START_SECONDS = 20.0
"""How long a pair may take until bytes come."""
RECORDED_AFTER_SECONDS = 0.25
"""After a whole second: our sink has written its sample by then."""
LONGEST_SECONDS = 3600


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What one pair reached in one turn."""

    bits_per_second: float
    cpu_seconds_per_gbit: float


Process = subprocess.Popen[bytes]


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two programs that move bytes; each is started with port, streams and a scratch directory."""

    source: Callable[[int, int, Path], Process]
    sink: Callable[[int, int, Path], Process]
    received_bytes: Callable[[Process, Path], int]
    needs: str | None = None
    """A program."""
    one_stream: bool = False


def main() -> None:
    """Let the pairs take turns at each number of streams, and print what they reached."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="a turn")
    parser.add_argument("--streams", default="1,4,16")
    options = parser.parse_args()
    pairs = dict(_present())
    for streams in (int(number) for number in options.streams.split(",")):
        compared = {
            name: pair for name, pair in pairs.items() if streams == 1 or not pair.one_stream
        }
        turns: dict[str, list[Turn]] = {name: [] for name in compared}
        for _ in range(options.rounds):
            for name, pair in compared.items():
                turns[name].append(turn(pair, streams, options.seconds))
        _print(streams, turns)


def _present() -> Iterator[tuple[str, Pair]]:
    for name, pair in PAIRS.items():
        if pair.needs and shutil.which(pair.needs) is None:
            print(f"{name} is left out: there is no {pair.needs} on this machine")
        else:
            yield name, pair


def _print(streams: int, turns: dict[str, list[Turn]]) -> None:
    print(f"{streams} stream{'s' if streams > 1 else ''}:")
    for name, taken in turns.items():
        rates = [turn.bits_per_second / 1e9 for turn in taken]
        costs = [turn.cpu_seconds_per_gbit for turn in taken]
        print(
            f"  {name:<14} Gbit/s {spread(rates, '.2f')}   CPU-s/Gbit {spread(costs, '.4f')}",
            end="",
        )
        if name != OURS:
            ours = turns[OURS]
            rate = [a.bits_per_second / b.bits_per_second for a, b in zip(ours, taken, strict=True)]
            cost = [
                a.cpu_seconds_per_gbit / b.cpu_seconds_per_gbit
                for a, b in zip(ours, taken, strict=True)
            ]
            print(
                f"   ours over it: {spread(rate, '.2f')} the rate, {spread(cost, '.2f')} the CPU",
                end="",
            )
        print(flush=True)


def turn(
    pair: Pair, streams: int, seconds: int, *, between: Callable[[int, int], Process] | None = None
) -> Turn:
    """Start a pair, and measure it over whole seconds from the first that it moves bytes in.

    ``between`` starts a program that listens on the first port and carries to the second; what it
    costs does not count.
    """
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="onionrig-benchmark-") as directory:
        scratch = Path(directory)
        with (
            _ended(pair.source(port, streams, scratch)) as source,
            _until(lambda: _listens(source), "the source to listen"),
            _carried(port, between) as sink_port,
            _ended(pair.sink(sink_port, streams, scratch)) as sink,
            _until(lambda: pair.received_bytes(sink, scratch) > 0, "the first byte"),
        ):

            def reading() -> tuple[float, int, float]:
                cpu = sum(_cpu_seconds(process) for process in (source, sink))
                return time.monotonic(), pair.received_bytes(sink, scratch), cpu

            _sleep_to_a_whole_second(1)
            began, before, cpu_before = reading()
            _sleep_to_a_whole_second(seconds)
            ended, after, cpu_after = reading()
    gbit = (after - before) * 8 / 1e9
    return Turn(
        bits_per_second=gbit * 1e9 / (ended - began),
        cpu_seconds_per_gbit=(cpu_after - cpu_before) / gbit,
    )


@contextlib.contextmanager
def _ended(process: Process) -> Iterator[Process]:
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def _carried(port: int, between: Callable[[int, int], Process] | None) -> Iterator[int]:
    """Yield the port that a sink connects to: the source's, or that of what is between them."""
    if between is None:
        yield port
        return
    listening_port = _free_port()
    with (
        _ended(between(listening_port, port)) as carrier,
        _until(lambda: _listens(carrier), "what is between them to listen"),
    ):
        yield listening_port


@contextlib.contextmanager
def _until(condition: Callable[[], bool], subject: str) -> Iterator[None]:
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"waited {START_SECONDS:.0f} s in vain for {subject}")
        time.sleep(0.02)
    yield


def _sleep_to_a_whole_second(seconds: int) -> None:
    now = time.time() - RECORDED_AFTER_SECONDS
    time.sleep(int(now) + seconds - now)


def _listens(process: Process) -> bool:
    if process.poll() is not None:
        sys.exit(f"{process.args!r} ended at once; nc has to be netcat-openbsd's")
    connections = psutil.Process(process.pid).net_connections("tcp")
    return any(connection.status == psutil.CONN_LISTEN for connection in connections)


def _cpu_seconds(process: Process) -> float:
    """Return the CPU time of a process to the nanosecond, over the threads that it still has.

    The counters of a process in ticks are too coarse for a turn of few seconds (Linux:
    Documentation/scheduler/sched-stats.rst, /proc/PID/schedstat).
    """
    tasks = Path(f"/proc/{process.pid}/task").glob("*/schedstat")
    return sum(int(task.read_bytes().split()[0]) for task in tasks) / 1e9


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _our_source(port: int, _streams: int, scratch: Path) -> Process:
    orders = SourceOrders(
        record_path=str(scratch / "source.jsonl"),
        host="here",
        doors=(TcpDoor(name="direct", host=HOST, port=port),),
    )
    return _ours("source", orders, scratch)


def _our_sink(port: int, streams: int, scratch: Path) -> Process:
    now = int(time.time())
    schedule = Schedule(
        ramp_second=now, hold_second=now, end_second=now + LONGEST_SECONDS, streams=streams
    )
    schedule_path = scratch / "schedule.json"
    schedule_path.write_bytes(msgspec.json.encode(schedule))
    orders = SinkOrders(
        record_path=str(scratch / "sink.jsonl"),
        address=HOST,
        port=port,
        clients=(),
        takes_foreign=True,
        schedule_path=str(schedule_path),
        transfers_path=str(scratch / "transfers.jsonl"),
        connect_seconds=START_SECONDS,
        stall_seconds=START_SECONDS,
    )
    return _ours("sink", orders, scratch)


def _ours(name: str, orders: Orders, scratch: Path) -> Process:
    path = scratch / f"{name}.json"
    path.write_bytes(msgspec.json.encode(orders))
    return started(sys.executable, "-m", f"onionrig.movers.{name}", str(path))


def _our_bytes(_sink: Process, scratch: Path) -> int:
    samples = read_all(scratch / "sink.jsonl", SinkSample)
    return sum(sum(sample.verified_bytes.values()) + sample.unverified_bytes for sample in samples)


def _nc_source(port: int, _streams: int, _scratch: Path) -> Process:
    return started("nc", "-l", HOST, str(port))


def _nc_sink(port: int, _streams: int, _scratch: Path) -> Process:
    return started("nc", "-d", HOST, str(port))


def _iperf3_source(port: int, _streams: int, _scratch: Path) -> Process:
    return started("iperf3", "-s", "-B", HOST, "-p", str(port))


def _iperf3_sink(port: int, streams: int, _scratch: Path) -> Process:
    where = ("-c", HOST, "-p", str(port), "-R")
    return started("iperf3", *where, "-P", str(streams), "-t", str(LONGEST_SECONDS))


def started(*command: str) -> Process:
    """Start a program that reads zeros, and whose output nobody needs."""
    with Path("/dev/zero").open("rb") as zeros:
        return subprocess.Popen(
            command, stdin=zeros, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )


def bytes_read(sink: Process, _scratch: Path) -> int:
    """Return what a process has read, which for these is what came."""
    count: int = psutil.Process(sink.pid).io_counters().read_chars
    return count


OURS = "ours"
PAIRS = {
    OURS: Pair(source=_our_source, sink=_our_sink, received_bytes=_our_bytes),
    "nc": Pair(
        source=_nc_source,
        sink=_nc_sink,
        received_bytes=bytes_read,
        needs="nc",
        one_stream=True,
    ),
    "iperf3": Pair(
        source=_iperf3_source, sink=_iperf3_sink, received_bytes=bytes_read, needs="iperf3"
    ),
    "nc, our sink": Pair(
        source=_nc_source,
        sink=_our_sink,
        received_bytes=_our_bytes,
        needs="nc",
        one_stream=True,
    ),
}


if __name__ == "__main__":
    main()
