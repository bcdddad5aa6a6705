"""Measure what watching costs: the sampler beside 32 processes, and the live view it feeds.

    .venv/bin/python benchmarks/recorder_cost.py [--seconds 60] [--processes 32] [--tors 22]

The processes have four threads each and are lightly busy. Stand-ins for tors answer every 10 s, as
in a hold, with a page as long as tor's. The sampler is the real one; the live view draws, as for a
run, to a terminal that throws it away.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import psutil
from rich.console import Console

from onionrig.records.events import Phase, PhaseBegan, Scheduled
from onionrig.records.samples import HostSample, SinkSample
from onionrig.records.streams.schedule import Schedule
from onionrig.rig.orders import MetricsEndpoint, SamplerOrders
from onionrig.store.lines import Appender, Tail
from onionrig.views.live.progress import Progress
from onionrig.views.live.table import view_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

LIMIT_PERCENT = 2.0
LIMIT_MB_AN_HOUR = 60.0
OTHER_RECORDS_BYTES_A_SECOND = 1000.0
"""What sinks, sources and the pinger write beside it."""
START_SECONDS = 3
"""Until the hold begins, and with it the measurement: the sampler has started by then."""
ONION = f'onion="{"a" * 56}"'
PAGE_LINES = (
    *['tor_relay_connections{type="Other",direction="initiated",state="opened"} 0'] * 350,
    'tor_relay_connections{type="OR listener",direction="initiated",state="opened"} 1',
    'tor_relay_traffic_bytes{direction="read"} 123456789012',
    'tor_relay_traffic_bytes{direction="written"} 123456789012',
    f'tor_hs_app_read_bytes_total{{{ONION},port="9000"}} 123456789012',
    f'tor_hs_app_read_bytes_total{{{ONION},port="9007"}} 123456',
    *[f'tor_hs_rdv_error_count{{{ONION},reason="retry"}} 1'] * 5,
    f"tor_hs_rdv_num_total{{{ONION}}} 40",
    f"tor_hs_rdv_established_count{{{ONION}}} 16",
    f"tor_hs_intro_num_total{{{ONION}}} 40",
    f"tor_hs_intro_established_count{{{ONION}}} 3",
)
PAGE = "\n".join([*PAGE_LINES, ""]).encode()
"""As long as a tor's, with what is read of it."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured."""

    sampler_percent: float
    """Of one core; likewise the view's."""
    view_percent: float
    bytes_a_second: dict[str, float]
    """By record."""


