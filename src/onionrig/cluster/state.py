"""The state of a host: its run, its records and its health, from what one script prints there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from onionrig.engine.ansible.opening import RECORDS, WORKSPACES
from onionrig.errors import HostLost
from onionrig.node.facts import PROVISIONED, STATE
from onionrig.records.streams.schedule import Schedule
from onionrig.rig.units import LOCK, UNITS

if TYPE_CHECKING:
    from onionrig.engine.ansible.connection import SshConnection

ANSWER_SECONDS = 30.0
"""Deadline of a host's whole answer."""
RUN_ID = r"[0-9a-f]{8}"
RECORDS_NAME = re.compile(rf"(?P<run>.+)-(?P<run_id>{RUN_ID})")
"""Pattern of the name that the engine gives to the directory of a run's records on a host."""
HEADING = "=== "
LOAD_TIMER, GRACE_TIMER = "load", "grace"
SCRIPT = f"""set +e
part() {{ printf '\\n{HEADING}%s\\n' "$1"; }}
part now; date +%s.%N
part provisioned; cat {STATE}/{PROVISIONED} 2>/dev/null
part lock; cat {LOCK} 2>/dev/null
part services; systemctl list-units --all --output=json 'onionrig-*.service'
part timers; systemctl list-timers --all --output=json 'onionrig-*'
part left; ls -1 {WORKSPACES} {UNITS} 2>/dev/null
part memory; cat /proc/meminfo
part disk; cd {STATE} 2>/dev/null || cd /; df --output=avail --block-size=1 .
part temperature; cat /sys/class/thermal/thermal_zone*/temp 2>/dev/null
part records
cd {RECORDS} 2>/dev/null || exit 0
for name in *; do
    [ -d "$name" ] || continue
    printf '%s\\t%s\\t%s\\t' "$name" "$(du -sb "$name" | cut -f1)" "$(stat -c %Y "$name")"
    [ -s "$name/manifest.json" ] && printf 'yes\\t' || printf 'no\\t'
    tr -d '\\n' <"$name/schedule.json" 2>/dev/null
    echo
done
exit 0
"""
NEVER = 1 << 62
"""Upper bound in microseconds on the time of any timer: systemd's infinity is above."""
_KIB = 1024


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The run that a host is in use for."""

    run_id: str
    """Eight hexadecimal digits, the same on every host of the run."""
    who: str
    """The run's name, and who started it where."""


class KeptRecords(msgspec.Struct, frozen=True, kw_only=True):
    """Records of one run that a host keeps because nobody has fetched them."""

    directory: str
    """The name of the directory that they are in, the same on every host of the run."""
    run: str
    """The name of the run."""
    run_id: str
    size_bytes: int
    changed_wall_seconds: float
    """The last time at which a file was added or removed."""
    has_manifest: bool
    schedule: Schedule | None = None
    """The last load that the host was given; null if there was none."""


class HostState(msgspec.Struct, frozen=True, kw_only=True):
    """The state that a host reports."""

    wall_seconds: float
    """Its clock when it was asked."""
    version: str | None
    """The version that was provisioned; null if none was."""
    claim: Claim | None
    """The run that it is in use for; null if it is free."""
    stands_down_in_seconds: float | None
    """Time until it ends that run by itself, unless the controller postpones that; null if nothing
    would end it."""
    in_load: bool
    """Whether it has been given a load, and goes on by itself until that is over."""
    services: dict[str, str]
    """The state of each service of that run, by name, as systemd reports it."""
    leftover_run_ids: tuple[str, ...]
    """Runs of which there are units, services or files, although the host is not in use for them.
    """
    available_memory_bytes: int | None
    free_disk_bytes: int | None
    """Free space where records are written."""
    temperature_celsius: float | None
    """The hottest of its sensors; null if it has none."""
    records: tuple[KeptRecords, ...]

    @property
    def run_ids(self) -> tuple[str, ...]:
        """Every run of which something volatile exists."""
        claimed = () if self.claim is None else (self.claim.run_id,)
        return (*claimed, *self.leftover_run_ids)

    @property
    def standing(self) -> KeptRecords | None:
        """The records of the run that it is in use for."""
        return next(
            (
                records
                for records in self.records
                if self.claim and records.run_id == self.claim.run_id
            ),
            None,
        )


class _Unit(msgspec.Struct):
    unit: str
    active: str = ""
    sub: str = ""


class _Timer(msgspec.Struct):
    unit: str
    next: int | None = None


