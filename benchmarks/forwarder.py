"""Stand between a source and a sink as tor does: take and hand over bytes in small pieces.

    python benchmarks/forwarder.py LISTEN_PORT SOURCE_PORT STREAM_BITS_PER_SECOND

Every stream is carried at its own rate, 8 KiB at a time, the most that tor takes from or hands to a
program at once. Between the pieces this walks through memory, as the tors of a rig do, so that what
source and sink touch next is not in a core's nearest cache any more.
"""

from __future__ import annotations

import socket
import sys
import time

HOST = "127.0.0.1"
PIECE_BYTES = 8 << 10
TICK_SECONDS = 0.01
WALKED_BYTES = 4 << 20
"""Memory that is walked through in each tick: more than a core's own cache."""


def main() -> None:
    """Forward until a sink has gone, or until this is ended."""
    listen_port, source_port, stream_bits_per_second = map(int, sys.argv[1:])
    streams: list[tuple[socket.socket, socket.socket]] = []
    pieces_per_second = stream_bits_per_second / 8 / PIECE_BYTES
    memory = bytearray(WALKED_BYTES)
    carried_pieces = 0.0
    with socket.create_server((HOST, listen_port), backlog=1024) as server:
        server.setblocking(False)
        tick = time.monotonic()
        while True:
            tick += TICK_SECONDS
            accept(server, streams, source_port)
            carried_pieces += pieces_per_second * TICK_SECONDS
            for _ in range(int(carried_pieces)):
                for source, sink in streams:
                    carry(source, sink)
            carried_pieces %= 1
            memory.count(b"\1")
            time.sleep(max(tick - time.monotonic(), 0))


def accept(
    server: socket.socket, streams: list[tuple[socket.socket, socket.socket]], source_port: int
) -> None:
    """Take the sinks that have come, and connect each to the source."""
    while True:
        try:
            sink, _ = server.accept()
        except BlockingIOError:
            return
        source = socket.create_connection((HOST, source_port))
        source.setblocking(False)
        sink.setblocking(False)
        streams.append((source, sink))


def carry(source: socket.socket, sink: socket.socket) -> None:
    """Carry one piece, if there is one and the sink takes it."""
    try:
        piece = source.recv(PIECE_BYTES, socket.MSG_PEEK)
        source.recv(sink.send(piece))
    except BlockingIOError:
        return


if __name__ == "__main__":
    main()
