"""A directory in which tests start a source, a sink, a pinger, a dialler; what these recorded."""

import math
import os
import signal
import socket
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import msgspec
import psutil

from onionrig.movers.payload import head_line
from onionrig.records.samples import PingSample, SinkSample, SourceSample
from onionrig.records.streams.schedule import Schedule
from onionrig.records.streams.transfers import Transfer
from onionrig.rig.orders import (
    DiallerOrders,
    PingerOrders,
    ServedBackend,
    SinkOrders,
    SocksEndpoint,
    SourceOrders,
    TcpDoor,
)
from onionrig.store.lines import read_all
from support.processes.children import child
from support.waiting import HANG_SECONDS, RUN_SECONDS, until

ADDRESS = "a" * 56 + ".onion"
PORT = 9000

HEAD_BYTES = len(head_line("here", "0"))

PATIENT_PINGER = f"""
import runpy

from onionrig.movers.round_trips import line

line.DIAL_SECONDS = line.ANSWER_SECONDS = {HANG_SECONDS}
runpy.run_module("onionrig.movers.round_trips.pinger", run_name="__main__")
"""
"""The pinger, but for how long it waits for an answer: no machine is so slow as to miss that."""

_LISTENING = 1 << 16
"""What the kernel's list of unix sockets has among the flags of one that listens."""


_MODULES = {"pinger": "onionrig.movers.round_trips.pinger"}
"""Modules of movers that stand in a package of their own."""


class Bench:
    """A directory with the processes that move bytes, and their ends."""

    def __init__(self, directory: Path):
        self.directory = directory
        self._processes = ExitStack()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._processes.close()

    def socket(self, backend):
        return self.directory / f"{backend}.sock"

    def echo_socket(self, backend):
        return self.directory / f"{backend}.echo"

    def start_source(self, backends=("0",), doors=(), record="source.jsonl"):
        orders = SourceOrders(
            record_path=str(self.directory / record),
            host="here",
            backends=tuple(
                ServedBackend(
                    name=name,
                    socket_path=str(self.socket(name)),
                    echo_path=str(self.echo_socket(name)),
                )
                for name in backends
            ),
            doors=tuple(TcpDoor(name=name, host=host, port=port) for name, host, port in doors),
        )
        return self._start("source", orders)

    def serve(self, backends=("0",)):
        source = self.start_source(backends)
        sockets = [
            path for name in backends for path in (self.socket(name), self.echo_socket(name))
        ]
        until(lambda: all(listens_at(path) for path in sockets), "the source")
        return source

    def serve_at(self, host, port, name="door"):
        """Start a source with one TCP door."""
        source = self.start_source((), [(name, host, port)])
        until(lambda: listens(source, port), "the source")
        return source

    def start_sink(self, *ports, streams=1, schedule=None, **changed):
        now = int(time.time())
        schedule = schedule or Schedule(
            ramp_second=now,
            hold_second=now,
            end_second=now + 2 * int(RUN_SECONDS),
            streams=streams,
        )
        (self.directory / "schedule.json").write_bytes(msgspec.json.encode(schedule))
        orders = SinkOrders(
            record_path=str(self.directory / "sink.jsonl"),
            address=ADDRESS,
            port=PORT,
            clients=endpoints(ports),
            schedule_path=str(self.directory / "schedule.json"),
            transfers_path=str(self.directory / "transfers.jsonl"),
            connect_seconds=changed.pop("connect_seconds", HANG_SECONDS),
            stall_seconds=changed.pop("stall_seconds", HANG_SECONDS),
        )
        return self._start("sink", msgspec.structs.replace(orders, **changed))

    def start_pinger(self, *ports, record="pinger.jsonl", patient=True):
        orders = PingerOrders(
            record_path=str(self.directory / record),
            address=ADDRESS,
            port=PORT,
            clients=endpoints(ports),
        )
        return self._start("pinger", orders, PATIENT_PINGER if patient else None)

    def start_dialler(self, *ports, **changed):
        return self._start("dialler", self.dialler_orders(*ports, **changed))

    def dialler_orders(self, *ports, record="dials.jsonl", **changed):
        told = {"at_once": 4, "timeout_seconds": HANG_SECONDS, "enough_bytes": 8192, **changed}
        return DiallerOrders(
            record_path=str(self.directory / record),
            address=ADDRESS,
            port=PORT,
            clients=endpoints(ports),
            **told,
        )

    def _start(self, name, orders, program=None):
        path = self.directory / f"{name}.json"
        path.write_bytes(msgspec.json.encode(orders))
        run = ["-c", program] if program else ["-m", _MODULES.get(name, f"onionrig.movers.{name}")]
        with (self.directory / f"{name}.stderr").open("wb") as stderr:
            return self._processes.enter_context(
                child(sys.executable, *run, str(path), stderr=stderr)
            )

    def stderr(self, name):
        return (self.directory / f"{name}.stderr").read_text()

    @property
    def samples(self):
        return list(read_all(self.directory / "sink.jsonl", SinkSample))

    @property
    def source_samples(self):
        return list(read_all(self.directory / "source.jsonl", SourceSample))

    @property
    def pings(self):
        return list(read_all(self.directory / "pinger.jsonl", PingSample))

    @property
    def transfers(self):
        return list(read_all(self.directory / "transfers.jsonl", Transfer))

    @property
    def dials(self):
        return list(read_all(self.directory / "dials.jsonl", Transfer))

    def verified(self, backend="0"):
        return sum(sample.verified_bytes.get(backend, 0) for sample in self.samples)

    def first_transfer(self):
        until(lambda: self.transfers, "a transfer")
        return self.transfers[0]


