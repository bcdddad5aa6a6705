"""A TCP connection over loopback with both of its ends, for measuring what moving bytes costs."""

from __future__ import annotations

import socket

from onionrig.errors import Unequipped

ADDRESS = "127.0.0.1"


def connected_pair() -> tuple[socket.socket, socket.socket]:
    """Return both ends of a connection. Raises Unequipped if there is no TCP over loopback."""
    try:
        with socket.create_server((ADDRESS, 0)) as listening:
            near = socket.create_connection(listening.getsockname())
            far, _ = listening.accept()
    except OSError as error:
        raise Unequipped(f"TCP over {ADDRESS} does not work here: {error}") from error
    return near, far
