"""One attempt of a stream, from the dial to its end: what its bytes and its silence mean.

An attempt is given payload and times; its owner deals with sockets and handshakes. Times are
wall-clock seconds of the caller's clock.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import assert_never

from onionrig.movers.payload import Checker, PayloadFault
from onionrig.records.samples import FOREIGN_PEER
from onionrig.records.streams.transfers import Ending, Transfer

_SHOWN_BYTES = 24


class AttemptPhase(Enum):
    """What an attempt waits for."""

    CLIENT = auto()
    """The client tor accepts the connection; without a client tor, the peer does."""
    REPLY = auto()
    """The client's SOCKS reply: tor sends it when the circuit is joined and the stream open."""
    FIRST_BYTE = auto()
    DELIVERING = auto()


class Attempt:
    """One attempt of one stream."""

    __slots__ = (
        "_client",
        "_connected_at",
        "_detail",
        "_ended_at",
        "_first_byte_at",
        "_heard_at",
        "_number",
        "_started_at",
        "_stream",
        "_takes_foreign",
        "checker",
        "ending",
        "foreign",
        "phase",
        "unverified_bytes",
    )

    def __init__(
        self, *, stream: int, number: int, client: str, takes_foreign: bool = False, at: float
    ) -> None:
        self._stream = stream
        self._number = number
        self._client = client
        self._takes_foreign = takes_foreign
        self._started_at = self._heard_at = self._ended_at = at
        self._connected_at: float | None = None
        self._first_byte_at: float | None = None
        self._detail = ""
        self.checker = Checker()
        self.phase = AttemptPhase.CLIENT
        self.ending: Ending | None = None
        self.foreign = False
        """True if the peer is not a source of ours, and is allowed to deliver."""
        self.unverified_bytes = 0
        """Bytes that a foreign peer has sent, from its first byte on."""

    @property
    def backend(self) -> str | None:
        """The backend instance that serves, once it has named itself."""
        return self.checker.head.backend if self.checker.head else None

    @property
    def serving(self) -> str | None:
        """The name that its stream counts under: the backend instance, or a foreign peer."""
        return FOREIGN_PEER if self.foreign else self.backend

    @property
    def started(self) -> bool:
        """Whether verified payload, or any byte of a foreign peer, has arrived."""
        return self.foreign or self.checker.verified_bytes > 0

    def accepted(self) -> None:
        """Note that the client tor has accepted the connection and is asked for the stream."""
        self.phase = AttemptPhase.REPLY

    def connected(self, at: float) -> None:
        """Note that the stream is open; without a client tor it is open once the peer accepts."""
        self.phase = AttemptPhase.FIRST_BYTE
        self._connected_at = self._heard_at = at

    def received(self, payload: bytes | memoryview, at: float) -> None:
        """Take the payload of one read; only its length counts if the peer is foreign."""
        if self.ending is not None:
            return
        if self._first_byte_at is None:
            self._first_byte_at = at
            self.phase = AttemptPhase.DELIVERING
        self._heard_at = at
        if self.foreign:
            self.unverified_bytes += len(payload)
        else:
            self._check(payload, at)

    def closed(self, at: float) -> None:
        """End the attempt because the other side has closed the connection."""
        self.end(Ending.CLOSED, at, _MISSED[self.phase])

    def end(self, ending: Ending, at: float, detail: str = "") -> None:
        """Record why and when the attempt ended; only the first ending counts."""
        if self.ending is None:
            self.ending = ending
            self._detail = detail
            self._ended_at = at

    def end_with_run(self, at: float) -> None:
        """End the attempt with the run or the dialling: while payload comes, or still waiting."""
        if self.started:
            self.end(Ending.RUN_ENDED, at)
        else:
            self.end(Ending.STILL_WAITING, at, _MISSED[self.phase])

    def overdue(self, at: float, *, connect_seconds: float, stall_seconds: float) -> bool:
        """Return whether the attempt has been silent for longer than its phase allows."""
        allowed = stall_seconds if self.phase is AttemptPhase.DELIVERING else connect_seconds
        return at - self._heard_at >= allowed

    def give_up(self, at: float) -> None:
        """End the attempt because of its silence."""
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

    def _check(self, payload: bytes | memoryview, at: float) -> None:
        undecided = len(self.checker.beginning)
        self.checker.feed(payload)
        match self.checker.fault:
            case None:
                pass
            case PayloadFault.NOT_OURS if self._takes_foreign:
                self.foreign = True
                self.unverified_bytes = undecided + len(payload)
            case PayloadFault.NOT_OURS:
                shown = self.checker.beginning[:_SHOWN_BYTES]
                self.end(Ending.NOT_OUR_SOURCE, at, f"it began with {shown!r}")
            case PayloadFault.CORRUPT:
                self.end(Ending.CORRUPT, at, f"payload byte {self.checker.wrong_offset} is wrong")
            case fault:
                assert_never(fault)

    def _after(self, moment: float | None) -> float | None:
        return None if moment is None else moment - self._started_at


_SILENCE = {
    AttemptPhase.CLIENT: Ending.CONNECT_TIMEOUT,
    AttemptPhase.REPLY: Ending.CONNECT_TIMEOUT,
    AttemptPhase.FIRST_BYTE: Ending.NO_FIRST_BYTE,
    AttemptPhase.DELIVERING: Ending.STALLED,
}

_MISSED = {
    AttemptPhase.CLIENT: "before the connection",
    AttemptPhase.REPLY: "before the SOCKS reply",
    AttemptPhase.FIRST_BYTE: "before the first byte",
    AttemptPhase.DELIVERING: "",
}
