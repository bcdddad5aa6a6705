"""The systemd units of a run on a real host: a slice, the service units, and what ends them.

Nothing is ever enabled, so a reboot ends a run. The units are in systemd's directory for volatile
ones, so a reboot removes them too.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from onionrig.rig.layout import Units
from onionrig.rig.model import File, Role
from onionrig.rig.orders import SamplerOrders

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onionrig.rig.model import Service

RUNTIME = PurePosixPath("/run/onionrig")
"""Directory on a host that has the workspace of each run; a reboot empties it."""
STATE = PurePosixPath("/var/lib/onionrig")
"""Directory on a host for what outlives a run."""
LOCK = RUNTIME / "lock"
"""File that names the run that uses a host."""
UNITS = PurePosixPath("/run/systemd/system")
"""The directory of volatile units (systemd.unit(5))."""
SLICE_OF_ALL = "onionrig.slice"
"""Slice that systemd makes above those of runs, as their names say (systemd.slice(5)). Unless it is
stopped, it stays until a reboot."""
USER = "onionrig"
"""User and group of every service; provisioning creates both."""
MOST_NAME_LETTERS = 200
"""Maximum number of letters of a run's name in the name of its records; a file name may have 255
bytes."""
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._+-]")
STOP_SECONDS = 5
"""Time between SIGTERM and SIGKILL."""


class HostRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run on one host: the names of its units and the places of its files."""

    run_id: str
    """Eight hexadecimal digits, the same on every host of the run."""
    workspace: PurePosixPath
    records: PurePosixPath
    longest_seconds: int
    """Time after which any service is ended, whatever else happens."""

    @property
    def units(self) -> Units:
        """Names of the units."""
        name = f"onionrig-{self.run_id}"
        return Units(slice=f"{name}.slice", prefix=f"{name}-")

    @property
    def slice(self) -> str:
        """Slice that contains every service of the run."""
        return self.units.slice

    @property
    def exits(self) -> PurePosixPath:
        """File to which the end of each service is appended, one line per end."""
        return self.workspace / "exits"

    @property
    def grace_timer(self) -> str:
        """Timer that ends the run unless the controller keeps resetting it."""
        return f"{self.units.prefix}grace.timer"

    @property
    def load_timer(self) -> str:
        """Timer that ends the run some time after a load's end, even without a controller."""
        return f"{self.units.prefix}load.timer"

    @property
    def stand_down_unit(self) -> str:
        """Service that ends the run and removes its volatile files and units."""
        return f"{self.units.prefix}stand-down.service"

    def unit(self, service: str) -> str:
        """Return the unit of a service."""
        return self.units.unit(service)


def records_name(run: str, run_id: str) -> str:
    """Return the name of a run's directory of records on a host.

    It is used in unit files and shell scripts, so any special character of the run's name becomes
    ``_``; the id distinguishes runs whose names are then the same.
    """
    return f"{plain_name(run)}-{run_id}"


def plain_name(run: str) -> str:
    """Return a run's name without characters that are special to systemd or a shell."""
    return _NOT_PLAIN.sub("_", run)[:MOST_NAME_LETTERS]


def service_units(
    run: HostRun, services: Iterable[Service], *, cores: int | None = None
) -> tuple[File, ...]:
    """Return the slice and a unit for each of these services, all of one host.

    With ``cores``, the tors are pinned to this number of cores, one core each, in turn.
    """
    units = [File(path=UNITS / run.slice, text=_slice_text(run))]
    tors = 0
    for service in services:
        core = None
        if cores and service.control_path is not None:
            core, tors = tors % cores, tors + 1
        units.append(
            File(path=UNITS / run.unit(service.name), text=_service_text(run, service, core))
        )
    return tuple(units)


def stand_down_units(run: HostRun, *, grace_seconds: int) -> tuple[File, ...]:
    """Return the units that end the run on their own: a service and the grace timer."""
    return (
        File(path=UNITS / run.stand_down_unit, text=_stand_down_text(run)),
        File(
            path=UNITS / run.grace_timer,
            text=_timer_text(run, "the controller has not been heard of", grace_seconds),
        ),
    )


def load_timer_unit(run: HostRun, *, seconds: int) -> File:
    """Return the timer that ends the run this number of seconds after the timer is started."""
    return File(
        path=UNITS / run.load_timer, text=_timer_text(run, "the load is long over", seconds)
    )


def _slice_text(run: HostRun) -> str:
    return _text(
        Unit=[f"Description=onionrig: every service of run {run.run_id}"],
        Slice=["CPUAccounting=yes", "MemoryAccounting=yes"],
    )


