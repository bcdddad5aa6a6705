"""One line for every attempt of a stream: from the dial to its end, and why it ended."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Ending(StrEnum):
    """Why an attempt ended; everything but ``RUN_ENDED`` is a failure."""

    RUN_ENDED = "run ended"
    CLIENT_UNREACHABLE = "client tor unreachable"
    PEER_UNREACHABLE = "peer unreachable"
    SOCKS_REFUSED = "SOCKS refused"
    CONNECT_TIMEOUT = "connect timeout"
    NO_FIRST_BYTE = "no first byte"
    NOT_OUR_SOURCE = "not our source"
    CORRUPT = "corrupt payload"
    STALLED = "stalled"
    CLOSED = "closed by the other side"
    RESET = "connection reset"


class Transfer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One attempt of one stream."""

    stream: int
    """The stream's number, from 0; it keeps it when it reconnects."""
    attempt: int
    """From 1; above 1 is a reconnection."""
    client: str
    backend: str | None
    """The backend instance that served, None if it never said so."""
    started_wall_seconds: float
    connected_after_seconds: float | None
    """From the dial to the SOCKS reply, or to the connection where no tor is between."""
    first_byte_after_seconds: float | None
    ended_after_seconds: float
    verified_bytes: int
    ending: Ending
    unverified_bytes: int = 0
    """Bytes of a foreign peer, which nobody can check; only a baseline has them."""
    detail: str = ""
    """What exactly: tor's extended SOCKS error, the offset of a wrong byte, an errno."""

    @property
    def failed(self) -> bool:
        """Whether the attempt ended before the run did."""
        return self.ending is not Ending.RUN_ENDED

    @property
    def reason(self) -> str:
        """The ending with its detail, as reasons are counted and shown."""
        shown = self.detail if self.ending in _REASONED else ""
        return f"{self.ending}: {shown}" if shown else str(self.ending)


_REASONED = {Ending.SOCKS_REFUSED, Ending.CLIENT_UNREACHABLE, Ending.PEER_UNREACHABLE}
"""Endings whose detail is one of a few, so that it is part of the reason."""
