"""The bytes that a source sends and a sink expects: one head line, then a fixed block for ever.

The head line names who serves; the block is 1 MiB of numbered 64-byte lines, printable, so that a
person may look at it and any changed, lost, doubled or moved byte shows. Only the loss of a whole
number of blocks cannot show: with tor's 498 bytes per cell (tor-spec, "Relay cells") that takes
2^19 cells in a row.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

import msgspec

from onionrig.errors import UsageError

LINE_BYTES: Final = 64
BLOCK_BYTES: Final = 1 << 20
LONGEST_HEAD_BYTES: Final = 256

_MAGIC: Final = b"onionrig 1 "
_NAME: Final = re.compile(r"[!-~]+")
_FIELD: Final = re.compile(rb"(?P<key>[a-z]+)=(?P<value>[!-~]+)")
_FILLING: Final = "onionrig payload, line"


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The host and backend that serve a stream, by the names the rig gave them."""

    host: str
    backend: str


class PayloadFault(Enum):
    """How a stream can differ from what a source of ours sends."""

    NOT_OURS = auto()
    """It does not begin with a head line."""
    CORRUPT = auto()
    """Its head line is ours, but a byte after it is wrong."""


def head_line(host: str, backend: str) -> bytes:
    """Return the line that a stream begins with, including its newline.

    Raises UsageError for a name with anything but visible ASCII, or a line above 256 bytes.
    """
    for name in (host, backend):
        if _NAME.fullmatch(name) is None:
            raise UsageError(
                f"{name!r} cannot name a host or backend: use visible ASCII, no spaces"
            )
    line = _MAGIC + f"host={host} backend={backend}\n".encode("ascii")
    if len(line) > LONGEST_HEAD_BYTES:
        raise UsageError(f"the names {host!r} and {backend!r} are too long together")
    return line


def parse_head(line: bytes) -> Head | None:
    """Return a head line's content, or None if it is not one. Unknown fields are ignored."""
    if not line.startswith(_MAGIC) or not line.endswith(b"\n"):
        return None
    fields: dict[bytes, str] = {}
    for word in line[len(_MAGIC) : -1].split(b" "):
        match = _FIELD.fullmatch(word)
        if match is None:
            return None
        fields[match["key"]] = match["value"].decode("ascii")
    if b"host" not in fields or b"backend" not in fields:
        return None
    return Head(host=fields[b"host"], backend=fields[b"backend"])


class Checker:
    """Compare one stream with what it must be, in pieces of any size.

    A piece is compared with the slice of the block that is due, by one memcmp and without a copy.
    The first difference is final: everything after it counts as rejected, not as verified.
    """

    __slots__ = ("_beginning", "fault", "head", "rejected_bytes", "verified_bytes")

    def __init__(self) -> None:
        self.head: Head | None = None
        self.verified_bytes = 0
        """Payload bytes found correct; the head line is not payload."""
        self.rejected_bytes = 0
        """Bytes from the first wrong one on."""
        self.fault: PayloadFault | None = None
        self._beginning = b""

    @property
    def wrong_offset(self) -> int | None:
        """Offset of the first wrong byte in the payload; None if there is none."""
        return self.verified_bytes if self.fault is PayloadFault.CORRUPT else None

    @property
    def beginning(self) -> bytes:
        """The first bytes of a stream that is not ours, or of a head line still incomplete."""
        return self._beginning

    def feed(self, piece: bytes | memoryview) -> None:
        """Take the bytes of one read."""
        rest = memoryview(piece)
        if self.head is None and self.fault is None:
            rest = self._collect_head(rest)
        while rest and self.fault is None:
            self._compare(rest[:BLOCK_BYTES])
            rest = rest[BLOCK_BYTES:]
        if self.fault is not None:
            self.rejected_bytes += len(rest)

    def _compare(self, piece: memoryview) -> None:
        offset = self.verified_bytes % BLOCK_BYTES
        if DOUBLED_BLOCK.startswith(piece, offset):
            self.verified_bytes += len(piece)
            return
        right_bytes = _equal_bytes(piece, offset)
        self.fault = PayloadFault.CORRUPT
        self.verified_bytes += right_bytes
        self.rejected_bytes += len(piece) - right_bytes

    def _collect_head(self, piece: memoryview) -> memoryview:
        """Add to the head line, and return the bytes that follow it."""
        collected_bytes = len(self._beginning)
        candidate = self._beginning + bytes(piece[: LONGEST_HEAD_BYTES - collected_bytes])
        size = candidate.find(b"\n") + 1
        self._beginning = candidate[:size] if size else candidate
        if size:
            self.head = parse_head(self._beginning)
        elif len(candidate) < LONGEST_HEAD_BYTES and _may_be_ours(candidate):
            return piece[len(piece) :]
        if self.head is None:
            self.fault = PayloadFault.NOT_OURS
            return piece
        self._beginning = b""
        return piece[size - collected_bytes :]


def _block() -> bytes:
    lines = BLOCK_BYTES // LINE_BYTES
    return b"".join(_line(number, lines) for number in range(lines))


def _line(number: int, lines: int) -> bytes:
    text = f"{_FILLING} {number:05d} of {lines:05d} "
    return text.encode("ascii").ljust(LINE_BYTES - 1, b".") + b"\n"


DOUBLED_BLOCK: Final = 2 * _block()
"""The block twice, so that a slice of up to its size is contiguous wherever it begins."""


def _may_be_ours(beginning: bytes) -> bool:
    return beginning.startswith(_MAGIC) or _MAGIC.startswith(beginning)


def _equal_bytes(piece: memoryview, offset: int) -> int:
    """Return the number of bytes before the first difference, byte by byte: once per stream."""
    due = memoryview(DOUBLED_BLOCK)[offset : offset + len(piece)]
    return next(at for at, (is_, ought) in enumerate(zip(piece, due, strict=True)) if is_ != ought)
