"""The network of a bed: a bridge in a namespace of its own, and a namespace per host.

Nothing of it is attached to the machine's network, so no host has a route out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.bed.ground import Ground

PREFIX = "10.77.0"
CONTROLLER, CONTROLLER_ADDRESS = "controller", f"{PREFIX}.1"
LAN = "lan"
_FIRST = 11
_BURST, _LATENCY = "32kb", "50ms"


def address(number):
    """Return the address of a host by its number, which counts from 0."""
    return f"{PREFIX}.{_FIRST + number}"


@dataclass(frozen=True, kw_only=True)
class Network:
    """The links between hosts and controller."""

    ground: Ground

    def make(self, hosts):
        """Make every namespace and link; hosts are names with addresses and links' rates."""
        lines = [
            f"ip netns add {LAN}",
            f"ip -n {LAN} link add bridge type bridge",
            f"ip -n {LAN} link set bridge up",
            *self._plug(CONTROLLER, CONTROLLER_ADDRESS, 0, None),
        ]
        for number, (name, (place, rate)) in enumerate(hosts.items(), start=1):
            lines += self._plug(name, place, number, rate)
            lines.append(f"ip -n {LAN} link property add dev port{number} altname to-{name}")
        self.ground.script("\n".join(lines))

    def cut(self, host):
        """Take the link per host away."""
        self.ground.script(f"ip -n {LAN} link set to-{host} down")

    def join(self, host):
        """Bring the link per host back."""
        self.ground.script(f"ip -n {LAN} link set to-{host} up")

    def _plug(self, name, place, number, rate):
        port = f"port{number}"
        yield from (
            f"ip netns add {name}",
            f"ip -n {name} link set lo up",
            f"ip -n {name} link add eth0 type veth peer name {port} netns {LAN}",
            f"ip -n {name} addr add {place}/24 dev eth0",
            f"ip -n {name} link set eth0 up",
            f"ip -n {LAN} link set {port} master bridge up",
        )
        if rate is not None:
            for namespace, device in ((name, "eth0"), (LAN, port)):
                yield (
                    f"tc -n {namespace} qdisc add dev {device} root "
                    f"tbf rate {rate} burst {_BURST} latency {_LATENCY}"
                )
