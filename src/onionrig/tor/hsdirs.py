"""Ask HSDirs for an address's descriptor, each by name."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from onionrig.records.descriptor import Answer
from onionrig.tor.descriptors import Descriptor, decrypted
from onionrig.tor.hash_ring import HSDir

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.tor.control import Control

ATTEMPTS = 4
ATTEMPT_SECONDS = 5.0
"""Deadline of one attempt. An answer comes within a second or two, or not at all: NEWNYM, which
Onionbalance sends to its tor before each round of fetches, cancels every fetch under way without
notice (tor: src/feature/hs/hs_client.c, hs_client_purge_state). So an HSDir is asked again before
long; an answer to an earlier attempt counts as well."""
NOT_FOUND = "NOT_FOUND"


class HSDirReply(msgspec.Struct, frozen=True, kw_only=True):
    """An HSDir's answer."""

    hsdir: HSDir
    answer: Answer
    reason: str = ""
    """The reason for no descriptor, in tor's word."""
    descriptor: Descriptor | None = None


async def ask_all(
    control: Control, address: str, hsdirs: Sequence[HSDir]
) -> tuple[HSDirReply, ...]:
    """Ask HSDirs at the same time and return their answers; each has 20 s."""
    return tuple(await asyncio.gather(*(ask(control, address, hsdir) for hsdir in hsdirs)))


async def ask_until_found(
    control: Control, address: str, hsdirs: Sequence[HSDir]
) -> Descriptor | None:
    """Ask one HSDir after another, and return the first descriptor, or None."""
    for hsdir in hsdirs:
        reply = await ask(control, address, hsdir)
        if reply.descriptor is not None:
            return reply.descriptor
    return None


async def ask(control: Control, address: str, hsdir: HSDir) -> HSDirReply:
    """Ask one HSDir, again if it does not answer, and return its answer."""
    fingerprint = hsdir.relay.fingerprint
    for _ in range(ATTEMPTS):
        answer = await control.ask_hsdir(address, server=fingerprint, seconds=ATTEMPT_SECONDS)
        if answer.timed_out:
            continue
        if answer.text is None:
            nothing = answer.refusal in {NOT_FOUND, ""}
            kind = Answer.NOTHING if nothing else Answer.REFUSED
            return HSDirReply(hsdir=hsdir, answer=kind, reason=answer.refusal)
        try:
            descriptor = decrypted(answer.text, address)
        except ValueError as error:
            return HSDirReply(hsdir=hsdir, answer=Answer.UNREADABLE, reason=str(error))
        return HSDirReply(hsdir=hsdir, answer=Answer.HELD, descriptor=descriptor)
    return HSDirReply(hsdir=hsdir, answer=Answer.SILENT)
