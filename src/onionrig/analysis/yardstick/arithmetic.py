"""The arithmetic that a Gbit of payload needs on its way, whatever program does it.

Payload travels in relay cells of 514 bytes that carry 498 of it (tor-spec, "Relay cells"; 509 bytes
of a cell are ciphered and digested). Both ends of the rendezvous circuit digest each cell with
SHA3-256 and cipher it once end to end (rend-spec-v3, "KDF-RAW"); each end also ciphers it once for
every hop of its own circuit, and each relay once, the rendezvous point once for either circuit.
Every link between two tors seals and opens it in TLS records; the kernel sends and receives it on
each link, and between the two ends and the programs behind them; what these programs do themselves
is not counted.
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
"""Hops of a service's circuit to the rendezvous point, the point included: one more than usual,
because the client chose that relay (tor: src/core/or/circuitbuild.c, route_len_for_purpose;
docs/lab-notes.md has circuits that were counted). A single-hop service connects to it directly."""
ROLES = ("backend", "client", "relay")
KINDS = ("sha3", "aes", "tls", "kernel")
Arithmetic = dict[str, dict[str, float]]
"""CPU-seconds per Gbit by role, and in it by kind of work."""
NEEDED: tuple[WorkPart, ...] = ("digest", "cipher", "records", "bulk")
"""Parts of the yardstick that are needed."""


def relays_of(mode: Mode) -> int | None:
    """Return the number of relays between client and service, or None without tor."""
    hops = SERVICE_HOPS.get(mode)
    return None if hops is None else CLIENT_HOPS + hops - 1


def arithmetic_seconds_per_gbit(mode: Mode, speeds: PartSpeeds) -> Arithmetic | None:
    """Return the CPU-seconds per Gbit by role and kind of work; None if a speed is not known.

    ``speeds`` are bytes per CPU-second of the yardstick's parts. Sealing a record and opening it
    count as half each, and so do sending and receiving.
    """
    relays = relays_of(mode)
    if relays is None or any(not speeds.get(part) for part in NEEDED):
        return None
    passes = {"backend": 1 + SERVICE_HOPS[mode], "client": 1 + CLIENT_HOPS, "relay": relays + 1}
    digests = {"backend": 1, "client": 1, "relay": 0}
    link_ends = {"backend": 1, "client": 1, "relay": 2 * relays}
    # a backend takes its payload from the source, and a client hands it to the sink
    plain_ends = {"backend": 1, "client": 1, "relay": 0}
    cells = GBIT_BYTES / PAYLOAD_BYTES
    return {
        role: {
            "sha3": digests[role] * CIPHERED_BYTES * cells / speeds["digest"],
            "aes": passes[role] * CIPHERED_BYTES * cells / speeds["cipher"],
            "tls": link_ends[role] / 2 * CELL_BYTES * cells / speeds["records"],
            "kernel": (link_ends[role] / 2 * CELL_BYTES * cells + plain_ends[role] / 2 * GBIT_BYTES)
            / speeds["bulk"],
        }
        for role in ROLES
    }


def summed_by_kind(arithmetic: Arithmetic) -> dict[str, float]:
    """Return the CPU-seconds per Gbit by kind of work, over all roles."""
    return {kind: sum(role_seconds[kind] for role_seconds in arithmetic.values()) for kind in KINDS}


def summed_by_role(arithmetic: Arithmetic) -> dict[str, float]:
    """Return the CPU-seconds per Gbit by role, over all kinds of work."""
    return {role: sum(role_seconds.values()) for role, role_seconds in arithmetic.items()}
