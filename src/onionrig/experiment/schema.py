"""An experiment: what is asked of a run, as the tables and keys of its TOML file.

Every key has a default, so an empty file is the default profile. Counts that depend on others may
be ``"auto"``; ``experiment.auto`` replaces them.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from onionrig.experiment.faults.base import AskedFault
from onionrig.experiment.keys import Auto, Count, Switched, Table
from onionrig.experiment.loads.base import Load
from onionrig.experiment.loads.streams import Streams
from onionrig.units import BitsPerSecond, Seconds

CONGESTION_CONTROL: dict[str, int] = {"cc_alg": 2}
"""The public network's congestion control (Vegas); tor is without it unless the consensus says so
(tor: src/core/or/congestion_control_common.c)."""


class Network(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The Tor network that the onion address lives on."""

    kind: Literal["private", "none"] = "private"
    """``none`` is the baseline: the sink dials the source itself."""
    authorities: Count = 3
    relays: Annotated[int, Meta(ge=0)] | Auto = "auto"
    consensus: dict[str, int] = msgspec.field(default_factory=lambda: dict(CONGESTION_CONTROL))
    torrc: tuple[str, ...] = ()
    """Extra lines for authorities and relays."""


class Backends(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The backend instances behind the address."""

    daemons: Count | Auto = "auto"
    """``auto`` is 4; on the hosts of an inventory, one for each of their cores."""
    single_hop: bool = False
    introduction_points: Annotated[int, Meta(ge=3, le=20)] = 3
    """Of each instance's own descriptor; 3 is tor's default, 20 its most."""
    torrc: tuple[str, ...] = ()
    """Extra lines for the backend instances, which are on tor's defaults otherwise."""


class Frontend(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the one address is published.

    Each switch replaces a few functions of Onionbalance in its own process (docs/onionbalance.md);
    ``auto`` is on with the extended balancer and off with the stock one, which has none of them.
    """

    balancer: Literal["stock", "extended"] = "stock"
    whole_ring: Switched = "auto"
    """Place descriptors on every HSDir that clients ask."""
    flow_control: Switched = "auto"
    """Tell clients that the instances have congestion control, and whether they are single-hop."""
    distinct_descriptors: Switched = "auto"
    """Share the instances out over several descriptors of the one address."""
    distinct_relays: Switched = "auto"
    """Choose introduction points so that no two of a descriptor lie on one relay."""
    fast_start: Switched = "auto"
    """Publish as soon as every instance is known, without the waits of the program's start."""
    liveness: Switched = "auto"
    """Probe the instances; leave out those that do not answer."""
    variants: Literal[1, 2, 3, 6] | Auto = "auto"
    """Distinct descriptors; a divisor of the 6 places that clients fetch from."""


class Baseline(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the other half of a baseline is, if it is not on this host; for network.kind "none"."""

    peer: str | None = None
    """``HOST:PORT`` of a source that runs elsewhere."""
    listen: str | None = None
    """``HOST:PORT`` to serve at, for sinks that run elsewhere."""


class Target(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the sustained rate is held against."""

    target: BitsPerSecond | None = None


MOST_CORES_OF_A_HOST = 1024
"""No machine has more, and each would be given a backend instance."""
HostRole = Literal["authority", "relay", "backend", "balancer", "client"]


class NamedHost(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A host that services run on: one that is emulated here, or one of the inventory.

    An emulated host is a network namespace with a link of its own.
    """

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,47}$")]
    """Files and units are named after it; ``experiment.hosts`` checks what its kind allows."""
    roles: Annotated[tuple[HostRole, ...], Meta(min_length=1)]
    """Services of a role are shared out over the hosts that name it, in turn."""
    cores: Annotated[int, Meta(le=MOST_CORES_OF_A_HOST)] | None = None
    """Cores of a host of the inventory, which may say it itself: it gets backend instances in
    proportion."""
    link: BitsPerSecond | None = None
    """The rate of its link, each way; not shaped where it is not given."""
    board: str | None = None
    """A board of the catalogue (``onionrig hardware``): it stands for the link that its Ethernet
    is, unless one is given; what else is known of it is recorded."""
    delay: Seconds = Seconds(0)
    """What its link adds, each way: a round trip between two hosts takes twice what both add."""
    cpu: float | None = None
    """How much of this machine's CPU its services may use, in cores: 0.25 of one, or 1.5; not
    limited where it is not given."""


class Emulation(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the emulated hosts are emulated, all of them alike."""

    scale: Fraction = Fraction(1)
    """What the rates of their links and their shares of the CPU are multiplied by: a quarter of
    the machine for a quarter of the rig, where its CPU would bind before the links do."""


class Cluster(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Real hosts, as an Ansible inventory lists them, and how they are used."""

    inventory: str | None = None
    """The path of the inventory; without one nothing leaves this machine."""
    grace: Seconds = Seconds(60)
    """How long the hosts wait for a controller that has gone, until they stop by themselves."""
    pin: bool = False
    """One core for each daemon; off until a comparison shows that it helps."""


class Experiment(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked, whole."""

    description: str = ""
    network: Network = Network()
    backends: Backends = Backends()
    frontend: Frontend = Frontend()
    load: Load = Streams()
    """Of one of the shapes that ``experiment.loads.registry`` lists; ``kind`` says which."""
    baseline: Baseline = Baseline()
    faults: tuple[AskedFault, ...] = ()
    """What is done to the rig in the hold, to a service or a host: each one of the faults that
    ``experiment.faults.registry`` lists."""
    verdict: Target = Target()
    hosts: tuple[NamedHost, ...] = ()
    """Emulated hosts, or with an inventory those of its hosts that have a role; without any,
    everything runs on this machine."""
    emulation: Emulation = Emulation()
    cluster: Cluster = Cluster()

    @property
    def has_real_hosts(self) -> bool:
        """Whether it runs on the hosts of an inventory."""
        return self.cluster.inventory is not None

    @property
    def has_emulated_hosts(self) -> bool:
        """Whether it runs on hosts that are emulated on this machine."""
        return bool(self.hosts) and not self.has_real_hosts
