"""One attempt of a stream, from the dial to its end: what its bytes and its silence mean.

It takes received bytes and times, and holds bytes to send; sockets belong to its owner. Times are
wall-clock seconds of the caller's clock.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import assert_never

from onionrig.movers.payload import Checker, Fault
from onionrig.records.samples import FOREIGN_PEER
from onionrig.records.transfers import Ending, Transfer
from onionrig.tor.socks import GREETING, Connected, Continue, Handshake, Refused, Step

_SHOWN_BYTES = 24


class Phase(Enum):
    """What an attempt waits for."""

    CLIENT = auto()
    """The client tor, or where none is between the peer, to accept the connection."""
    REPLY = auto()
    """The client's SOCKS reply: tor sends it when the circuit is joined and the stream open."""
    FIRST_BYTE = auto()
    DELIVERING = auto()


class Attempt:
    """One attempt of one stream; ``outgoing`` is what its owner has to send next."""

    __slots__ = (
        "_client",
        "_connected_at",
        "_detail",
        "_ended_at",
        "_first_byte_at",
        "_handshake",
        "_heard_at",
        "_number",
        "_started_at",
        "_stream",
        "_takes_foreign",
        "checker",
        "ending",
        "foreign",
        "outgoing",
        "phase",
        "unverified_bytes",
    )

    def __init__(  # noqa: PLR0913 - what an attempt is, and when it began
        self,
        *,
        stream: int,
        number: int,
        client: str,
        handshake: Handshake | None,
        takes_foreign: bool = False,
        at: float,
    ) -> None:
        self._stream = stream
        self._number = number
        self._client = client
        self._handshake = handshake
        """None without a client tor, and once it is over."""
        self._takes_foreign = takes_foreign
        self._started_at = self._heard_at = self._ended_at = at
        self._connected_at: float | None = None
        self._first_byte_at: float | None = None
        self._detail = ""
        self.checker = Checker()
        self.phase = Phase.CLIENT
        self.ending: Ending | None = None
        self.outgoing = b""
        self.foreign = False
        """Whether a peer that is no source of ours delivers, and may."""
        self.unverified_bytes = 0
        """What a foreign peer has sent, from its first byte on."""

    @property
    def backend(self) -> str | None:
        """The backend instance that serves, once it has said so."""
        return self.checker.head.backend if self.checker.head else None

    @property
    def serving(self) -> str | None:
        """The name that its stream counts under: the backend instance, or a foreign peer."""
        return FOREIGN_PEER if self.foreign else self.backend

    @property
    def started(self) -> bool:
        """Whether verified payload has come, or bytes of a foreign peer."""
        return self.foreign or self.checker.verified_bytes > 0

    def accepted(self, at: float) -> None:
        """Go on: the client tor, or the peer, has accepted the connection."""
        if self._handshake is None:
            self._connected(at)
        else:
            self.phase = Phase.REPLY
            self.outgoing = GREETING

    def sent(self, size_bytes: int) -> None:
        """Drop so many bytes of ``outgoing``: they are sent."""
        self.outgoing = self.outgoing[size_bytes:]

    def received(self, piece: memoryview, at: float) -> None:
        """Take the bytes of one read; of a foreign peer's only the number counts."""
        if self.ending is not None:
            return
        if self._handshake is None:
            self._payload(piece, at)
        else:
            self._answer(self._handshake.feed(piece), at)

    def closed(self, at: float) -> None:
        """End it: the other side has closed the connection."""
        self.end(Ending.CLOSED, at, _MISSED[self.phase])

    def end(self, ending: Ending, at: float, detail: str = "") -> None:
        """Keep why and when it ended; the first ending holds."""
        if self.ending is None:
            self.ending = ending
            self._detail = detail
            self._ended_at = at

    def overdue(self, at: float, *, connect_seconds: float, stall_seconds: float) -> bool:
        """Whether it has been silent for longer than its phase allows."""
        allowed = stall_seconds if self.phase is Phase.DELIVERING else connect_seconds
        return at - self._heard_at >= allowed

    def give_up(self, at: float) -> None:
        """End it for its silence."""
        self.end(_SILENCE[self.phase], at, f"silent for {at - self._heard_at:.1f} s")

    def transfer(self) -> Transfer:
        """Return the record of an ended attempt."""
        if self.ending is None:
            raise AssertionError(f"stream {self._stream}: its attempt has not ended")
        return Transfer(
            stream=self._stream,
            attempt=self._number,
            client=self._client,
            backend=self.backend,
            started_wall_seconds=self._started_at,
            connected_after_seconds=self._after(self._connected_at),
            first_byte_after_seconds=self._after(self._first_byte_at),
            ended_after_seconds=self._ended_at - self._started_at,
            verified_bytes=self.checker.verified_bytes,
            ending=self.ending,
            unverified_bytes=self.unverified_bytes,
            detail=self._detail,
        )

    def _answer(self, step: Step, at: float) -> None:
        match step:
            case Continue(to_send):
                self.outgoing += to_send
            case Refused(reason):
                self.end(Ending.SOCKS_REFUSED, at, reason)
            case Connected(leftover):
                self._connected(at)
                if leftover:
                    self._payload(memoryview(leftover), at)
            case _:
                assert_never(step)

    def _connected(self, at: float) -> None:
        self._handshake = None
        self.phase = Phase.FIRST_BYTE
        self._connected_at = self._heard_at = at

    def _payload(self, piece: memoryview, at: float) -> None:
        if self._first_byte_at is None:
            self._first_byte_at = at
            self.phase = Phase.DELIVERING
        self._heard_at = at
        if self.foreign:
            self.unverified_bytes += len(piece)
            return
        undecided = len(self.checker.beginning)
        self.checker.feed(piece)
        match self.checker.fault:
            case None:
                pass
            case Fault.NOT_OURS if self._takes_foreign:
                self.foreign = True
                self.unverified_bytes = undecided + len(piece)
            case Fault.NOT_OURS:
                shown = self.checker.beginning[:_SHOWN_BYTES]
                self.end(Ending.NOT_OUR_SOURCE, at, f"it began with {shown!r}")
            case Fault.CORRUPT:
                self.end(Ending.CORRUPT, at, f"payload byte {self.checker.wrong_offset} is wrong")
            case fault:
                assert_never(fault)

    def _after(self, moment: float | None) -> float | None:
        return None if moment is None else moment - self._started_at


_SILENCE = {
    Phase.CLIENT: Ending.CONNECT_TIMEOUT,
    Phase.REPLY: Ending.CONNECT_TIMEOUT,
    Phase.FIRST_BYTE: Ending.NO_FIRST_BYTE,
    Phase.DELIVERING: Ending.STALLED,
}

_MISSED = {
    Phase.CLIENT: "before the connection",
    Phase.REPLY: "before the SOCKS reply",
    Phase.FIRST_BYTE: "before the first byte",
    Phase.DELIVERING: "",
}
