"""Where a run's files are on one of its hosts. Paths are that host's, not this machine's."""

from __future__ import annotations

from pathlib import PurePosixPath

import msgspec

from onionrig.experiment.names import tors_record

LOOPBACK = "127.0.0.1"
"""Address that daemons listen at for what runs on their own host, the same on every host."""


class Programs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Paths of the programs on a host."""

    tor: str
    onionbalance: str
    python: str


class Units(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names of the systemd units that the services of a run are on a host."""

    slice: str
    """Name of their slice, such as ``onionrig-1a2b3c4d.slice``."""
    prefix: str
    """Prefix of a unit's name before the service's name, such as ``onionrig-1a2b3c4d-``."""

    def unit(self, service: str) -> str:
        """Return the name of a service's unit."""
        return f"{self.prefix}{service}.service"


class Layout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The directories of a run on a host, and the place of each service's files in them."""

    workspace: PurePosixPath
    """Private working directory, which is removed at the end of the run."""
    records: PurePosixPath
    """Directory for what services record, laid out like a run directory; on this machine it is the
    run directory itself."""
    programs: Programs
    units: Units | None = None
    """Names of the systemd units; None if the services are not units."""
    controls: PurePosixPath | None = None
    """Directory for the control sockets of tors, if a user other than theirs opens them; None if
    each socket is in its tor's directory."""

    def directory(self, service: str) -> PurePosixPath:
        """Return a service's own directory."""
        return self.workspace / service

    def orders(self, service: str) -> PurePosixPath:
        """Return the file from which one of our own processes reads its orders."""
        return self.directory(service) / "orders.json"

    def control(self, tor: str) -> PurePosixPath:
        """Return the path of a tor's control socket."""
        return self.directory(tor) / "control" if self.controls is None else self.controls / tor

    def log(self, service: str) -> PurePosixPath:
        """Return the file that receives a service's output."""
        return self.records / "logs" / f"{service}.log"

    def samples(self, service: str) -> PurePosixPath:
        """Return the file to which a service appends its samples."""
        return self.records / "samples" / f"{service}.jsonl"

    def tors_samples(self, sampler: str) -> PurePosixPath:
        """Return the file to which a sampler appends the counters of its host's tors."""
        return self.samples(tors_record(sampler))

    def transfers(self, sink: str) -> PurePosixPath:
        """Return the file to which a sink appends its attempts."""
        return self.records / "transfers" / f"{sink}.jsonl"

    def dials(self, dialler: str) -> PurePosixPath:
        """Return the file to which a dialler appends its dials."""
        return self.records / "dials" / f"{dialler}.jsonl"

    @property
    def schedule(self) -> PurePosixPath:
        """File from which the services of this host read when the load begins, is held and ends."""
        return self.records / "schedule.json"

    @property
    def rig_processes(self) -> PurePosixPath:
        """File that tells samplers on a shared machine which of its processes are the rig's."""
        return self.workspace / "rig.json"

    def processes(self, sampler: str) -> PurePosixPath:
        """Return the file that tells a sampler which processes to watch."""
        return self.directory(sampler) / "processes.json"
