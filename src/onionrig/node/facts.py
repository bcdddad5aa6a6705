"""Print what this host is and has, as JSON: ``python -m onionrig.node.facts [ADDRESS [ssh]]``.

The controller runs it over SSH before a run; other hosts reach this one at ADDRESS. After an
address comes ``ssh`` if nobody chose it and it is only the one at which SSH arrived: names that end
in .local often lead to an IPv6 address, and a relay has to listen on an IPv4 one.
"""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import psutil

from onionrig import __version__
from onionrig.balancer.program import find_onionbalance
from onionrig.errors import Unequipped
from onionrig.movers.sampler.host import link_bits_per_second, read_text
from onionrig.probe.facts import host_facts, host_name, usable_memory
from onionrig.programs import NotRun, run_program
from onionrig.records.manifest import HostFacts, Versions
from onionrig.rig import units
from onionrig.tor.program import find_tor

if TYPE_CHECKING:
    from collections.abc import Sequence

STATE = Path(units.STATE)
"""Directory in which provisioning keeps what outlives a run."""
NFT_SECONDS = 10
SYSTEM_PATH = "/usr/sbin:/sbin:/usr/bin:/bin"
PROVISIONED = "provisioned.json"
UNFINISHED = "unfinished"
"""Version that the collection records until it has finished provisioning a host."""


class NodeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A provisioned host, as its node program sees it."""

    version: str
    """The provisioned version: the program's version and a digest of its files."""
    facts: HostFacts
    versions: Versions
    """Versions of programs; missing programs are null."""
    programs: dict[str, str]
    """Paths of python and, if they are there, of tor, onionbalance and nft."""
    address: str
    """The address at which other hosts reach it, as far as it can tell."""
    interface: str | None
    """The network interface that has this address."""
    link_bits_per_second: float | None
    """The rate of that interface's link as the kernel reports it; null if it reports none."""
    mtu_bytes: int | None
    listening_ports: tuple[int, ...]
    """TCP ports on which something listens."""
    available_memory_bytes: int
    free_disk_bytes: int
    """Free space where records are written."""


class _Provisioned(msgspec.Struct):
    version: str = ""


def node_facts(address: str | None, *, arrived: bool = False, root: Path = Path("/")) -> NodeFacts:
    """Return the facts of this host. Programs that are missing are left out, not an error.

    ``arrived`` is true for an address that nobody chose.
    """
    tor = onionbalance = None
    try:
        tor = find_tor()
    except Unequipped:
        tor = None
    try:
        onionbalance, _ = find_onionbalance()
    except Unequipped:
        onionbalance = None
    own_address = address or _first_address()
    interface = _interface_of(own_address)
    if arrived and interface is not None:
        own_address = relays_address(own_address, _ipv4_addresses(interface))
    net = root / "sys/class/net" / (interface or "-")
    paths = {
        "tor": tor.path if tor else None,
        "onionbalance": onionbalance,
        "nft": _usable_nft(),
    }
    return NodeFacts(
        version=_provisioned_version(root),
        facts=host_facts(host_name()),
        versions=Versions(
            onionrig=__version__,
            tor=tor.version if tor else None,
            openssl=tor.openssl if tor else None,
            onionbalance=importlib.metadata.version("onionbalance") if onionbalance else None,
            python=platform.python_version(),
            kernel=platform.release(),
            tor_build=tor.build if tor else None,
        ),
        programs={
            "python": sys.executable,
            **{name: path for name, path in paths.items() if path is not None},
        },
        address=own_address,
        interface=interface,
        link_bits_per_second=link_bits_per_second(read_text(net / "speed")),
        mtu_bytes=_number(read_text(net / "mtu")),
        listening_ports=tuple(sorted(_listening_ports())),
        available_memory_bytes=usable_memory().free_bytes,
        free_disk_bytes=shutil.disk_usage(STATE if STATE.is_dir() else "/").free,
    )


def _usable_nft() -> str | None:
    """Return the path of nft if the kernel does what it says; only root can find that out."""
    path = shutil.which("nft", path=SYSTEM_PATH)
    if path is None:
        return None
    try:
        listed = run_program((path, "list", "tables"), seconds=NFT_SECONDS)
    except NotRun:
        return None
    return None if listed.code else path


def _provisioned_version(root: Path) -> str:
    path = root / STATE.relative_to("/") / PROVISIONED
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Provisioned).version
    except (OSError, msgspec.MsgspecError):
        return ""


def _first_address() -> str:
    """Return the first address that is not loopback's, or loopback's if there is no other."""
    for addresses in psutil.net_if_addrs().values():
        for entry in addresses:
            if entry.family.name == "AF_INET" and not entry.address.startswith("127."):
                return entry.address
    return "127.0.0.1"


def relays_address(address: str, ipv4_addresses: Sequence[str]) -> str:
    """Return an address of the same interface that relays can listen on, if there is one.

    tor refuses to be a relay without an IPv4 address to listen on.
    """
    if ":" not in address:
        return address
    return next(iter(ipv4_addresses), address.partition("%")[0])


def _ipv4_addresses(interface: str) -> list[str]:
    entries = psutil.net_if_addrs().get(interface, ())
    return [entry.address for entry in entries if entry.family.name == "AF_INET"]


def _interface_of(address: str) -> str | None:
    own_address = address.partition("%")[0]
    for name, addresses in psutil.net_if_addrs().items():
        if any(entry.address.partition("%")[0] == own_address for entry in addresses):
            return name
    return None


def _listening_ports() -> set[int]:
    connections = psutil.net_connections(kind="tcp")
    return {
        connection.laddr.port
        for connection in connections
        if connection.laddr and connection.status == psutil.CONN_LISTEN
    }


def _number(text: str | None) -> int | None:
    try:
        return int(text or "")
    except ValueError:
        return None


def main() -> None:
    """Print the facts of this host."""
    address = sys.argv[1] if len(sys.argv) > 1 and sys.argv[1] else None
    facts = node_facts(address, arrived=sys.argv[2:] == ["ssh"])
    sys.stdout.buffer.write(msgspec.json.encode(facts))


if __name__ == "__main__":
    main()
