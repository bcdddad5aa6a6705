"""Time ``openssl speed``, the program in Debian's package openssl.

A core's speed is counted per second of CPU time, which is openssl's default: other processes may
use the core for a while without spoiling the figure. (CPU time misleads only if the work is done
elsewhere, by a device that the kernel talks to; openssl uses those only if it was configured to.)
The speed of all cores at once is counted per second of wall-clock time (``-elapsed``, which
``-multi`` implies): there the question is what the board gets done, and cores that are withheld or
shared are part of the answer.
"""

from __future__ import annotations

import asyncio
import statistics
from typing import TYPE_CHECKING

import msgspec

from onionrig.errors import Unequipped
from onionrig.probe.children import child
from onionrig.probe.speed_output import complaint_from, speed_from, version_from
from onionrig.programs import found, run_program
from onionrig.records.probe import CELL_BYTES, AlgorithmSpeed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.processes.workspace import Kept
    from onionrig.records.probe import Algorithm

USUAL_PATH = "/usr/sbin:/usr/bin:/usr/local/bin"
_VERSION_SECONDS = 10
_SLACK_SECONDS = 20
"""Extra time to start, on a slow and busy board."""


class Untimed(Exception):
    """Openssl did not time an algorithm; the message says why."""


class OpensslProgram(msgspec.Struct, frozen=True, kw_only=True):
    """An openssl program on this machine."""

    path: str
    version: str


def find_openssl() -> OpensslProgram:
    """Return the openssl on PATH. Raises Unequipped."""
    path = found("openssl", elsewhere=USUAL_PATH)
    if path is None:
        raise Unequipped("openssl was not found, and a probe times it: apt-get install openssl")
    printed = run_program([path, "version"], seconds=_VERSION_SECONDS).out
    return OpensslProgram(path=path, version=version_from(printed))


async def one_core(
    openssl: OpensslProgram,
    algorithm: Algorithm,
    block_bytes: int,
    keeping: Kept,
    *,
    seconds: int,
) -> float:
    """Return the bytes per CPU-second of one core. Raises Untimed."""
    return await _speed(
        openssl, _options(algorithm, block_bytes, seconds), keeping, seconds=seconds
    )


async def all_cores_sha3(
    openssl: OpensslProgram, cores: int, keeping: Kept, *, seconds: int
) -> float:
    """Return the bytes per second of all cores together. Raises Unequipped."""
    options = ("-elapsed", "-multi", str(cores), *_options("sha3-256", CELL_BYTES, seconds))
    try:
        return await _speed(openssl, options, keeping, seconds=seconds)
    except Untimed as error:
        raise Unequipped(
            f"{openssl.path} ({openssl.version}) cannot time SHA3-256 on all cores: {error}; "
            "OpenSSL 1.1.1 or later can (apt-get install openssl)"
        ) from error


def together(algorithm: Algorithm, block_bytes: int, rounds: Sequence[float]) -> AlgorithmSpeed:
    """Return the result of several rounds."""
    return AlgorithmSpeed(
        algorithm=algorithm, block_bytes=block_bytes, bytes_per_second=statistics.fmean(rounds)
    )


def _options(algorithm: Algorithm, block_bytes: int, seconds: int) -> tuple[str, ...]:
    return ("-seconds", str(seconds), "-bytes", str(block_bytes), "-evp", algorithm)


async def _speed(
    openssl: OpensslProgram, options: Sequence[str], keeping: Kept, *, seconds: int
) -> float:
    argv = (openssl.path, "speed", "-mr", *options)
    try:
        async with child(argv, keeping) as timing, asyncio.timeout(seconds + _SLACK_SECONDS):
            await timing.over()
    except TimeoutError as error:
        raise Untimed(f"it had not ended after {seconds + _SLACK_SECONDS} s") from error
    speed = speed_from(timing.out)
    if timing.code or speed is None:
        raise Untimed(f"openssl said: {complaint_from(timing.err)}")
    return speed
