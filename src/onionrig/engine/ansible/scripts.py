"""What is done on a host as root in one go: shell scripts, and archives of files."""

from __future__ import annotations

import io
import shlex
import tarfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from onionrig.rig.model import File
from onionrig.rig.orders import records_of
from onionrig.rig.units import CUT_TABLE, LOCK, RUNTIME, UNITS, USER, stand_down_commands
from onionrig.store.run_directory import EVENTS, MANIFEST, SCHEDULE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from onionrig.rig.model import Service
    from onionrig.rig.units import HostRun

IN_USE = 75
"""Exit code of the claim if the host is in use (sysexits.h, EX_TEMPFAIL)."""
PRIVATE, FOR_THE_GROUP = 0o700, 0o750
CLAIMS = RUNTIME / "claims"
"""The file that is locked while a host is being claimed."""


def claim_script(run: HostRun, units: Iterable[File], who: str) -> str:
    """Return the script that claims a host for a run and starts the grace timer.

    A claim whose run has no timer left is stale, and is removed. If the host belongs to another
    run, the script prints that run's claim and exits with ``IN_USE``.
    """
    writes = "".join(_written(unit) for unit in units)
    return f"""
umask 022
mkdir -p {LOCK.parent} {UNITS}
exec 9>{CLAIMS}
flock -w 30 9
if [ -s {LOCK} ]; then
    id=$(head -n 1 {LOCK})
    if systemctl is-active --quiet "onionrig-$id-grace.timer" "onionrig-$id-load.timer"; then
        cat {LOCK}
        exit {IN_USE}
    fi
    systemctl stop "onionrig-$id.slice" || true
    rm -rf "{LOCK.parent}/$id"
    rm -f {UNITS}/"onionrig-$id"*
fi
printf '%s\\n' {run.run_id} {shlex.quote(who)} >{LOCK}
install -d -o {USER} -g {USER} -m 0750 {_word(run.workspace)}
install -d -o {USER} -g {USER} -m 0700 {_word(run.records)}
install -o {USER} -g {USER} -m 0600 /dev/null {_word(run.exits)}
{writes}systemctl daemon-reload
systemctl start {run.grace_timer}
"""


def move_on_script(run: HostRun) -> str:
    """Return the script that restarts the grace timer, and ends the timer of a load."""
    return f"systemctl restart {run.grace_timer}\nsystemctl stop {run.load_timer} || true\n"


def load_script(run: HostRun, timer: File, files: Iterable[File]) -> str:
    """Return the script that tells a host's services about a load, which needs no controller."""
    written = "".join(_written(file, owner=USER) for file in files)
    return f"""
{written}{_written(timer)}systemctl daemon-reload
systemctl restart {run.load_timer}
systemctl stop {run.grace_timer}
"""


def keys_script(services: Iterable[Service]) -> str:
    """Return the script that copies keys into place on the host where they were made."""
    lines = []
    for service in services:
        for key in service.keys:
            lines += [
                f"install -d -o {USER} -g {USER} -m 0700 {_word(key.path.parent)}",
                f"install -o {USER} -g {USER} -m 0600 {_word(key.made_at)} {_word(key.path)}",
            ]
    return "\n".join([*lines, "systemctl daemon-reload", ""])


def cut_script(ssh_connection: str, *, up: bool) -> str:
    """Return the script that cuts a host off from all but the controller's ssh, or reconnects it.

    ``ssh_connection`` is what sshd told the host's shell: the controller's address and port, and
    the host's own; it is empty for a host that is the controller. What the host sends is dropped
    without notice, as if it had been unplugged (nft(8)).
    """
    removal = f"nft delete table {CUT_TABLE} 2>/dev/null || true\n"
    if up:
        return removal
    ssh_in = ssh_out = neighbours = ""
    words = ssh_connection.split()
    if len(words) == len(("address", "port", "own address", "own port")):
        address, _, _ = words[0].partition("%")  # without the zone of a link-local one
        family = "ip6" if ":" in address else "ip"
        ssh_in = f"{family} saddr {address} tcp dport {words[3]} accept"
        ssh_out = f"{family} daddr {address} tcp sport {words[3]} accept"
        # IPv6 finds its neighbours by ICMPv6, as ARP does for IPv4, which passes by these tables
        if family == "ip6":
            neighbours = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept"
    return f"""{removal}nft -f - <<'END'
table {CUT_TABLE} {{
    chain input {{
        type filter hook input priority -300; policy drop;
        iif lo accept
        {ssh_in}
        {neighbours}
    }}
    chain output {{
        type filter hook output priority -300; policy drop;
        oif lo accept
        {ssh_out}
        {neighbours}
    }}
}}
END
"""


