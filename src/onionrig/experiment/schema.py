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
from onionrig.experiment.keys import Auto, Count, ExperimentTable, Switched
from onionrig.experiment.loads.base import Load
from onionrig.experiment.loads.streams import Streams
from onionrig.units import BitsPerSecond, Seconds, Share

CONGESTION_CONTROL: dict[str, int] = {"cc_alg": 2}
"""The public network's congestion control (Vegas), which tor uses only if the consensus enables it
(tor: src/core/or/congestion_control_common.c)."""


class Network(ExperimentTable, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The Tor network that the onion address lives on."""

    kind: Literal["private", "none"] = "private"
    """Kind of network; ``none`` is the baseline, in which the sink dials the source itself."""
    authorities: Count = 3
    relays: Annotated[int, Meta(ge=0)] | Auto = "auto"
    consensus: dict[str, int] = msgspec.field(default_factory=lambda: dict(CONGESTION_CONTROL))
    torrc: tuple[str, ...] = ()
    """Extra lines for authorities and relays."""


class Backends(ExperimentTable, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The backend instances behind the address."""

    daemons: Count | Auto = "auto"
    """Number of instances; ``auto`` is 4, or one per core on the hosts of an inventory."""
    single_hop: bool = False
    introduction_points: Annotated[int, Meta(ge=3, le=20)] = 3
    """Introduction points of each instance's own descriptor; 3 is tor's default, 20 its maximum."""
    torrc: tuple[str, ...] = ()
    """Extra lines for the backend instances, which otherwise use tor's defaults."""


class Frontend(ExperimentTable, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the address is published.

    Each switch replaces a few functions of Onionbalance in its own process (docs/onionbalance.md).
    ``auto`` is on with the extended balancer and off with the stock one, which has none of them.
    """

    balancer: Literal["stock", "extended"] = "stock"
    whole_ring: Switched = "auto"
    """Place descriptors on every HSDir that clients ask."""
    flow_control: Switched = "auto"
    """Announce to clients that the instances have congestion control, and whether they are
    single-hop."""
    distinct_descriptors: Switched = "auto"
    """Spread the instances over several descriptors of the one address."""
    distinct_relays: Switched = "auto"
    """Choose introduction points so that no two of a descriptor are on the same relay."""
    fast_start: Switched = "auto"
    """Publish as soon as every instance is known, without the waits of Onionbalance's start."""
    liveness: Switched = "auto"
    """Probe the instances, and leave out those that do not answer."""
    variants: Literal[1, 2, 3, 6] | Auto = "auto"
    """Number of distinct descriptors; a divisor of the 6 places that clients fetch from."""


class Baseline(ExperimentTable, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the other half of a baseline is, if not on this host; for network.kind "none"."""

    peer: str | None = None
    """``HOST:PORT`` of a source that runs elsewhere."""
    listen: str | None = None
    """``HOST:PORT`` to serve at, for sinks that run elsewhere."""


class Thresholds(ExperimentTable, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Thresholds that the run's figures are compared with, each absent unless it is set.

    ``experiment.thresholds`` refuses those on figures that the run will not have.
    """

    target: BitsPerSecond | None = None
    """Lowest sustained rate."""
    smallest_backend_share: Share | None = None
    """Lowest share of the hold's bytes that any backend instance serves."""
    time_to_first_byte: dict[str, Seconds] = msgspec.field(default_factory=dict)
    """Longest time to first byte of the dials, by percentile such as ``p95``."""
    cpu_seconds_per_gbit: dict[str, float] = msgspec.field(default_factory=dict)
    """Highest cost, by role."""
    corrupt_bytes: Annotated[int, Meta(ge=0)] | None = None
    """Highest number of bytes that are not the payload."""
    failed_streams: Annotated[int, Meta(ge=0)] | None = None
    """Highest number of streams' attempts that end before the run does."""
    doubts: Annotated[int, Meta(ge=0)] | None = None
    """Highest number of reasons not to trust the run."""


MOST_CORES_OF_A_HOST = 1024
"""Most cores of a host: no machine has more, and each would be given a backend instance."""
HostRole = Literal["authority", "relay", "backend", "balancer", "client"]


class NamedHost(ExperimentTable, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A host that services run on: either emulated here or one of the inventory.

    An emulated host is a network namespace with a link of its own.
    """

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,47}$")]
    """Name of the host, used in names of files and units; ``experiment.hosts`` checks what the
    host's kind allows."""
    roles: Annotated[tuple[HostRole, ...], Meta(min_length=1)]
    """Roles of the host; the services of a role are spread over the hosts that have it, in turn."""
    cores: Annotated[int, Meta(le=MOST_CORES_OF_A_HOST)] | None = None
    """Cores of a host of the inventory, which can report them itself; it gets backend instances in
    proportion."""
    link: BitsPerSecond | None = None
    """Rate of the link, each way; if absent, the link is not shaped."""
    board: str | None = None
    """A board of the catalogue (``onionrig hardware``): its Ethernet is the link, unless one is
    given; what else is known of it is recorded."""
    delay: Seconds = Seconds(0)
    """Delay that the link adds, each way; a round trip between two hosts takes twice the sum of
    theirs."""
    cpu: float | None = None
    """Share of this machine's CPU that the host's services may use, in cores: 0.25 of one, or 1.5;
    if absent, it is not limited."""


class Emulation(ExperimentTable, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How hosts are emulated, all of them alike."""

    scale: Fraction = Fraction(1)
    """Factor for the rates of links and the shares of the CPU: a quarter of the machine for a
    quarter of the rig, if the CPU would be the bottleneck before the links are."""


class Cluster(ExperimentTable, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Real hosts, as an Ansible inventory lists them, and how they are used."""

    inventory: str | None = None
    """Path of the inventory; without one nothing leaves this machine."""
    grace: Seconds = Seconds(60)
    """Time that the hosts wait for a controller that has gone, before they stop by themselves."""
    pin: bool = False
    """Whether each tor is pinned to a core; off, because a comparison showed no difference
    (docs/lab-notes.md, "Real hosts")."""


class Experiment(ExperimentTable, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that is asked of a run."""

    description: str = ""
    network: Network = Network()
    backends: Backends = Backends()
    frontend: Frontend = Frontend()
    load: Load = Streams()
    """The load; ``kind`` names its shape, one of those in ``experiment.loads.registry``."""
    baseline: Baseline = Baseline()
    faults: tuple[AskedFault, ...] = ()
    """Faults that are done to services or hosts during the hold; each is one of those that
    ``experiment.faults.registry`` lists."""
    verdict: Thresholds = Thresholds()
    hosts: tuple[NamedHost, ...] = ()
    """Emulated hosts or, with an inventory, those of its hosts that have a role; if there are none,
    everything runs on this machine."""
    emulation: Emulation = Emulation()
    cluster: Cluster = Cluster()

    @property
    def has_real_hosts(self) -> bool:
        """Whether the experiment runs on the hosts of an inventory."""
        return self.cluster.inventory is not None

    @property
    def has_emulated_hosts(self) -> bool:
        """Whether the experiment runs on hosts emulated on this machine."""
        return bool(self.hosts) and not self.has_real_hosts
