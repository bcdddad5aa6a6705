"""Subject, tors and duration of the descriptor command's looks."""

from __future__ import annotations

import asyncio
import contextlib
import os
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from onionrig.balancer.inspection.client_view import Subject
from onionrig.balancer.inspection.onlooker import Onlooker
from onionrig.cli.output.refused_output import somebody_reads
from onionrig.errors import Interrupted, NoTorToAsk, UsageError
from onionrig.processes.interrupts import interruptible
from onionrig.processes.surroundings import refuse_intercepted
from onionrig.rig.model import Role
from onionrig.store.run_directory import RESULT
from onionrig.store.runs import find_run
from onionrig.tor.address import address_from_text
from onionrig.tor.control_address import PASSWORD_VARIABLE, USUAL, control_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from onionrig.records.descriptor import AddressSeen

PAUSE_SECONDS = 3.0
"""Seconds between two looks."""


class LookRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The address to look at, and the tors that can be asked about it."""

    subject: Subject
    places: tuple[str, ...]
    """Control sockets or ports; the first that answers is asked."""
    instance_places: tuple[str, ...] = ()
    """The same for the instances' own descriptors; as above if empty."""


def look_request(name: str, control: str | None) -> LookRequest:
    """Return the request for an address or a run and ``--control``.

    Raises UsageError if the rig is not up, RecordsUnreadable if there is no such run, and
    Unequipped if connections would go through a proxy.
    """
    refuse_intercepted()
    address = address_from_text(name)
    if address is None:
        return _of_run(name, control)
    return LookRequest(subject=Subject(address=address), places=(control,) if control else USUAL)


def look(request: LookRequest) -> AddressSeen:
    """Return what is seen in one look."""

    async def once() -> AddressSeen:
        async with interruptible(), _onlooker(request) as onlooker:
            return await onlooker.look()

    return asyncio.run(once())


def watch(request: LookRequest, show: Callable[[AddressSeen], None]) -> None:
    """Look again every few seconds, until Ctrl-C, or until nobody reads the output."""

    async def again() -> None:
        async with interruptible(), _onlooker(request) as onlooker:
            while somebody_reads():
                show(await onlooker.look())
                await asyncio.sleep(PAUSE_SECONDS)

    with contextlib.suppress(Interrupted):
        asyncio.run(again())


def _of_run(name: str, control: str | None) -> LookRequest:
    """Return a request through the balancer's tor, not a client's.

    A client's tor would keep what it fetched and use it for its own streams.
    """
    run = find_run(name)
    manifest = run.read_manifest()
    balancer_tor = manifest.control_sockets(Role.BALANCER_TOR)
    clients = manifest.control_sockets(Role.CLIENT)
    if manifest.address is None or not clients:
        raise UsageError(f"{run.path}: this run has no onion address (yet)")
    if control is None and not any(Path(path).exists() for path in (*balancer_tor, *clients)):
        is_over = (run.path / RESULT).exists()
        raise UsageError(
            f"{run.path}: {'this run is over' if is_over else 'the rig of this run is not up'}; "
            "what clients see can be fetched only while it is"
        )
    return LookRequest(
        subject=Subject(address=manifest.address, run=run.path.name, instances=manifest.instances),
        places=(control,) if control else (*balancer_tor, *clients),
        instance_places=(control,) if control else (*clients, *balancer_tor),
    )


@asynccontextmanager
async def _onlooker(request: LookRequest) -> AsyncIterator[Onlooker]:
    password = os.environ.get(PASSWORD_VARIABLE)
    async with AsyncExitStack() as stack:
        try:
            control, place = await stack.enter_async_context(
                control_at(request.places, password=password)
            )
        except NoTorToAsk as error:
            if request.places == USUAL:
                error.add_note("say where a tor can be asked: --control SOCKET or HOST:PORT")
            raise
        instance_control = control
        if request.instance_places:
            instance_control, _ = await stack.enter_async_context(
                control_at(request.instance_places, password=password)
            )
        yield Onlooker(request.subject, control, asked=place, instance_control=instance_control)
