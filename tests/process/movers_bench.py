"""A directory in which tests start a source, a sink, a pinger, a dialler; what these recorded."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from onionrig.recorder.jsonl import read_all
from onionrig.records.samples import PingSample, SinkSample, SourceSample
from onionrig.records.schedule import Schedule
from onionrig.records.transfers import Transfer
from onionrig.rig.orders import (
    DiallerOrders,
    PingerOrders,
    ServedBackend,
    SinkOrders,
    SocksEndpoint,
    SourceOrders,
    TcpDoor,
)
from onionrig.traffic.payload import head_line

ADDRESS = "a" * 56 + ".onion"
PORT = 9000
DEADLINE_SECONDS = 60

HEAD_BYTES = len(head_line("here", "0"))


class Bench:
    """A directory with the processes that move bytes, and their ends."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.processes = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()

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
        wait_until(lambda: all(can_connect(path) for path in sockets), "the source")
        return source

    def serve_at(self, host, port, name="door"):
        """Start a source with one TCP door."""
        source = self.start_source((), [(name, host, port)])
        wait_until(lambda: listens(host, port), "the source")
        return source

    def start_sink(self, *ports, streams=1, schedule=None, **changed):
        now = int(time.time())
        schedule = schedule or Schedule(
            ramp_second=now, hold_second=now, end_second=now + 300, streams=streams
        )
        (self.directory / "schedule.json").write_bytes(msgspec.json.encode(schedule))
        orders = SinkOrders(
            record_path=str(self.directory / "sink.jsonl"),
            address=ADDRESS,
            port=PORT,
            clients=endpoints(ports),
            schedule_path=str(self.directory / "schedule.json"),
            transfers_path=str(self.directory / "transfers.jsonl"),
            connect_seconds=changed.pop("connect_seconds", 30.0),
            stall_seconds=changed.pop("stall_seconds", 30.0),
        )
        return self._start("sink", msgspec.structs.replace(orders, **changed))

    def start_pinger(self, *ports, record="pinger.jsonl"):
        orders = PingerOrders(
            record_path=str(self.directory / record),
            address=ADDRESS,
            port=PORT,
            clients=endpoints(ports),
        )
        return self._start("pinger", orders)

    def start_dialler(self, *ports, **changed):
        return self._start("dialler", self.dialler_orders(*ports, **changed))

    def dialler_orders(self, *ports, record="dials.jsonl", **changed):
        told = {"at_once": 4, "timeout_seconds": 30.0, "enough_bytes": 8192, **changed}
        return DiallerOrders(
            record_path=str(self.directory / record),
            address=ADDRESS,
            port=PORT,
            clients=endpoints(ports),
            **told,
        )

    def _start(self, name, orders):
        path = self.directory / f"{name}.json"
        path.write_bytes(msgspec.json.encode(orders))
        with (self.directory / f"{name}.stderr").open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", f"onionrig.traffic.{name}", str(path)], stderr=stderr
            )
        self.processes.append(process)
        return process

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
        wait_until(lambda: self.transfers, "a transfer")
        return self.transfers[0]


def wait_until(condition, subject):
    """Wait for evidence, not for time."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {subject}"
        time.sleep(0.02)


def can_connect(path):
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(os.fspath(path)) == 0


def listens(host, port):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        return probe.connect_ex((host, port)) == 0


def endpoints(ports):
    return tuple(
        SocksEndpoint(name=f"client {number}", host="127.0.0.1", port=port)
        for number, port in enumerate(ports)
    )


def stop(process, number=signal.SIGTERM):
    process.send_signal(number)
    return process.wait(DEADLINE_SECONDS)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
