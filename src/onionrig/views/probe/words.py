"""Describe a probe in words: what the board is, and what follows from its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.records.probe import CELL_BYTES, RECORD_BYTES
from onionrig.units import BITS_PER_BYTE, rate_text, size_text

if TYPE_CHECKING:
    from onionrig.records.probe import Probe
    from onionrig.records.samples import BoardState

TELLING = 2.0
"""Ratio of AES to SHA3 speed from which AES instructions are in use."""
NEARLY_ALL = 0.9
"""Share of cores times one core's speed from which cores do not hold one another back."""


def board_text(probe: Probe) -> str:
    """Return the description of the board in one line."""
    host = probe.host
    clock = f" up to {probe.clock_hertz / 1e9:.3g} GHz" if probe.clock_hertz else ""
    parts = (
        f"{host.cores} x {host.cpu_model or 'an unknown processor'}{clock}",
        size_text(host.memory_bytes),
        host.architecture,
        host.operating_system,
    )
    return f"{probe.board_model or host.name}: {', '.join(part for part in parts if part)}"


def meanings(probe: Probe) -> list[str]:
    """Return what follows from the figures, one sentence each."""
    sha3 = probe.speed("sha3-256", CELL_BYTES)
    gcm = probe.speed("aes-256-gcm", RECORD_BYTES)
    sentences = []
    if sha3 and gcm:
        sentences += _instructions(probe.host.aes_instructions, gcm / sha3)
        sentences.append(
            f"one core digests cells at {rate_text(sha3 * BITS_PER_BYTE)} and ciphers TLS records "
            f"at {rate_text(gcm * BITS_PER_BYTE)}; tor does both to every byte, and more besides"
        )
    if sha3:
        sentences.append(_at_once(probe, probe.all_cores_sha3_bytes_per_second / sha3))
    return sentences


def temperature_text(before: BoardState, after: BoardState) -> str:
    """Return the temperatures before and after."""
    if before.temperature_celsius is None or after.temperature_celsius is None:
        return "unknown"
    return f"{before.temperature_celsius:.1f} °C before, {after.temperature_celsius:.1f} °C after"


def throttling_text(board: BoardState) -> str:
    """Return the throttling that the firmware reports now, or since boot."""
    if board.throttling is None:
        return "unknown"
    return ", ".join(board.throttling) or "no, and not since boot"


def _instructions(has: bool | None, ratio: float) -> list[str]:  # noqa: FBT001 - a fact, or unknown
    faster = f"AES-256-GCM is {_times(ratio)} SHA3-256 here"
    if has is None:
        return []
    if has and ratio >= TELLING:
        return [f"AES instructions: yes, and openssl uses them: {faster}"]
    if has:
        return [f"AES instructions: yes, but openssl seems not to use them: {faster}"]
    return [f"AES instructions: no, so ciphers cost CPU here: {faster}"]


def _times(ratio: float) -> str:
    return f"{ratio:.1f} times as fast as" if ratio >= 1 else f"{1 / ratio:.1f} times as slow as"


def _at_once(probe: Probe, ratio: float) -> str:
    cores = probe.host.cores
    sentence = f"{cores} cores at once do {ratio:.2f} times what one does alone"
    if ratio >= NEARLY_ALL * cores:
        return sentence
    return f"{sentence}: shared units, heat, the power supply or other processes hold them back"
