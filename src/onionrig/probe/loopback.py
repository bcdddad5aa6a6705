"""TCP over loopback between two processes: the kernel's share of the cost of moving bytes here.

Both ends are pinned to one core. Left to the scheduler, they may or may not share one, and the same
bytes cost a quarter more or less.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import msgspec

from onionrig.errors import Unequipped
from onionrig.movers.yardstick.loopback import ADDRESS, connected_pair
from onionrig.probe.children import child
from onionrig.records.probe import Loopback

if TYPE_CHECKING:
    from onionrig.probe.children import ProbeChild
    from onionrig.processes.workspace import Kept

_SLACK_SECONDS = 20
_END = "onionrig.probe.loopback_end"


class _LoopbackTransfer(msgspec.Struct, frozen=True):
    bytes: int
    seconds: float
    cpu_seconds: float


async def loopback(keeping: Kept, *, seconds: float) -> Loopback:
    """Return the result of moving bytes for this long. Raises Unequipped if that does not work."""
    near, far = connected_pair()
    with near, far:
        core = str(min(os.sched_getaffinity(0)))
        sending = (sys.executable, "-m", _END, str(near.fileno()), core, str(seconds))
        receiving = (sys.executable, "-m", _END, str(far.fileno()), core, "0")
        try:
            async with (
                child(sending, keeping, sockets=[near.fileno()]) as sender,
                child(receiving, keeping, sockets=[far.fileno()]) as receiver,
                asyncio.timeout(seconds + _SLACK_SECONDS),
            ):
                near.close()  # so that either end notices if the other dies
                far.close()
                await sender.over()
                await receiver.over()
        except TimeoutError as error:
            raise Unequipped(f"TCP over {ADDRESS} moved nothing in time") from error
    sent, received = _transfer_from(sender), _transfer_from(receiver)
    return Loopback(
        bytes_per_second=received.bytes / received.seconds,
        bytes_per_cpu_second=received.bytes / (sent.cpu_seconds + received.cpu_seconds),
    )


def _transfer_from(end: ProbeChild) -> _LoopbackTransfer:
    try:
        transfer = msgspec.json.decode(end.out, type=_LoopbackTransfer)
    except msgspec.MsgspecError as error:
        complaint = (end.err.strip().splitlines() or [f"nothing, exit code {end.code}"])[-1]
        raise Unequipped(f"an end of a connection over {ADDRESS} failed: {complaint}") from error
    if not transfer.bytes:
        raise Unequipped(f"TCP over {ADDRESS} moved nothing")
    return transfer
