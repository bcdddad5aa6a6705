"""Emulated hosts for tests, and plain sockets between them.

What a link carries is counted by the kernel where the link is shaped, and divided by the longest
time that may have passed between two readings: a reader that is held up sees less than there was,
never more. So "no more than its rate" holds on any machine, and "its rate" is waited for.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from onionrig.engine.emulation.hosts import emulated
from onionrig.processes.fleet import Fleet
from onionrig.rig.model import Host
from onionrig.units import rate_text
from support.waiting import HANG_SECONDS, until

PORT = 9000
PAYLOAD = 1448 / 1514
"""Of a frame as the kernel counts it: TCP with timestamps, IP and Ethernet headers come on top."""
FULL, OVER = 0.91, 1.05
"""Of a rate: from where on a link is full, and what it never carries. Segments that are not yet cut
into frames are counted with one header each, so a full link shows from 95.6 % on."""
WINDOW_SECONDS = 1.0
PATIENCE_SECONDS = 30.0
"""How long a link may take to be full before the machine is asked whether it is fast enough."""
FAST_ENOUGH = 10
"""Times a rate, that a machine carries without it: more than the rate of four links and their CPU."""


def host(number, *, rate=None, delay=0.0):
    return Host(
        name=f"host{number}",
        address=f"10.77.0.{number}",
        link_bits_per_second=rate,
        delay_seconds=delay,
    )


@asynccontextmanager
async def standing(tmp_path, *hosts):
    """Have hosts for a block; yields what stands, its namespaces in the hosts' order."""
    fleet = Fleet(os.environ)
    async with emulated(hosts, fleet, workspace=tmp_path, logs=tmp_path) as stands:
        yield stands


def listening(namespace, address):
    listener = namespace.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, PORT))
    listener.listen(64)
    return listener


def connected(namespace, address, *, seconds=HANG_SECONDS):
    client = namespace.socket()
    client.settimeout(seconds)
    client.connect((address, PORT))
    return client


@contextmanager
def echoing(namespace, address):
    """Answer one connection with what it sends, for a block."""
    with listening(namespace, address) as listener:

        def answer():
            accepted, _ = listener.accept()
            with accepted:
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while taken := accepted.recv(64):
                    accepted.sendall(taken)

        answering = threading.Thread(target=answer, daemon=True)
        answering.start()
        yield
    answering.join(HANG_SECONDS)


@contextmanager
def asking(namespace, address):
    """Connect for a block; yields a function that returns one round trip of a byte, in seconds."""
    with connected(namespace, address) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def round_trip():
            asked = time.perf_counter()
            client.sendall(b"?")
            assert client.recv(1) == b"?"
            return time.perf_counter() - asked

        yield round_trip


class Flow:
    """One stream from a host to another as fast as it goes; counts what has arrived."""

    def __init__(self, source, address, sink):
        self.received = 0
        self._ends = threading.Event()
        listener = listening(source, address)
        self._pulling = connected(sink, address)
        self._sending, _ = listener.accept()
        listener.close()
        self._threads = [threading.Thread(target=self._send), threading.Thread(target=self._pull)]
        for thread in self._threads:
            thread.start()

    def _send(self):
        block = bytes(1 << 18)
        while not self._ends.is_set():
            try:
                self._sending.sendall(block)
            except OSError:
                return

    def _pull(self):
        room = bytearray(1 << 18)
        while not self._ends.is_set():
            try:
                self.received += self._pulling.recv_into(room)
            except OSError:
                return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._ends.set()
        for end in (self._sending, self._pulling):
            end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(HANG_SECONDS)
        self._sending.close()
        self._pulling.close()


class Shaped:
    """The end of a host's link that shapes what goes one way: out of the host, or to it."""

    def __init__(self, stands, name, *, out=True):
        (link,) = (link for link in stands.links if link.host.name == name)
        self.rate = link.host.link_bits_per_second
        self._namespace = stands.namespaces[name] if out else stands.switch
        self._interface = "eth0" if out else link.port

    def sent_bytes(self):
        # net is that of the thread, which alone is in the namespace
        text = self._namespace.inside(lambda: Path("/proc/thread-self/net/dev").read_text())
        (line,) = (line for line in text.splitlines() if line.strip().startswith(self._interface))
        return int(line.partition(":")[2].split()[8])


def full(*ends, seconds=PATIENCE_SECONDS):
    """Wait until all these ends are full in one window; return whether they ever were.

    In no window may one of them carry more than its rate.
    """
    deadline = time.monotonic() + seconds
    before = _read(ends)
    while time.monotonic() < deadline:
        time.sleep(WINDOW_SECONDS)
        after = _read(ends)
        rates = [
            8 * (size - begun_size) / (read_by - begun_at)
            for (begun_at, begun_size, _), (_, size, read_by) in zip(before, after, strict=True)
        ]
        for end, rate in zip(ends, rates, strict=True):
            assert rate < OVER * end.rate, f"{rate_text(rate)} of {rate_text(end.rate)}"
        if all(rate >= FULL * end.rate for end, rate in zip(ends, rates, strict=True)):
            return True
        before = after
    return False


def _read(ends):
    """Return of each end what it has sent, between the moments before and after it was read."""
    return [(time.perf_counter(), end.sent_bytes(), time.perf_counter()) for end in ends]


async def at_a_rate_that_binds(tmp_path, rates, fills):
    """Try these rates, highest first, until this machine fills the links, and skip if it never does.

    ``fills`` tries one and returns whether it did. A machine that carries many times as much without
    a rate is fast enough: then it is the link that does not carry what it should.
    """
    for number, rate in enumerate(rates):
        if await fills(rate):
            print(f"links of {rate_text(rate)} were full")  # noqa: T201 - with -s, the scale is told
            return
        place = tmp_path / f"unshaped-{number}"
        place.mkdir()
        carried = await unshaped_bits_per_second(place)
        assert carried < FAST_ENOUGH * rate, f"{rate_text(carried)} without a rate"
    pytest.skip(
        f"this machine fills no link of {rate_text(rates[-1])}: without a rate it carries "
        f"{rate_text(carried)}"
    )


async def unshaped_bits_per_second(tmp_path):
    """Return what a link without a rate carries now: the mean of a few seconds."""
    async with standing(tmp_path, host(1), host(2)) as stands:
        one, two = stands.namespaces.values()
        with Flow(one, "10.77.0.1", two) as flow:
            until(lambda: flow.received, "the first bytes")
            began, begun = time.perf_counter(), flow.received
            await asyncio.sleep(3 * WINDOW_SECONDS)
            return 8 * (flow.received - begun) / (time.perf_counter() - began)


def quarters(rate, *, least=1e6):
    """Return a rate, and quarters of it as long as they are no less than the least."""
    rates = [rate]
    while rates[-1] / 4 >= least:
        rates.append(rates[-1] / 4)
    return rates


def arrives(flow, sent_bytes):
    """Wait until what was sent has arrived: all of it but for its headers."""
    until(lambda: flow.received >= FULL * PAYLOAD * sent_bytes, "the payload of what was sent")
