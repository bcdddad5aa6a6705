"""Find free ports on loopback, so that concurrent runs do not collide.

Ports are taken in blocks from below the kernel's ephemeral range. A run claims a block with an
abstract unix socket, which the kernel releases when the run ends, however it ends.
"""

from __future__ import annotations

import contextlib
import random
import socket
from typing import TYPE_CHECKING

from onionrig.errors import PortTaken

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FIRST_PORT = 10_000
LAST_PORT = 31_999
BLOCK = 200


@contextlib.contextmanager
def allocated_ports(needed: Mapping[str, int | None], *, address: str) -> Iterator[dict[str, int]]:
    """Give each key a port for a block: the one fixed by hand, or a free one.

    Raises PortTaken if a fixed port is in use, or no block has enough free ones.
    """
    fixed = {key: port for key, port in needed.items() if port is not None}
    for key, port in fixed.items():
        if not is_free(address, port):
            raise PortTaken(
                f"port {port}, fixed by hand for {key}, is taken on {address}: "
                "end what listens there, or leave the port out and a free one is picked"
            )
    picked = [key for key in needed if key not in fixed]
    with contextlib.ExitStack() as claims:
        ports: list[int] = []
        claimed_ports = 0
        for block in _blocks():
            if len(ports) >= len(picked):
                break
            if claim := _claimed(block.start):
                claims.enter_context(claim)
                claimed_ports += BLOCK
                ports += [
                    port for port in block if port not in fixed.values() and is_free(address, port)
                ]
        if len(ports) < len(picked):
            raise PortTaken(
                f"no {len(picked)} free ports on {address} between {FIRST_PORT} and {LAST_PORT}: "
                + _who_holds_them(claimed_ports)
            )
        yield {**dict(zip(picked, ports, strict=False)), **fixed}


def is_free(address: str, port: int) -> bool:
    """Return whether a port can be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
        return True


def _who_holds_them(claimed_ports: int) -> str:
    """Explain why ports are missing; those of ``claimed_ports`` are not other runs'."""
    if not claimed_ports:
        return "other runs hold them; wait for one to end"
    others = "" if claimed_ports == len(_blocks()) * BLOCK else ", and other runs hold the rest"
    return (
        f"other programs use those of {claimed_ports} that are not free (ss -ltn){others}; end "
        "some, or ask for a smaller rig"
    )


def _blocks() -> list[range]:
    blocks = [
        range(first, first + BLOCK) for first in range(FIRST_PORT, LAST_PORT + 1 - BLOCK, BLOCK)
    ]
    random.shuffle(blocks)
    return blocks


def _claimed(block: int) -> socket.socket | None:
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0onionrig-ports-{block}")
    except OSError:
        claim.close()
        return None
    return claim
