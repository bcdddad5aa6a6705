"""A shelf of provisioned hosts with a controller beside it, for the tests of runs on real hosts."""

from __future__ import annotations

import dataclasses
import fcntl
import itertools
import os
from contextlib import ExitStack, contextmanager

import msgspec

from onionrig.store.run_directory import RunDirectory
from support.bed import Bed
from support.files import PROJECT
from support.processes.command_line import ONIONRIG, StartedCommand
from support.waiting import RUN_SECONDS, until

GROUPS = {"balancer": ["pi1"], "backends": ["pi1", "pi2"], "clients": ["pi3"]}
"""Which host does what; the authorities and relays go where the clients are."""


class Shelf:
    """Provisioned hosts, and the command line as their controller would use it."""

    def __init__(self, bed, directory):
        self.bed = bed
        self._directory = directory
        self._numbers = itertools.count(1)
        self.inventory = bed.inventory(GROUPS, path=directory / "inventory.yml")
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(PROJECT / "src"),
            "XDG_CACHE_HOME": str(directory / "cache"),
            "COLUMNS": "200",
        }

    def onionrig(self, *words, code=0):
        """Run a command as the controller, and return what it printed on standard output."""
        done = self.bed.run(
            *ONIONRIG, *words, cwd=self._directory, env=self._environment, timeout=RUN_SECONDS,
            check=False,
        )  # fmt: skip
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr if code else done.stdout

    def started(self, *words):
        """Return a command that the controller starts; it ends with its block."""
        return StartedCommand(
            *self.bed.controller(*ONIONRIG, *words),
            environment=self._environment,
            directory=self._directory,
        )

    def new_run(self):
        """Return where a run is to be made."""
        return RunDirectory(self._directory / f"run-{next(self._numbers)}")

    def of_units(self, host):
        """Return the units of runs that a host has, with their states."""
        return self.bed[host].run(
            "systemctl", "list-units", "onionrig-*", "--all", "--plain", "--no-legend"
        ).stdout  # fmt: skip

    def volatile(self):
        """Return everything of runs that is on the hosts and should go with a run."""
        return {
            host: left
            for host in self.bed.hosts
            if (left := self.bed[host].run("sh", "-c", VOLATILE).stdout.split())
        }

    def processes(self, host, name):
        """Return the process ids of a service on a host, as the host counts them."""
        unit = f"onionrig-*-{name}.service"
        shown = self.bed[host].run("systemctl", "show", "--property=MainPID", "--value", unit)
        return [int(pid) for pid in shown.stdout.split() if int(pid)]


SLOW = ("--set", 'load.torrc=["BandwidthRate 1 MBytes", "BandwidthBurst 1 MBytes"]')
"""So little that the machine's cores, which all hosts of a bed share, are left to other tests."""
SMALL = (
    "--profile", "smoke", "--no-report", "--set", "cluster.grace=15s", *SLOW,
    "--set", "network.relays=5", "--streams", "8", "--set", "backends.daemons=2",
)  # fmt: skip
QUICK = (*SMALL, "--balancer", "extended", "--set", "load.ramp=2s")
"""Runs that take seconds, for what is to be found out about hosts and not about rates."""

VOLATILE = (
    "ls -d /run/onionrig/lock /run/onionrig/*/ /run/systemd/system/onionrig* 2>/dev/null; "
    "pgrep -u onionrig; ls -d /sys/fs/cgroup/onionrig* 2>/dev/null; "
    "systemctl list-units 'onionrig-*' --all --plain --no-legend | cut -d' ' -f1"
)


@contextmanager
def provisioned(specs, directory, kept):
    """Have a shelf of these hosts, provisioned, for a block.

    What provision has changed on each host is kept in a directory that processes of one session of
    tests share: the first of them provisions, and the hosts of the others begin with what it kept.
    """
    with ExitStack() as standing, kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if kept.is_dir():
            specs = [dataclasses.replace(spec, begun=kept / spec.name) for spec in specs]
        shelf = Shelf(standing.enter_context(Bed(specs)), directory)
        if not kept.is_dir():
            shelf.onionrig("cluster", "provision", "-i", shelf.inventory)
            _keep(shelf.bed, kept)
        fcntl.flock(lock, fcntl.LOCK_UN)
        yield shelf


def _keep(bed, kept):
    making = kept.with_suffix(".making")
    making.mkdir()
    for name, host in bed.hosts.items():
        host.keep_changes(making / name)
    making.rename(kept)


def phase_reached(going, directory, phase):
    """Wait until a run that is going is in a phase."""

    def reached():
        assert not going.ended(), going.stderr
        try:
            events = directory.events_path.read_bytes().splitlines()
        except FileNotFoundError:
            return False
        return any(f'"phase":"{phase}"'.encode() in event for event in events)

    until(reached, lambda: f"the phase {phase} of {directory.path}", seconds=RUN_SECONDS)


def result_of(directory):
    """Return a run's result as plain data."""
    return msgspec.json.decode((directory.path / "result.json").read_bytes())


def manifest_of(directory):
    """Return a run's manifest as plain data."""
    return msgspec.json.decode((directory.path / "manifest.json").read_bytes())


def assert_nothing_is_left(shelf, run):
    """Check that a run has left neither services nor records on any host."""
    assert shelf.volatile() == {}
    for host in shelf.bed.hosts:
        assert f"{run.name}-" not in shelf.bed[host].run("ls", "/var/lib/onionrig/runs").stdout