def main() -> None:
    """Measure, print, and fail where a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--processes", type=int, default=32)
    parser.add_argument("--tors", type=int, default=22)
    options = parser.parse_args()
    watched = {f"relay-{number}": _lightly_busy_process() for number in range(options.processes)}
    with tempfile.TemporaryDirectory() as directory:
        cost = _measured(Path(directory), watched, tors=options.tors, seconds=options.seconds)
    together = cost.sampler_percent + cost.view_percent
    written = sum(cost.bytes_a_second.values()) + OTHER_RECORDS_BYTES_A_SECOND
    mb_an_hour = written * 3600 / 1e6
    print(f"{options.processes} processes, {options.tors} tors, {options.seconds} s")
    print(f"sampler    {cost.sampler_percent:5.2f} % of one core")
    print(f"live view  {cost.view_percent:5.2f} %")
    print(f"together   {together:5.2f} % (limit {LIMIT_PERCENT} %)")
    for name, rate in cost.bytes_a_second.items():
        print(f"{name:10} {rate:5.0f} bytes/s")
    print(f"{'others':10} {OTHER_RECORDS_BYTES_A_SECOND:5.0f} bytes/s, taken for granted")
    print(f"an hour    {mb_an_hour:5.1f} MB (limit {LIMIT_MB_AN_HOUR} MB)")
    if together > LIMIT_PERCENT or mb_an_hour > LIMIT_MB_AN_HOUR:
        sys.exit("over a limit")


def _measured(directory: Path, watched: dict[str, int], *, tors: int, seconds: int) -> Cost:
    (directory / "processes.json").write_bytes(msgspec.json.encode(watched))
    hold = int(time.time()) + START_SECONDS
    schedule = Schedule(ramp_second=hold, hold_second=hold, end_second=hold + seconds, streams=16)
    (directory / "schedule.json").write_bytes(msgspec.json.encode(schedule))
    with _sampler(directory, tors) as sampler:
        time.sleep(max(0.0, hold - time.time()))
        began, sampler_began = time.monotonic(), _cpu_seconds(sampler)
        view_seconds = _watched(directory, schedule)
        sampler_seconds = _cpu_seconds(sampler) - sampler_began
        passed = time.monotonic() - began
    lines = len((directory / "sampler.jsonl").read_bytes().splitlines())
    return Cost(
        sampler_percent=sampler_seconds / passed * 100,
        view_percent=view_seconds / passed * 100,
        bytes_a_second={
            name: len(path.read_bytes()) / lines
            for name in ("sampler", "tors")
            if (path := directory / f"{name}.jsonl").exists()
        },
    )


@contextlib.contextmanager
def _sampler(directory: Path, tors: int) -> Iterator[psutil.Process]:
    port = _tors_port()
    orders = SamplerOrders(
        record_path=str(directory / "sampler.jsonl"),
        processes_path=str(directory / "processes.json"),
        tors=tuple(
            MetricsEndpoint(name=f"relay-{number}", host="127.0.0.1", port=port)
            for number in range(tors)
        ),
        tors_record_path=str(directory / "tors.jsonl"),
        schedule_path=str(directory / "schedule.json"),
    )
    path = directory / "orders.json"
    path.write_bytes(msgspec.json.encode(orders))
    with subprocess.Popen(
        [sys.executable, "-m", "onionrig.movers.sampler.program", path]
    ) as sampler:
        try:
            yield psutil.Process(sampler.pid)
        finally:
            sampler.terminate()


def _watched(directory: Path, schedule: Schedule) -> float:
    """Follow the run to its end as ``onionrig run`` does; return the CPU-seconds that took."""
    progress = Progress(target_bits_per_second=5e8, streams=schedule.streams)
    began, since = time.time(), 0.0
    progress.tell(PhaseBegan(wall_seconds=began, since_start_seconds=since, phase=Phase.HOLD))
    progress.tell(
        Scheduled(wall_seconds=began, since_start_seconds=since, **msgspec.structs.asdict(schedule))
    )
    sink = Tail(directory / "sink.jsonl", SinkSample)
    sampler = Tail(directory / "sampler.jsonl", HostSample)
    used = 0.0
    with (
        Path("/dev/null").open("w", encoding="utf-8") as nowhere,
        Appender(directory / "sink.jsonl") as record,
    ):
        console = Console(file=nowhere, force_terminal=True, width=120, height=50)
        with view_for(console, cores=psutil.cpu_count() or 1) as view:
            for second in range(schedule.hold_second, schedule.end_second):
                time.sleep(max(0.0, second + 1.1 - time.time()))
                record.append(_sink_sample(second))
                drawing_began = time.process_time()
                progress.sampled(sink.new())
                progress.used(("sampler", sample) for sample in sampler.new())
                view.show(progress)
                used += time.process_time() - drawing_began
    return used


def _sink_sample(second: int) -> SinkSample:
    backends = [f"backend-{number}" for number in range(1, 5)]
    return SinkSample(
        second=second,
        monotonic_seconds=time.monotonic(),
        wall_seconds=time.time(),
        verified_bytes=dict.fromkeys(backends, 9_000_000),
        streams=dict.fromkeys(backends, 4),
        connecting=0,
        failed=0,
        corrupt_bytes=0,
    )


def _cpu_seconds(process: psutil.Process) -> float:
    used = process.cpu_times()
    return used.user + used.system


def _lightly_busy_process() -> int:
    process = multiprocessing.Process(target=_be_lightly_busy, daemon=True)
    process.start()
    return process.pid or 0


def _be_lightly_busy() -> None:
    for _ in range(3):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    while True:
        sum(range(20_000))
        time.sleep(0.1)


def _tors_port() -> int:
    receiver, sender = multiprocessing.Pipe(duplex=False)
    multiprocessing.Process(target=_answer_as_tors, args=(sender,), daemon=True).start()
    port: int = receiver.recv()
    return port


def _answer_as_tors(sender: Connection) -> None:
    server = _Tors(("127.0.0.1", 0), _Tor)
    sender.send(server.server_port)
    server.serve_forever()


class _Tors(ThreadingHTTPServer):
    request_queue_size = 128


class _Tor(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    main()