def listens_at(path):
    """Whether somebody listens at a unix socket.

    The kernel is asked: whoever tries by connecting leaves a connection for the source to serve,
    and to count if it comes to that before it is closed.
    """
    lines = Path("/proc/net/unix").read_text().splitlines()[1:]
    return any(
        fields[7:] == [os.fspath(path)] and int(fields[3], 16) & _LISTENING
        for fields in (line.split(maxsplit=7) for line in lines)
    )


def listens(process, port):
    """Whether a process listens at a TCP port; the kernel is asked, as above."""
    return any(
        socket.status == psutil.CONN_LISTEN and socket.laddr.port == port
        for socket in psutil.Process(process.pid).net_connections("tcp")
    )


def hold_up(process, seconds):
    """Let a process stand still; return the monotonic times between which it surely stood."""
    process.send_signal(signal.SIGSTOP)
    stopped = psutil.STATUS_STOPPED
    until(lambda: psutil.Process(process.pid).status() == stopped, "it to stand still")
    began = time.monotonic()
    until(lambda: time.monotonic() >= began + seconds, "the time to pass")
    ended = time.monotonic()
    process.send_signal(signal.SIGCONT)
    return began, ended


def seconds_within(samples, began, ended):
    """Return the whole seconds between two monotonic times, as the writer of samples counts them.

    A second is left off either end, since the writer may be held up between its two clocks.
    """
    ahead = min(sample.wall_seconds - sample.monotonic_seconds for sample in samples)
    return set(range(math.ceil(began + ahead) + 1, math.floor(ended + ahead) - 1))


def since(samples, moment):
    """Return the samples that were written since then, by the monotonic clock."""
    return [sample for sample in samples if sample.monotonic_seconds >= moment]


def direct_orders(port, *, stall_seconds=20.0):
    """What a sink is told that dials a source itself, and neither reads nor writes files."""
    return SinkOrders(
        record_path="",
        address="127.0.0.1",
        port=port,
        clients=(),
        schedule_path="",
        transfers_path="",
        connect_seconds=60.0,
        stall_seconds=stall_seconds,
    )


def endpoints(ports):
    return tuple(
        SocksEndpoint(name=f"client {number}", host="127.0.0.1", port=port)
        for number, port in enumerate(ports)
    )


def stop(process, number=signal.SIGTERM):
    process.send_signal(number)
    return process.wait(HANG_SECONDS)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