def stop_script(run: HostRun) -> str:
    """Return the script that ends every service of a run."""
    return f"systemctl stop {run.slice} || true\n"


def stand_down_script(run: HostRun, *, keep_records: bool) -> str:
    """Return the script that ends a run and removes its volatile files, or all its files.

    It waits for a claim that is being made, which may be this run's own if its controller was
    interrupted.
    """
    records = _word(run.records)
    removal = f"rmdir {records} 2>/dev/null" if keep_records else f"rm -rf {records}"
    waiting = f"[ ! -d {CLAIMS.parent} ] || {{ exec 9>{CLAIMS} && flock -w 30 9; }}"
    return "\n".join(["set +e", waiting, *stand_down_commands(run), removal, "true", ""])


def fetch_argv(run: HostRun) -> tuple[str, ...]:
    """Return the command that prints an archive of what a host has recorded of a run."""
    # what the controller wrote there is for those who collect a run that it could not end
    ours = (f"--exclude=./{name}" for name in (MANIFEST, SCHEDULE, EVENTS))
    return ("tar", "-C", str(run.records), *ours, "-cf", "-", ".")


def archive(
    services: Sequence[Service],
    units: Iterable[File],
    controls: PurePosixPath,
    handed_on: Iterable[File] = (),
) -> bytes:
    """Return a tar archive of everything that is put in place on a host, except keys.

    ``handed_on`` are the controller's own records, for whoever collects the run in its place.
    Directories and files are readable only by the services' own user; units belong to root.
    """
    with io.BytesIO() as content:
        with tarfile.open(fileobj=content, mode="w") as tar:
            added: set[PurePosixPath] = set()
            _add_directory(tar, controls, added, FOR_THE_GROUP)
            for service in services:
                directories = (service.directory, *service.other_directories)
                for directory in (*directories, *(path.parent for path in written_by(service))):
                    _add_directory(tar, directory, added, PRIVATE)
                for written in written_by(service):
                    # tail follows reliably only files that exist when it starts
                    _add_file(tar, File(path=written, text=""), 0o600, owner=USER)
                for file in service.rendered_files:
                    _add_directory(tar, file.path.parent, added, PRIVATE)
                    _add_file(tar, file, 0o600, owner=USER)
            for file in handed_on:
                _add_file(tar, file, 0o600, owner=USER)
            for unit in units:
                _add_file(tar, unit, 0o644, owner="root")
        return content.getvalue()


def unpacked(content: bytes) -> Iterable[tuple[PurePosixPath, bytes]]:
    """Yield the files of an archive of records, by their paths in it.

    Entries that are not files or would be outside are left out. Raises tarfile.TarError.
    """
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        for member in tar:
            path = PurePosixPath(member.name)
            if member.isfile() and not path.is_absolute() and ".." not in path.parts:
                file = tar.extractfile(member)
                if file is not None:
                    yield path, file.read()


def written_by(service: Service) -> tuple[PurePosixPath, ...]:
    """Return the files that a service's output and its records are appended to."""
    return (service.log_path, *map(PurePosixPath, records_of(service.orders)))


def _word(path: PurePosixPath) -> str:
    """Return a path as one word of a shell script."""
    return shlex.quote(str(path))


def _written(file: File, *, owner: str = "root") -> str:
    """Return the lines that write a file atomically."""
    path, fresh = _word(file.path), _word(PurePosixPath(f"{file.path}.new"))
    mode = "0644" if owner == "root" else "0600"
    return (
        f"printf %s {shlex.quote(file.text)} >{fresh}\n"
        f"chown {owner}:{owner} {fresh}\nchmod {mode} {fresh}\nmv {fresh} {path}\n"
    )


def _add_directory(
    tar: tarfile.TarFile, path: PurePosixPath, added: set[PurePosixPath], mode: int
) -> None:
    if path in added:
        return
    added.add(path)
    member = tarfile.TarInfo(str(path).lstrip("/"))
    member.type, member.mode = tarfile.DIRTYPE, mode
    member.uname = member.gname = USER
    tar.addfile(member)


def _add_file(tar: tarfile.TarFile, file: File, mode: int, *, owner: str) -> None:
    content = file.text.encode()
    member = tarfile.TarInfo(str(file.path).lstrip("/"))
    member.size, member.mode = len(content), mode
    member.uname = member.gname = owner
    tar.addfile(member, io.BytesIO(content))
