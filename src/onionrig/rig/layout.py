"""Where a run's files are on one of its hosts. Paths are that host's, not this machine's."""

from __future__ import annotations

from pathlib import PurePosixPath

import msgspec

from onionrig.experiment.names import tors_record

LOOPBACK = "127.0.0.1"
"""Where daemons listen for what is on their own host, on every host."""


class Programs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Paths of the programs on a host."""

    tor: str
    onionbalance: str
    python: str


class Units(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the services of a run are systemd units on a host."""

    slice: str
    """The slice that they are in, such as ``onionrig-1a2b3c4d.slice``."""
    prefix: str
    """What stands before a service's name in its unit's, such as ``onionrig-1a2b3c4d-``."""

    def unit(self, service: str) -> str:
        """Return the name of a service's unit."""
        return f"{self.prefix}{service}.service"


class Layout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The directories of a run on a host, and where each service's files are in them."""

    workspace: PurePosixPath
    """Private; it vanishes with the run."""
    records: PurePosixPath
    """What services record goes here, as a run directory has it; on this machine it is the run
    directory itself."""
    programs: Programs
    units: Units | None = None
    """None where services are no systemd units."""
    controls: PurePosixPath | None = None
    """A directory of its own for the control sockets of tors, where another user than theirs opens
    them; None where each is in its tor's directory."""

    def directory(self, service: str) -> PurePosixPath:
        """Return a service's own directory."""
        return self.workspace / service

    def orders(self, service: str) -> PurePosixPath:
        """Return where one of our own processes reads its orders."""
        return self.directory(service) / "orders.json"

    def control(self, tor: str) -> PurePosixPath:
        """Return where a tor's control socket is."""
        return self.directory(tor) / "control" if self.controls is None else self.controls / tor

    def log(self, service: str) -> PurePosixPath:
        """Return where a service's output goes."""
        return self.records / "logs" / f"{service}.log"

    def samples(self, service: str) -> PurePosixPath:
        """Return where a service appends its samples."""
        return self.records / "samples" / f"{service}.jsonl"

    def tors_samples(self, sampler: str) -> PurePosixPath:
        """Return where a sampler appends what the tors of its host have counted."""
        return self.samples(tors_record(sampler))

    def transfers(self, sink: str) -> PurePosixPath:
        """Return where a sink appends its attempts."""
        return self.records / "transfers" / f"{sink}.jsonl"

    def dials(self, dialler: str) -> PurePosixPath:
        """Return where a dialler appends its dials."""
        return self.records / "dials" / f"{dialler}.jsonl"

    @property
    def schedule(self) -> PurePosixPath:
        """Where the services of this host read when the load begins, is held and ends."""
        return self.records / "schedule.json"

    @property
    def rig_processes(self) -> PurePosixPath:
        """Where samplers that share a machine read which of its processes are the rig's."""
        return self.workspace / "rig.json"

    def processes(self, sampler: str) -> PurePosixPath:
        """Return where a sampler reads which processes it is to watch."""
        return self.directory(sampler) / "processes.json"
