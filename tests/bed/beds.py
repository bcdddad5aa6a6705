"""Emulated hosts for tests, and plain sockets between them."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import asynccontextmanager, contextmanager

from onionrig.engine.emulation import emulated
from onionrig.engine.processes import Fleet
from onionrig.rig.model import Host

PORT = 9000


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


def connected(namespace, address, *, seconds=10.0):
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
    answering.join(10)


def round_trips(namespace, address, count):
    """Return so many round trips of a byte, in seconds."""
    with connected(namespace, address) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        took = []
        for _ in range(count):
            asked = time.perf_counter()
            client.sendall(b"?")
            assert client.recv(1) == b"?"
            took.append(time.perf_counter() - asked)
    return took


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
            thread.join(10)
        self._sending.close()
        self._pulling.close()


def measured_bits_per_second(flows, *, warm_up=1.0, seconds=3.0):
    """Return the rate of each flow, after a warm-up."""
    time.sleep(warm_up)
    began, before = time.perf_counter(), [flow.received for flow in flows]
    time.sleep(seconds)
    took = time.perf_counter() - began
    return [8 * (flow.received - size) / took for flow, size in zip(flows, before, strict=True)]
