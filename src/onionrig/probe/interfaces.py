"""The network interfaces of a board that are up, and the rates of their links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from onionrig.movers.sampler.host import LOOPBACK, link_bits_per_second, read_text
from onionrig.records.probe import ProbedInterface

if TYPE_CHECKING:
    from pathlib import Path

_CARRIES = "1"
"""Content of ``carrier`` for an interface with a link; if the interface is down, it is
unreadable."""


def probed_interfaces(root: Path) -> tuple[ProbedInterface, ...]:
    """Return the interfaces that have a link, by name."""
    return tuple(
        _interface_at(path)
        for path in sorted((root / "sys/class/net").glob("*"))
        if path.name != LOOPBACK and (read_text(path / "carrier") or "").strip() == _CARRIES
    )


def _interface_at(path: Path) -> ProbedInterface:
    kind = _kind(path)
    # a veth reports 10 Gbit/s and a Wi-Fi driver anything: neither is the rate of a link
    rate = link_bits_per_second(read_text(path / "speed")) if kind == "wired" else None
    return ProbedInterface(name=path.name, kind=kind, link_bits_per_second=rate)


def _kind(path: Path) -> Literal["wired", "wireless", "virtual"]:
    if (path / "wireless").exists() or (path / "phy80211").exists():
        return "wireless"
    return "wired" if (path / "device").exists() else "virtual"
