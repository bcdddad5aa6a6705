"""One line for every attempt of a stream: from the dial to its end, and why it ended."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Ending(StrEnum):
    """Why an attempt ended; everything but the first three is a failure.

    Records from before ``SERVED`` and ``STILL_WAITING`` have ``RUN_ENDED`` for all three: the
    verified bytes tell them apart.
    """

    SERVED = "served"
    """A dial verified as much payload as asked for, and hung up."""
    RUN_ENDED = "run ended"
    """Payload arrived until the run or the dialling ended."""
    STILL_WAITING = "still waiting"
    """The run or the dialling ended before any payload had arrived."""
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
    """Number of the stream, counted from 0; it stays the same across reconnections."""
    attempt: int
    """Number of the attempt, counted from 1; above 1 it is a reconnection."""
    client: str
    backend: str | None
    """Backend instance that served; null if it never named itself."""
    started_wall_seconds: float
    connected_after_seconds: float | None
    """Time from the dial to the SOCKS reply, or to the connection if there is no tor in between."""
    first_byte_after_seconds: float | None
    ended_after_seconds: float
    verified_bytes: int
    ending: Ending
    unverified_bytes: int = 0
    """Bytes of a foreign peer, which cannot be verified; only a baseline has them."""
    detail: str = ""
    """Details: tor's extended SOCKS error, the offset of a wrong byte, an errno."""

    @property
    def failed(self) -> bool:
        """Whether the attempt ended prematurely."""
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
"""Endings without a failure."""
_REASONED = {Ending.SOCKS_REFUSED, Ending.CLIENT_UNREACHABLE, Ending.PEER_UNREACHABLE}
"""Endings whose detail takes few distinct values, so that it is part of the reason."""
