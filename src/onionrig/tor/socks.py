"""The SOCKS5 handshake with a client tor as bytes in, bytes out: no I/O here.

Every attempt has its own user name and password, because tor gives streams with different
credentials different circuits (tor(1), SocksPort: IsolateSOCKSAuth, on by default). Messages are
those of RFC 1928 and RFC 1929.
"""

from __future__ import annotations

from enum import Enum, auto

import msgspec

from onionrig.errors import UsageError

VERSION = 5
LOGIN_VERSION = 1
USERNAME_PASSWORD = 2
NO_ACCEPTABLE_METHOD = 0xFF
CONNECT = 1
SUCCEEDED = 0

GREETING = bytes([VERSION, 1, USERNAME_PASSWORD])
"""First message of a client: it offers only credentials, since isolation needs them."""

REFUSALS = {
    # RFC 1928, section 6
    0x01: "general SOCKS server failure",
    0x02: "connection not allowed by ruleset",
    0x03: "network unreachable",
    0x04: "host unreachable",
    0x05: "connection refused",
    0x06: "TTL expired",
    0x07: "command not supported",
    0x08: "address type not supported",
    # tor(1), SocksPort: ExtendedErrors
    0xF0: "onion service descriptor can not be found",
    0xF1: "onion service descriptor is invalid",
    0xF2: "onion service introduction failed",
    0xF3: "onion service rendezvous failed",
    0xF4: "onion service missing client authorization",
    0xF5: "onion service wrong client authorization",
    0xF6: "onion service invalid address",
    0xF7: "onion service introduction timed out",
}
"""Meaning of each code in a refusing reply."""

_LONGEST_FIELD = 255  # lengths travel in one byte
_HIGHEST_PORT = 65535

_IPV4, _DOMAIN, _IPV6 = 1, 3, 4
_REPLY_HEAD = 4  # version, code, reserved, address type
_PORT = 2
_ADDRESS_SIZES = {_IPV4: 4, _IPV6: 16}


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """The credentials by which tor isolates streams; it checks neither."""

    username: str
    password: str


class Continue(msgspec.Struct, frozen=True, tag=True):
    """The handshake goes on: send this, if anything, and feed what comes."""

    to_send: bytes = b""


class Connected(msgspec.Struct, frozen=True, tag=True):
    """The stream is open; ``leftover`` is payload that came in the same read as the reply."""

    leftover: bytes


class Refused(msgspec.Struct, frozen=True, tag=True):
    """There will be no stream, for this reason; ``code`` is set if the reply carried one."""

    reason: str
    code: int | None = None


HandshakeStep = Continue | Connected | Refused


