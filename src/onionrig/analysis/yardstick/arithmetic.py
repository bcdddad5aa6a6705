"""The arithmetic that a Gbit of payload needs on its way, whatever program does it.

Payload travels in relay cells of 514 bytes that carry 498 of it (tor-spec, "Relay cells"; 509 bytes
of a cell are ciphered and digested). Both ends of the rendezvous circuit digest each cell with
SHA3-256 and cipher it once end to end (rend-spec-v3, "KDF-RAW"); each end also ciphers it once for
every hop of its own circuit, and each relay once, the rendezvous point once for either circuit.
Every link between two tors seals and opens it in TLS records; the kernel sends and receives it on
each link, and between the two ends and the programs behind them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onionrig.analysis.yardstick.core_speed import PartSpeeds
    from onionrig.records.manifest import Mode
    from onionrig.records.yardstick.readings import WorkPart

PAYLOAD_BYTES, CIPHERED_BYTES, CELL_BYTES = 498, 509, 514
GBIT_BYTES = 1e9 / 8
CLIENT_HOPS = 3
"""Hops of a client's circuit to the rendezvous point, which is the last of them."""
SERVICE_HOPS: dict[Mode, int] = {"anonymous": 4, "single-hop": 1}
"""Hops of a service's circuit to the rendezvous point, the point included (path-spec, "Vanguards";
single-hop services dial it)."""
ENDS = 2
NEEDED: tuple[WorkPart, ...] = ("digest", "cipher", "records", "bulk")
"""Parts of the yardstick that are needed."""


def relays_of(mode: Mode) -> int | None:
    """Return the number of relays between client and service, or None without tor."""
    hops = SERVICE_HOPS.get(mode)
    return None if hops is None else CLIENT_HOPS + hops - 1


def arithmetic_seconds_per_gbit(mode: Mode, speeds: PartSpeeds) -> dict[str, float] | None:
    """Return the CPU-seconds per Gbit by kind of work; None if a speed is not known.

    ``speeds`` are bytes per CPU-second of the yardstick's parts.
    """
    relays = relays_of(mode)
    if relays is None or any(not speeds.get(part) for part in NEEDED):
        return None
    cells = GBIT_BYTES / PAYLOAD_BYTES
    links = relays + 1
    passes = ENDS + CLIENT_HOPS + SERVICE_HOPS[mode] + relays + 1
    return {
        "sha3": ENDS * CIPHERED_BYTES * cells / speeds["digest"],
        "aes": passes * CIPHERED_BYTES * cells / speeds["cipher"],
        "tls": links * CELL_BYTES * cells / speeds["records"],
        "kernel": (links * CELL_BYTES * cells + ENDS * GBIT_BYTES) / speeds["bulk"],
    }