async def host_state(connection: SshConnection) -> HostState:
    """Return the state of a host. Raises CommandFailed and HostLost."""
    printed = await connection.script(SCRIPT, seconds=ANSWER_SECONDS)
    try:
        return state_from(printed.decode(errors="replace"))
    except (KeyError, ValueError, msgspec.MsgspecError) as error:
        raise HostLost(f"{connection.host}: its answer cannot be understood: {error!r}") from error


def state_from(printed: str) -> HostState:
    """Return the state that a host has printed.

    Raises KeyError, ValueError and msgspec.MsgspecError for what the script cannot have printed.
    """
    parts = _parts_by_name(printed)
    now = float(parts["now"])
    claim = _claim(parts["lock"])
    units = msgspec.json.decode(parts["services"] or "[]", type=list[_Unit])
    prefix = "onionrig-" if claim is None else f"onionrig-{claim.run_id}-"
    timers = {} if claim is None else _timers(parts["timers"], prefix)
    ends = timers.get(LOAD_TIMER) or timers.get(GRACE_TIMER)
    run_ids = set(re.findall(rf"^onionrig-({RUN_ID})\b", parts["left"], re.MULTILINE))
    run_ids |= set(re.findall(rf"^({RUN_ID})$", parts["left"], re.MULTILINE))
    run_ids |= {
        match[1] for unit in units if (match := re.match(rf"onionrig-({RUN_ID})-", unit.unit))
    }
    return HostState(
        wall_seconds=now,
        version=_version(parts["provisioned"]),
        claim=claim,
        stands_down_in_seconds=None if ends is None else round(max(0.0, ends - now), 1),
        in_load=LOAD_TIMER in timers,
        services={
            unit.unit.removeprefix(prefix).removesuffix(".service"): unit.sub or unit.active
            for unit in units
            if claim is not None
            and unit.unit.startswith(prefix)
            and not unit.unit.endswith("-stand-down.service")
        },
        leftover_run_ids=tuple(sorted(run_ids - {claim.run_id if claim else ""})),
        available_memory_bytes=_memory(parts["memory"]),
        free_disk_bytes=_last_number(parts["disk"]),
        temperature_celsius=_temperature(parts["temperature"]),
        records=tuple(_records(parts["records"])),
    )


def _parts_by_name(printed: str) -> dict[str, str]:
    parts = {}
    for part in printed.split(f"\n{HEADING}")[1:]:
        name, _, content = part.partition("\n")
        parts[name] = content.strip("\n")
    return parts


def _claim(text: str) -> Claim | None:
    run_id, _, who = text.partition("\n")
    return Claim(run_id=run_id, who=who.strip()) if re.fullmatch(RUN_ID, run_id) else None


def _timers(text: str, prefix: str) -> dict[str, float]:
    """Return when each timer of a run elapses, by its purpose; those that have are left out."""
    timers = msgspec.json.decode(text or "[]", type=list[_Timer])
    return {
        timer.unit.removeprefix(prefix).removesuffix(".timer"): timer.next / 1e6
        for timer in timers
        if timer.unit.startswith(prefix) and timer.next and timer.next < NEVER
    }


def _version(text: str) -> str | None:
    try:
        provisioned: dict[str, Any] = msgspec.json.decode(text or "{}", type=dict[str, Any])
    except msgspec.MsgspecError:
        return None
    version = provisioned.get("version")
    return version if isinstance(version, str) else None


def _memory(text: str) -> int | None:
    match = re.search(r"^MemAvailable: +(\d+) kB", text, re.MULTILINE)
    return int(match[1]) * _KIB if match else None


def _last_number(text: str) -> int | None:
    words = text.split()
    return int(words[-1]) if words and words[-1].isdecimal() else None


def _temperature(text: str) -> float | None:
    readings = [int(word) / 1000 for word in text.split() if word.lstrip("-").isdecimal()]
    return max(readings, default=None)


def _records(text: str) -> list[KeptRecords]:
    records = []
    for line in text.splitlines():
        directory, size, changed, has_manifest, schedule = line.split("\t", 4)
        name = RECORDS_NAME.fullmatch(directory)
        if name is None:
            continue
        records.append(
            KeptRecords(
                directory=directory,
                run=name["run"],
                run_id=name["run_id"],
                size_bytes=int(size),
                changed_wall_seconds=float(changed),
                has_manifest=has_manifest == "yes",
                schedule=_schedule(schedule),
            )
        )
    return records


def _schedule(text: str) -> Schedule | None:
    try:
        return msgspec.json.decode(text, type=Schedule)
    except msgspec.MsgspecError:
        return None
