"""An experiment: what is asked of a run, as the tables and keys of its TOML file.

Every key has a default, so an empty file is the default profile. Counts that depend on others may
be ``"auto"``; ``experiment.auto`` replaces them.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from onionrig.units import BitsPerSecond, Seconds

Auto = Literal["auto"]
Count = Annotated[int, Meta(ge=1)]
UserPort = Annotated[int, Meta(ge=1024, le=65535)]

CONGESTION_CONTROL: dict[str, int] = {"cc_alg": 2}
"""The public network's congestion control (Vegas); tor is without it unless the consensus says so
(tor: src/core/or/congestion_control_common.c)."""


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of an experiment file."""


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

    daemons: Count = 4
    single_hop: bool = False
    introduction_points: Annotated[int, Meta(ge=3, le=20)] = 3
    """Of each instance's own descriptor; 3 is tor's default, 20 its most."""
    torrc: tuple[str, ...] = ()
    """Extra lines for the backend instances, which are on tor's defaults otherwise."""


class Frontend(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the one address is published."""

    balancer: Literal["stock"] = "stock"


class Load(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the sinks ask of the address."""

    clients: Count | Auto = "auto"
    streams: Count = 16
    ramp: Seconds = Seconds(5)
    hold: Seconds = Seconds(60)
    torrc: tuple[str, ...] = ()
    """Extra lines for the client tors."""
    socks_port: UserPort | None = None
    """The first client tor's SOCKS port; picked free where it is not given."""


class Baseline(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the other half of a baseline is, if it is not on this host; for network.kind "none"."""

    peer: str | None = None
    """``HOST:PORT`` of a source that runs elsewhere."""
    listen: str | None = None
    """``HOST:PORT`` to serve at, for sinks that run elsewhere."""


class Target(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the sustained rate is held against."""

    target: BitsPerSecond | None = None


class Experiment(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked, whole."""

    description: str = ""
    network: Network = Network()
    backends: Backends = Backends()
    frontend: Frontend = Frontend()
    load: Load = Load()
    baseline: Baseline = Baseline()
    verdict: Target = Target()
