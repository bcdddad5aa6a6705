"""Ask a tor's MetricsPort over HTTP."""

from __future__ import annotations

import asyncio
import http.client
import io
from http import HTTPStatus

REQUEST = b"GET /metrics HTTP/1.0\r\n\r\n"
HEAD_ENDS = b"\r\n\r\n"


async def answer(host: str, port: int) -> str:
    """Return what is answered. Raises OSError where nobody does, ValueError for a strange answer.

    tor leaves the connection open behind an answer (src/feature/metrics/metrics.c), so its
    length is taken from the head.
    """
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(REQUEST)
        head = await reader.readuntil(HEAD_ENDS)
        body = await reader.readexactly(body_bytes(head))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise ValueError(f"{host}:{port}: {error}") from error
    finally:
        writer.close()
    return body.decode()


def body_bytes(head: bytes) -> int:
    """Return how long the body of an answer is. Raises ValueError unless all is well."""
    status, _, fields = head.partition(b"\r\n")
    if status.split()[1:2] != [str(HTTPStatus.OK.value).encode()]:
        raise ValueError(f"answered {status!r}")
    try:
        length = http.client.parse_headers(io.BytesIO(fields))["Content-Length"]
    except http.client.HTTPException as error:
        raise ValueError(f"answered {head!r}") from error
    if length is None or not length.isdecimal():
        raise ValueError(f"says no length: {head!r}")
    return int(length)