def _service_text(run: HostRun, service: Service, core: int | None) -> str:
    """Render a service's unit, hardened at least as much as Debian's ``tor@``."""
    return _text(
        Unit=[
            f"Description=onionrig: {service.name} of run {run.run_id}",
            "StartLimitIntervalSec=0",
        ],
        Service=[
            "Type=exec",
            f"Slice={run.slice}",
            f"ExecStart={' '.join(_quoted(word) for word in service.argv)}",
            # one line per end, whoever asked for it
            f"ExecStopPost=/bin/sh -c '{_told_of_its_end(run, service)}'",
            "Restart=no",
            "KillMode=control-group",
            f"TimeoutStopSec={STOP_SECONDS}",
            f"RuntimeMaxSec={run.longest_seconds}",
            f"WorkingDirectory={_path(service.directory)}",
            f"StandardOutput=append:{_path(service.log_path)}",
            f"StandardError=append:{_path(service.log_path)}",
            "Environment=PYTHONDONTWRITEBYTECODE=1 SPT_NOENV=1",
            f"UnsetEnvironment={' '.join(_PROXIES)}",
            f"User={USER}",
            f"Group={USER}",
            "UMask=0077",
            "LimitNOFILE=65536",
            "CPUAccounting=yes",
            *([] if core is None else [f"CPUAffinity={core}"]),
            f"ReadWritePaths={_path(run.workspace)} {_path(run.records)}",
            *_HARDENING,
            *(_FOR_THE_SAMPLER if isinstance(service.orders, SamplerOrders) else _NO_DEVICES),
            *(_NO_NEW_CODE if service.control_path is not None else ()),
            *(() if service.role in _SEES_OTHERS else ("ProtectProc=invisible",)),
        ],
    )


def _told_of_its_end(run: HostRun, service: Service) -> str:
    return f'echo "{service.name} $$EXIT_CODE $$EXIT_STATUS" >>{run.exits}'


def _stand_down_text(run: HostRun) -> str:
    commands = "; ".join(stand_down_commands(run))
    return _text(
        Unit=[f"Description=onionrig: end run {run.run_id} and remove what is volatile of it"],
        Service=["Type=oneshot", f"ExecStart=/bin/sh -c '{commands}'"],
    )


def stand_down_commands(run: HostRun) -> tuple[str, ...]:
    """Return the shell commands that end a run on a host; its records stay."""
    return (
        f"systemctl stop {run.slice}",
        f"systemctl stop {run.grace_timer} {run.load_timer}",
        f"rm -rf {run.workspace}",
        f"rm -f {UNITS}/onionrig-{run.run_id}*",
        f"grep -qs {run.run_id} {LOCK} && rm -f {LOCK}",
        f"[ -s {LOCK} ] || systemctl stop {SLICE_OF_ALL} 2>/dev/null",
        f"! command -v nft >/dev/null || nft delete table {CUT_TABLE} 2>/dev/null",
        "systemctl daemon-reload",
        f'systemctl reset-failed "onionrig-{run.run_id}*"',
        "true",
    )


def _timer_text(run: HostRun, why: str, seconds: int) -> str:
    return _text(
        Unit=[f"Description=onionrig: end run {run.run_id} when {why}"],
        Timer=[f"OnActiveSec={seconds}", "AccuracySec=1", f"Unit={run.stand_down_unit}"],
    )


CUT_TABLE = "inet onionrig_cut"
"""Packet filter table that cuts a host off from the others of its rig."""
_SEES_OTHERS = frozenset({Role.SAMPLER})
"""Roles that see the host's other processes: the sampler counts what these use."""
_HARDENING = (
    "NoNewPrivileges=yes",
    "CapabilityBoundingSet=",
    "AmbientCapabilities=",
    "PrivateTmp=yes",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "ProtectClock=yes",
    "ProtectHostname=yes",
    "ProtectControlGroups=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "RemoveIPC=yes",
    "LockPersonality=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "SystemCallFilter=~@privileged",
    "SystemCallErrorNumber=EPERM",
)
_PROXIES = tuple(
    f"{kind}_{word}"
    for word, kinds in (("proxy", ("http", "https", "ftp", "all", "no")),
                        ("PROXY", ("HTTP", "HTTPS", "FTP", "ALL", "NO")))
    for kind in kinds
)  # fmt: skip
"""Proxy variables that a host's systemd may set in every unit."""
_NO_DEVICES = ("PrivateDevices=yes",)
_FOR_THE_SAMPLER = (
    # a Pi's firmware reports through this device whether it throttles the board
    "DevicePolicy=closed",
    "DeviceAllow=/dev/vcio r",
    "SupplementaryGroups=video",
)
_NO_NEW_CODE = ("MemoryDenyWriteExecute=yes",)
"""Setting for tors only: Python's foreign-function library generates code while it runs."""


def _text(**sections: Iterable[str]) -> str:
    return "\n".join(line for name, lines in sections.items() for line in (f"[{name}]", *lines, ""))


def _path(path: PurePosixPath) -> str:
    """Return a path for a setting that may take no quotes, so nothing in it may need them.

    Raises ValueError if systemd would read the path as something else (systemd.unit(5)).
    """
    text = str(path)
    if _NOT_PLAIN.search(text.replace("/", "")):
        raise ValueError(f"{text!r} cannot stand in a unit")
    return text


def _quoted(word: str) -> str:
    """Return a word of a command line, quoted as systemd reads it (systemd.service(5))."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'
