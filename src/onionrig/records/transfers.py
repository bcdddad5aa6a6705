"""One line for every attempt of a stream: from the dial to its end, and why it ended."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Ending(StrEnum):
    """Why an attempt ended; everything but the first three is a failure.

    Records from before ``SERVED`` and ``STILL_WAITING`` say ``RUN_ENDED`` for all three: what was
    verified tells them apart.
    """

    SERVED = "served"
    """A dial verified as much payload as it was told to, and hung up."""
    RUN_ENDED = "run ended"
    """Payload came until the run ended, or the dialling was ended."""
    STILL_WAITING = "still waiting"
    """The run or the dialling was ended, and not a byte of payload had come."""
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
        """Whether the attempt ended before it should have."""
        return self.ending not in _MEANT

    @property
    def was_still_waiting(self) -> bool:
        """Whether the end of the run or of the dialling cut it off before its first payload."""
        return not self.failed and not (self.verified_bytes or self.unverified_bytes)

    @property
    def reason(self) -> str:
        """The ending with its detail, as reasons are counted and shown."""
        shown = self.detail if self.ending in _REASONED else ""
        return f"{self.ending}: {shown}" if shown else str(self.ending)


_MEANT = {Ending.SERVED, Ending.RUN_ENDED, Ending.STILL_WAITING}
"""Endings that nothing that went wrong brought about."""
_REASONED = {Ending.SOCKS_REFUSED, Ending.CLIENT_UNREACHABLE, Ending.PEER_UNREACHABLE}
"""Endings whose detail is one of a few, so that it is part of the reason."""
