"""One end of a TCP connection over loopback: sends for a while, or receives until all was sent.

Run as ``python -m onionrig.probe.loopback_end HANDLE CORE SECONDS``. It inherits the connection and
stays on that core. It sends for SECONDS or, if that is 0, receives, and prints the bytes moved and
the time taken. It counts from the other end's first message, so starting is not included.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time

BLOCK_BYTES = 16384
"""Bytes handed to the kernel at a time: a TLS record, as tor does."""
_READY = b"r"


def main(connection: socket.socket, send_seconds: float | None) -> dict[str, float]:
    """Send for this long, or receive; return this end's bytes, seconds and CPU time."""
    if send_seconds is not None:
        connection.recv(len(_READY))
    else:
        connection.sendall(_READY)
        connection.recv(1, socket.MSG_PEEK)
    began_seconds, began_cpu_seconds = time.perf_counter(), time.process_time()
    byte_count = (
        _receive(connection)
        if send_seconds is None
        else _send(connection, began_seconds + send_seconds)
    )
    return {
        "bytes": byte_count,
        "seconds": time.perf_counter() - began_seconds,
        "cpu_seconds": time.process_time() - began_cpu_seconds,
    }


def _send(connection: socket.socket, until_seconds: float) -> int:
    block = bytes(BLOCK_BYTES)
    byte_count = 0
    while time.perf_counter() < until_seconds:
        connection.sendall(block)
        byte_count += BLOCK_BYTES
    connection.shutdown(socket.SHUT_WR)
    return byte_count


def _receive(connection: socket.socket) -> int:
    block = bytearray(BLOCK_BYTES)
    byte_count = 0
    while piece := connection.recv_into(block):
        byte_count += piece
    return byte_count


if __name__ == "__main__":
    handle, core, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    os.sched_setaffinity(0, {core})
    with socket.socket(fileno=handle) as inherited:
        sys.stdout.write(json.dumps(main(inherited, seconds or None)))
