"""Talk to a tor over its control socket: stem, kept off the event loop.

stem blocks and has threads of its own, so every call runs in a worker thread, and events cross
into asyncio through a queue.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import stem
from stem.control import Controller, EventType

from onionrig.tor.descriptors import Descriptor, decrypted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_FETCH_SECONDS = 15.0


class Control:
    """A tor's control connection."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller

    async def publishes(self, address: str) -> bool:
        """Return whether an onion service of this tor has made a descriptor to publish."""
        name = address.removesuffix(".onion")
        try:
            text = await asyncio.to_thread(self._controller.get_info, f"hs/service/desc/id/{name}")
        except stem.ControllerError:
            return False
        return bool(text.strip())

    async def fetch_descriptor(self, address: str) -> Descriptor | None:
        """Fetch a descriptor from the HSDirs into this tor's cache and return it.

        None where the HSDir that was asked has none, or does not answer within 15 s.
        """
        name = address.removesuffix(".onion")
        async with self._events(EventType.HS_DESC_CONTENT) as contents:
            await asyncio.to_thread(self._controller.msg, f"HSFETCH {name}")
            try:
                async with asyncio.timeout(_FETCH_SECONDS):
                    while True:
                        event = await contents.get()
                        if event.address == name:
                            str(event.descriptor).strip()
                            return _read(event.descriptor, address)
            except TimeoutError:
                return None

    @asynccontextmanager
    async def uploads(self, address: str) -> AsyncIterator[asyncio.Queue[str]]:
        """Yield a queue of the HSDirs that have acknowledged a descriptor of this address."""
        name = address.removesuffix(".onion")
        acknowledged: asyncio.Queue[str] = asyncio.Queue()
        async with self._events(EventType.HS_DESC) as events:

            async def sort_out() -> None:
                while True:
                    event = await events.get()
                    if event.action == "UPLOADED" and event.address == name:
                        acknowledged.put_nowait(event.directory_fingerprint or "")

            sorting = asyncio.create_task(sort_out())
            try:
                yield acknowledged
            finally:
                sorting.cancel()

    @asynccontextmanager
    async def _events(self, kind: EventType) -> AsyncIterator[asyncio.Queue[Any]]:
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[Any] = asyncio.Queue()

        def received(event: object) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, event)

        await asyncio.to_thread(self._controller.add_event_listener, received, kind)
        try:
            yield queue
        finally:
            # where the tor is gone, its listeners are gone with it
            with suppress(stem.ControllerError):
                await asyncio.to_thread(self._controller.remove_event_listener, received)


def _read(descriptor: object, address: str) -> Descriptor | None:
    """Decrypt what tor gave; it gives nothing at all, or blank lines, where there is none."""
    text = str(descriptor or "").strip()
    return decrypted(text, address) if text else None


@asynccontextmanager
async def control(path: str) -> AsyncIterator[Control]:
    """Connect to a control socket for a block. Raises stem's errors where nobody listens."""
    controller = await asyncio.to_thread(_connected, path)
    try:
        yield Control(controller)
    finally:
        await asyncio.to_thread(controller.close)


def _connected(path: str) -> Controller:
    controller = Controller.from_socket_file(path)
    try:
        controller.authenticate()
    except BaseException:
        controller.close()
        raise
    return controller
