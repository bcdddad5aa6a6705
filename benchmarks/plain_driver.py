"""Compare the rig's sink with the plainest driver there is, on one network, turn by turn.

    .venv/bin/python benchmarks/plain_driver.py [--rounds 3] [--hold 15] [--single-hop]

The plain driver is a thread and a blocking socket a stream, through the same SOCKS ports, that
reads and throws away: it verifies nothing. Both pull for as long, alternated A B A B on the same
private network; the goodput of each pair is compared, and what each driver's process cost.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from onionrig.cli.question import ask, flags_layer
from onionrig.engine.registry import opening_for
from onionrig.experiment.question import START_SECONDS
from onionrig.processes.interrupts import interruptible
from onionrig.records.events import AnyEvent, Starved, Waiting
from onionrig.records.samples import SinkSample
from onionrig.records.streams.schedule import Schedule
from onionrig.rig.model import Role
from onionrig.rig.orders import SinkOrders
from onionrig.run.load import schedule_from
from onionrig.run.run import Run
from onionrig.run.standing import standing
from onionrig.store.lines import read_all
from onionrig.store.run_directory import RunDirectory
from onionrig.tor.socks import Credentials, Handshake
from onionrig.tor.stream import StreamProtocol
from onionrig.units import rate_text

if TYPE_CHECKING:
    from onionrig.experiment.loads.base import Load
    from onionrig.rig.model import Rig

BUFFER_BYTES = 256 << 10


class Turn(msgspec.Struct, frozen=True):
    """What one driver reached in one turn."""

    bits_per_second: float
    cpu_seconds_per_gbit: float


def main() -> None:
    """Bring up one network, let the drivers take turns, print the pairs and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--hold", type=int, default=15, help="seconds a turn")
    parser.add_argument("--streams", type=int, default=16)
    parser.add_argument("--single-hop", action="store_true")
    asyncio.run(_compare(parser.parse_args()))


def _sink_orders(rig: Rig) -> SinkOrders:
    orders = rig.one(Role.SINK).orders
    if not isinstance(orders, SinkOrders):
        raise TypeError("a sink has the orders of one")
    return orders


async def _compare(options: argparse.Namespace) -> None:
    flags = flags_layer(
        streams=options.streams,
        backends=None,
        clients=None,
        hold=str(options.hold),
        single_hop=options.single_hop,
        target=None,
    )
    question = ask(None, None, [], flags, name="plain-driver")
    opening = opening_for(question.experiment)
    with tempfile.TemporaryDirectory(prefix="onionrig-benchmark-") as scratch:
        run_directory = RunDirectory.create(Path(scratch) / "run")
        this = Run(question, opening, run_directory, _tell)
        async with interruptible(), standing(this, opening) as (_, rig):
            orders, load = _sink_orders(rig), question.experiment.load
            pairs = []
            for number in range(options.rounds):
                ours = await asyncio.to_thread(_turn, "ours", orders, load, number)
                plain = await asyncio.to_thread(_turn, "plain", orders, load, number)
                pairs.append((ours, plain))
                print(
                    f"round {number + 1}: ours {_text(ours)}, plain {_text(plain)}, "
                    f"ratio {ours.bits_per_second / plain.bits_per_second:.3f}",
                    flush=True,
                )
    ratios = [ours.bits_per_second / plain.bits_per_second for ours, plain in pairs]
    costs = [ours.cpu_seconds_per_gbit / plain.cpu_seconds_per_gbit for ours, plain in pairs]
    print(
        f"goodput, ours over plain: median {statistics.median(ratios):.3f}, "
        f"{min(ratios):.3f} to {max(ratios):.3f}; CPU a Gbit, ours over plain: "
        f"median {statistics.median(costs):.3f}"
    )


def _tell(event: AnyEvent) -> None:
    if isinstance(event, Starved):
        print(f"{event.backend} is starved: {event.reason}")
    elif isinstance(event, Waiting):
        print(f"waiting for {event.subject}", file=sys.stderr)


def _text(turn: Turn) -> str:
    return f"{rate_text(turn.bits_per_second)} at {turn.cpu_seconds_per_gbit:.3f} CPU-s/Gbit"


def _turn(driver: str, orders: SinkOrders, load: Load, number: int) -> Turn:
    """Let one driver pull for one schedule, in a process of its own."""
    base = Path(orders.schedule_path).parent / f"{driver}-{number}"
    schedule = schedule_from(int(time.time()), load, lead_seconds=START_SECONDS)
    own = msgspec.structs.replace(
        orders,
        schedule_path=f"{base}-schedule.json",
        record_path=f"{base}-samples.jsonl",
        transfers_path=f"{base}-transfers.jsonl",
    )
    Path(own.schedule_path).write_bytes(msgspec.json.encode(schedule))
    Path(f"{base}-orders.json").write_bytes(msgspec.json.encode(own))
    program = ["-m", "onionrig.movers.sink"] if driver == "ours" else [__file__, "--pull"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *program, f"{base}-orders.json"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if driver == "ours":
        samples = list(read_all(own.record_path, SinkSample))
        everything = sum(sum(sample.verified_bytes.values()) for sample in samples)
        held = sum(
            sum(sample.verified_bytes.values())
            for sample in samples
            if schedule.hold_second <= sample.second < schedule.end_second
        )
    else:
        counted = json.loads(Path(own.record_path).read_text(encoding="utf-8"))
        everything, held = counted["everything"], counted["held"]
    return Turn(held * 8 / schedule.hold_seconds, cpu / (everything * 8 / 1e9))


def pull(orders_path: str) -> None:
    """Be the plain driver: a blocking loop a stream."""
    orders = msgspec.json.decode(Path(orders_path).read_bytes(), type=SinkOrders)
    schedule = msgspec.json.decode(Path(orders.schedule_path).read_bytes(), type=Schedule)
    counts = [0] * schedule.streams
    threads = [
        threading.Thread(target=_stream, args=(orders, schedule, index, counts), daemon=True)
        for index in range(schedule.streams)
    ]
    for thread in threads:
        thread.start()
    time.sleep(max(0.0, schedule.hold_second - time.time()))
    begun = sum(counts)
    time.sleep(max(0.0, schedule.end_second - time.time()))
    ended = sum(counts)
    Path(orders.record_path).write_text(
        json.dumps({"held": ended - begun, "everything": ended}), encoding="utf-8"
    )


def _stream(orders: SinkOrders, schedule: Schedule, index: int, counts: list[int]) -> None:
    spread = (schedule.hold_second - schedule.ramp_second) * index / schedule.streams
    time.sleep(max(0.0, schedule.ramp_second + spread - time.time()))
    client = orders.clients[index % len(orders.clients)]
    buffer = bytearray(BUFFER_BYTES)
    credentials = Credentials(username=f"plain-{index}", password=str(time.time_ns()))
    protocol = StreamProtocol(Handshake(orders.address, orders.port, credentials))
    with socket.create_connection((client.host, client.port), timeout=60) as connection:
        while not protocol.is_open:
            connection.sendall(protocol.outgoing)
            protocol.sent(len(protocol.outgoing))
            piece = connection.recv(4096)
            if not piece:
                raise ConnectionResetError(f"{client.name} closed stream {index} as it was dialled")
            counts[index] += len(protocol.received(piece))
        while size := connection.recv_into(buffer):
            counts[index] += size


if __name__ == "__main__":
    if sys.argv[1:2] == ["--pull"]:
        pull(sys.argv[2])
    else:
        main()
