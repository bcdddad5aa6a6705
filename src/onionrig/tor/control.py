"""Talk to a tor over its control socket: stem, kept off the event loop.

stem blocks and has its own threads, so every call runs in a worker thread, and events cross into
asyncio through a queue.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import stem
from stem.connection import AuthenticationFailure
from stem.control import EventType

from onionrig.tor.control_connection import ANSWER_SECONDS, answered, connected
from onionrig.tor.descriptors import Descriptor, decrypted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from stem.control import Controller

GONE: tuple[type[Exception], ...] = (stem.ControllerError, OSError)
"""Exceptions raised if the tor at the other end is gone, or not there yet."""
EVENTS = (EventType.HS_DESC, EventType.HS_DESC_CONTENT)
"""Events that tor is asked to report."""
FETCH_SECONDS = 15.0
"""Deadline of an HSDir's answer."""


class HSDirAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of one HSDir that was asked for a descriptor."""

    text: str | None = None
    """The descriptor; None if it gave none."""
    refusal: str = ""
    """The reason for no descriptor: tor's (``NOT_FOUND``, …), or its refusal to ask at all."""
    timed_out: bool = False
    """True if nothing was heard in time."""


class Control:
    """A tor's control connection."""

    def __init__(
        self,
        controller: Controller,
        *,
        hang_up: Callable[[], None] = lambda: None,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        """Use a connected controller; ``hang_up`` ends the connection during an answer."""
        self._controller = controller
        self._hang_up = hang_up
        self._answer_seconds = answer_seconds
        self._awaited = 0
        self._listening: asyncio.Future[None] | None = None
        self._heard_by: list[tuple[tuple[EventType, ...], asyncio.Queue[Any]]] = []

    async def info(self, key: str) -> str | None:
        """Return tor's answer to GETINFO, or None if it has no answer."""
        try:
            answer = await self._answer(key, self._controller.get_info, key)
        except stem.OperationFailed:
            return None
        return str(answer)

    async def is_testing(self) -> bool:
        """Return whether this tor belongs to a testing network."""
        answer = await self._answer(
            "TestingTorNetwork", self._controller.get_conf, "TestingTorNetwork"
        )
        return bool(answer == "1")

    async def publishes(self, address: str) -> bool:
        """Return whether an onion service of this tor has made a descriptor to publish."""
        name = address.removesuffix(".onion")
        try:
            key = f"hs/service/desc/id/{name}"
            text = await self._answer(key, self._controller.get_info, key)
        except stem.ControllerError:
            return False
        return bool(text.strip())

    async def fetch_descriptor(
        self, address: str, *, server: str | None = None
    ) -> Descriptor | None:
        """Fetch a descriptor into this tor's cache and return it, whatever the cache holds.

        ``server`` is the fingerprint of the HSDir to ask, hex in upper case; without it tor chooses
        one. Returns None if it has none, or does not answer within 15 s.
        """
        answer = await self.ask_hsdir(address, server=server)
        return None if answer.text is None else decrypted(answer.text, address)

    async def cached_descriptor(self, address: str) -> Descriptor | None:
        """Return the descriptor that this tor holds as a client, or None if it holds none."""
        name = address.removesuffix(".onion")
        try:
            key = f"hs/client/desc/id/{name}"
            text = await self._answer(key, self._controller.get_info, key)
        except stem.ControllerError:
            return None
        return _read(text, address)

    async def ask_hsdir(
        self, address: str, *, server: str | None = None, seconds: float = FETCH_SECONDS
    ) -> HSDirAnswer:
        """Ask an HSDir for a descriptor, and return its answer.

        tor asks a named HSDir whenever it is told to, and one of its own choice at most once in its
        requery period, 15 min (5 s on a testing network; tor: src/feature/hs/hs_client.c,
        hs_client_launch_v3_desc_fetch). The descriptor it gets replaces the one it held as a
        client, unless that has a higher revision (hs_cache.c, cache_store_as_client). After a
        failure tor may ask another HSDir by itself: only the named one's answer counts.
        """
        name = address.removesuffix(".onion")
        command = f"HSFETCH {name}" + (f" SERVER=${server}" if server else "")
        reason = ""
        async with self._events(EventType.HS_DESC, EventType.HS_DESC_CONTENT) as answers:
            reply = await self._answer(command, self._controller.msg, command)
            if not reply.is_ok():
                return HSDirAnswer(refusal=str(reply))
            try:
                async with asyncio.timeout(seconds):
                    while True:
                        event = await answers.get()
                        if event.address != name:
                            continue
                        if server is not None and event.directory_fingerprint != server:
                            continue
                        if event.type == EventType.HS_DESC:
                            reason = event.reason or reason
                        else:
                            text = str(event.descriptor or "").strip()
                            return HSDirAnswer(text=text or None, refusal=reason)
            except TimeoutError:
                return HSDirAnswer(refusal="", timed_out=True)

    @asynccontextmanager
    async def uploads(self, address: str) -> AsyncIterator[asyncio.Queue[str]]:
        """Yield a queue of the HSDirs that have acknowledged a descriptor of this address."""
        name = address.removesuffix(".onion")
        acknowledged: asyncio.Queue[str] = asyncio.Queue()
        async with self._events(EventType.HS_DESC) as events:

            async def acknowledge() -> None:
                while True:
                    event = await events.get()
                    if event.action == "UPLOADED" and event.address == name:
                        acknowledged.put_nowait(event.directory_fingerprint or "")

            sorting = asyncio.create_task(acknowledge())
            try:
                yield acknowledged
            finally:
                sorting.cancel()

    @asynccontextmanager
    async def _events(self, *kinds: EventType) -> AsyncIterator[asyncio.Queue[Any]]:
        """Yield a queue of the events of these kinds that come during the block."""
        if self._listening is None:
            self._listening = asyncio.ensure_future(self._listen())
        await asyncio.shield(self._listening)
        queue: asyncio.Queue[Any] = asyncio.Queue()
        heard_by = (kinds, queue)
        self._heard_by.append(heard_by)
        try:
            yield queue
        finally:
            self._heard_by.remove(heard_by)

    async def _listen(self) -> None:
        """Subscribe to all events that are ever asked for, once and as long as tor is there.

        stem holds one lock while it adds or removes a listener, and its thread that notifies
        listeners waits for it. If a connection ends meanwhile, for whatever reason, stem waits for
        that thread, and neither ever ends (stem 1.8: control.py, remove_event_listener,
        _handle_event and BaseController._close). Before tor has been asked for events there is
        nothing to report.
        """
        loop = asyncio.get_running_loop()

        def tell_in_loop(event: object) -> None:
            loop.call_soon_threadsafe(self._tell, event)

        await self._answer("SETEVENTS", self._controller.add_event_listener, tell_in_loop, *EVENTS)

    async def close(self) -> None:
        """End the connection, whether or not an answer is awaited."""
        if self._awaited:
            self._hang_up()
        await asyncio.to_thread(self._controller.close)

    async def _answer(self, subject: str, ask: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401 - stem has no types
        """Return the result of a call of stem's. Raises stem's errors, and TimeoutError."""

        def ask_counted() -> Any:  # noqa: ANN401 - as above
            # an answer is awaited until the thread has it, whatever became of who asked
            self._awaited += 1
            try:
                return ask(*arguments)
            finally:
                self._awaited -= 1

        return await answered(
            ask_counted,
            subject=f"this tor to {subject}",
            seconds=self._answer_seconds,
            hang_up=self._hang_up,
        )

    def _tell(self, event: Any) -> None:  # noqa: ANN401 - stem has no types
        for kinds, queue in self._heard_by:
            if event.type in kinds:
                queue.put_nowait(event)


def _read(descriptor: object, address: str) -> Descriptor | None:
    """Return the decrypted descriptor, or None if tor gave nothing, or only blank lines."""
    text = str(descriptor or "").strip()
    return decrypted(text, address) if text else None


@asynccontextmanager
async def control(path: str) -> AsyncIterator[Control]:
    """Connect to a control socket of our own for a block. Raises one of ``GONE`` if nobody answers.

    None of our tors asks for a password. stem says that authentication failed if the connection is
    lost while it authenticates (stem 1.8.2: stem/connection.py, authenticate), as one through ssh
    is whose tor does not listen yet.
    """
    try:
        controller, connection = await connected(path)
    except AuthenticationFailure as error:
        raise stem.SocketError(str(error)) from error
    async with closing(Control(controller, hang_up=connection.hang_up)) as tor:
        yield tor


@asynccontextmanager
async def closing(tor: Control) -> AsyncIterator[Control]:
    """Close a control connection as the block is left."""
    try:
        yield tor
    finally:
        await tor.close()