class Handshake:
    """One client's side of one handshake: send ``GREETING``, then feed whatever is received.

    Making one raises UsageError for an address, port or credentials that no message can carry.
    Received bytes never raise: anything but a valid reply is a refusal.
    """

    __slots__ = ("_login", "_received", "_request", "_stage")

    def __init__(self, address: str, port: int, credentials: Credentials) -> None:
        self._login = login(credentials)
        self._request = connect_request(address, port)
        self._received = bytearray()
        self._stage = _AwaitedReply.METHOD

    def feed(self, piece: bytes | memoryview) -> HandshakeStep:
        """Take the bytes of one read, however they are split, and return the next step."""
        self._received += piece
        match self._stage:
            case _AwaitedReply.METHOD:
                return self._method_reply()
            case _AwaitedReply.LOGIN:
                return self._login_reply()
            case _AwaitedReply.CONNECT:
                return self._connect_reply()
            case _AwaitedReply.OVER:
                return Refused("fed after the end of the handshake")

    def _method_reply(self) -> HandshakeStep:
        if self._received[:1] not in (b"", bytes([VERSION])):
            return self._malformed("the greeting")
        if len(self._received) < len(b"VM"):
            return Continue()
        method = self._received[1]
        if method == NO_ACCEPTABLE_METHOD:
            return self._refuse("credentials are not accepted")
        if method != USERNAME_PASSWORD:
            return self._malformed("the greeting")
        return self._next(_AwaitedReply.LOGIN, self._login, reply_size=2)

    def _login_reply(self) -> HandshakeStep:
        if self._received[:1] not in (b"", bytes([LOGIN_VERSION])):
            return self._malformed("the credentials")
        if len(self._received) < len(b"VS"):
            return Continue()
        if self._received[1] != SUCCEEDED:
            return self._refuse("the credentials were rejected")
        return self._next(_AwaitedReply.CONNECT, self._request, reply_size=2)

    def _connect_reply(self) -> HandshakeStep:
        received = self._received
        if received[:1] not in (b"", bytes([VERSION])):
            return self._malformed("the request")
        if len(received) > 1 and received[1] != SUCCEEDED:
            code = received[1]
            return self._refuse(refusal_text(code), code)
        if len(received) <= _REPLY_HEAD:
            return Continue()
        size = _reply_size(kind=received[3], first=received[4])
        if size is None:
            return self._malformed("the request")
        if len(received) < size:
            return Continue()
        self._stage = _AwaitedReply.OVER
        return Connected(bytes(received[size:]))

    def _next(self, stage: _AwaitedReply, to_send: bytes, *, reply_size: int) -> HandshakeStep:
        if len(self._received) > reply_size:
            return self._refuse("the SOCKS port answered before it was asked")
        self._received.clear()
        self._stage = stage
        return Continue(to_send)

    def _malformed(self, question: str) -> Refused:
        shown = bytes(self._received[:8]).hex(" ")
        return self._refuse(f"malformed answer to {question}: {shown}")

    def _refuse(self, reason: str, code: int | None = None) -> Refused:
        self._stage = _AwaitedReply.OVER
        return Refused(reason, code)


def login(credentials: Credentials) -> bytes:
    """Return the user name and password message of RFC 1929.

    Raises UsageError if one of them is empty or longer than 255 bytes.
    """
    username = _field(credentials.username, field_name="SOCKS user name")
    password = _field(credentials.password, field_name="SOCKS password")
    return bytes([LOGIN_VERSION]) + username + password


def connect_request(address: str, port: int) -> bytes:
    """Return a CONNECT to a domain name, which tor resolves: onion addresses have no other form.

    Raises UsageError for a name that is empty or longer than 255 bytes, or a port outside 1-65535.
    """
    if not 0 < port <= _HIGHEST_PORT:
        raise UsageError(f"port {port} is outside 1-{_HIGHEST_PORT}")
    name = _field(address, field_name="address")
    return bytes([VERSION, CONNECT, 0, _DOMAIN]) + name + port.to_bytes(_PORT, "big")


def refusal_text(code: int) -> str:
    """Return the text recorded for a code: ``"F2 onion service introduction failed"``."""
    return f"{code:02X} {REFUSALS.get(code, 'unassigned code')}"


class _AwaitedReply(Enum):
    """The reply that is awaited."""

    METHOD = auto()
    LOGIN = auto()
    CONNECT = auto()
    OVER = auto()


def _field(text: str, *, field_name: str) -> bytes:
    try:
        content = text.encode("ascii")
    except UnicodeEncodeError:
        raise UsageError(f"the {field_name} {text!r} is not ASCII") from None
    if not 0 < len(content) <= _LONGEST_FIELD:
        raise UsageError(
            f"the {field_name} has {len(content)} bytes, SOCKS carries 1-{_LONGEST_FIELD}"
        )
    return bytes([len(content)]) + content


def _reply_size(*, kind: int, first: int) -> int | None:
    """Return a reply's size from its address type and the byte after it, or None if unknown."""
    if kind == _DOMAIN:
        return _REPLY_HEAD + 1 + first + _PORT
    if kind in _ADDRESS_SIZES:
        return _REPLY_HEAD + _ADDRESS_SIZES[kind] + _PORT
    return None
