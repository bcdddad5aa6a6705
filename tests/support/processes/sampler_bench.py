"""A sampler as the engine starts it, in a directory of its own, and what it has recorded."""

import json
import signal
import time

import msgspec

from onionrig.records.samples import HostSample, TorSample
from onionrig.records.streams.schedule import Schedule
from onionrig.rig.orders import SamplerOrders
from onionrig.store.lines import read_all
from support.files import replace_file
from support.waiting import HANG_SECONDS

SAMPLER = """
from onionrig.movers.sampler import program as sampler
from onionrig.movers.sampler import tors
from onionrig.movers.program import run_with_orders
from onionrig.rig.orders import SamplerOrders

tors.ANSWER_SECONDS = {answer_seconds}
tors.LATE_SECONDS = {late_seconds}
run_with_orders(SamplerOrders, sampler.run)
"""
"""The sampler, which has other patience with a tor, and with itself on a busy machine."""


class RunningSampler:
    """A sampler as the engine starts it, but for its patience, and what it recorded."""

    def __init__(self, directory, start_child, tors, *, answer_seconds=HANG_SECONDS, **paths):
        self._directory = directory
        self.processes_path = directory / "processes.json"
        orders = SamplerOrders(
            record_path=str(directory / "sampler.jsonl"),
            processes_path=str(self.processes_path),
            tors=tors,
            tors_record_path=paths.get("tors_record_path", str(directory / "tors.jsonl")),
            schedule_path=str(directory / "schedule.json"),
        )
        (directory / "orders.json").write_bytes(msgspec.json.encode(orders))
        program = SAMPLER.format(answer_seconds=answer_seconds, late_seconds=HANG_SECONDS)
        self.process = start_child(program, directory / "orders.json")

    def watch(self, **pids):
        replace_file(self.processes_path, json.dumps(pids).encode())

    def schedule(self, *, seconds, ahead_seconds=2):
        """Schedule a hold; return its second.

        The sampler looks once a second. Should it come too late for that, it has others every ten.
        """
        hold = int(time.time()) + ahead_seconds
        told = Schedule(ramp_second=hold, hold_second=hold, end_second=hold + seconds, streams=1)
        replace_file(self._directory / "schedule.json", msgspec.json.encode(told))
        return hold

    def samples(self):
        return list(read_all(self._directory / "sampler.jsonl", HostSample))

    def tors(self):
        return list(read_all(self._directory / "tors.jsonl", TorSample))

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=HANG_SECONDS)
