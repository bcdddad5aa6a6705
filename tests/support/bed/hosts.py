"""A host of the bed: a root of its own over a base tree, systemd as its first process, sshd."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from support.bed.ground import run
from support.bed.guardian import NETWORKS
from support.bed.suites import USER
from support.waiting import HANG_SECONDS, until

if TYPE_CHECKING:
    from support.bed.ground import Ground
    from support.bed.network import Network
    from support.bed.suites import Suite

_BOOT = (
    "systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--link-journal=no",
    "--resolv-conf=off", "--timezone=off", "--console=pipe",
    # its network is its own, and so are packet filters in it
    "--capability=CAP_NET_ADMIN",
)  # fmt: skip
_UNIFIED = "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1"
"""The host has control groups of version 2, whatever this machine has."""
_SWITCHED_ON = """\
while # systemd-nspawn ends with 133 where the host is to start again
    (for group in {groups}; do sh -c 'echo $PPID' >"$group/cgroup.procs" || exit 1; done; exec "$@")
    [ $? -eq 133 ]
do :; done
"""


@dataclass(frozen=True, kw_only=True)
class HostSpec:
    """What a host is to be."""

    name: str
    suite: str = "bookworm"
    index: bool = True
    """Whether pip on the host finds the bed's wheels."""
    rate: str | None = None
    """What its link carries each way, as tc has it: "100mbit"; None for as much as it can."""
    sees: tuple[Path, ...] = ()
    """Directories of this machine that are there under the same path, and cannot be changed."""
    begun: Path | None = None
    """What a host has already changed in its base tree, as ``Host.keep_changes`` keeps it."""


@dataclass(kw_only=True)
class Host:
    """A host that stands, or did until its power was cut."""

    spec: HostSpec
    address: str
    ground: Ground
    network: Network
    suite: Suite
    _process: subprocess.Popen | None = field(default=None, repr=False)

    @property
    def name(self):
        return self.spec.name

    @property
    def directory(self):
        return self.ground.directory / "hosts" / self.name

    @property
    def root(self) -> Path:
        """The host's files, as they are seen from outside."""
        return self.ground.seen(self._mounted)

    @property
    def console(self):
        """The file to which the host's console goes."""
        return self.directory / "console.log"

    @property
    def first_process(self):
        """The id, outside, of the host's systemd; None where the host is down."""
        if self._process is None:
            return None
        try:
            inside = psutil.Process(self._process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return None
        for process in inside:
            depth = _ids(process.pid)
            if len(depth) > len(_ids(self.ground.pid)) and depth[-1] == "1":
                return process.pid
        return None

    @property
    def ids(self):
        """The ids, outside, of all processes of the host."""
        first = self.first_process
        if first is None:
            return []
        return [first, *(process.pid for process in psutil.Process(first).children(recursive=True))]

    def prepare(self, files):
        """Give it its root; files are texts by their path in it."""
        for part in ("upper", "work", "root"):
            (self.directory / part).mkdir(parents=True)
        if self.spec.begun:
            run("cp", "--archive", f"{self.spec.begun}/.", self._changes)
        for group in self._groups:
            group.mkdir()
        # volatile: what is synced would be thrown away all the same
        self.ground.script(
            f"mount -t overlay overlay -o lowerdir={self.suite.tree},volatile,"
            f"upperdir={self._changes},workdir={self.directory}/work {self._mounted}"
        )
        self._key.unlink(missing_ok=True)
        for path, (text, mode) in files.items():
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            file.chmod(mode)
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", self.name, "-f", self._key)
        run("chroot", self.root, "chown", "-R", f"{USER}:{USER}", f"/home/{USER}")

    @property
    def public_key(self):
        """The key by which ssh knows the host: its kind and the key."""
        return " ".join(self._key.with_suffix(".pub").read_text().split()[:2])

    def start(self):
        """Switch it on. It is up when ssh says so."""
        assert self._process is None, f"{self.name} is on already"
        self.join()
        groups = " ".join(map(str, self._groups))
        with self.console.open("ab") as console:
            self._process = subprocess.Popen(
                [
                    *("sh", "-c", _SWITCHED_ON.format(groups=groups), "sh"),
                    *self.ground.entering,
                    *("nsenter", f"--net={NETWORKS}/{self.name}", "--", "env", _UNIFIED),
                    *_BOOT,
                    f"--directory={self._mounted}",
                    f"--machine={self.name}",
                    f"--network-namespace-path={NETWORKS}/{self.name}",
                    *(f"--bind-ro={path}" for path in self.spec.sees),
                ],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )

    def keep_changes(self, directory):
        """Copy what the host has changed in its base tree, for another one to begin with."""
        run("cp", "--archive", self._changes, directory)

    def kill(self):
        """Cut its power: nothing more leaves it, and every process of it is killed."""
        self.cut()
        ids = [
            process.pid for process in psutil.Process(self._process.pid).children(recursive=True)
        ]
        for pid in ids:  # systemd-nspawn first, then the host's systemd and with it all the rest
            try:
                psutil.Process(pid).send_signal(signal.SIGKILL)
            except psutil.NoSuchProcess:
                continue
        self._process.wait(HANG_SECONDS)
        self._process = None
        until(lambda: not any(map(psutil.pid_exists, ids)), f"the end of {self.name}")
        until(self._has_no_groups, f"the end of the control groups of {self.name}")

    def _has_no_groups(self):
        """Remove the control groups that it made, which a kernel takes with it when it goes."""
        made = [path for group in self._groups for path in group.rglob("*") if path.is_dir()]
        for path in sorted(made, key=lambda path: len(path.parts), reverse=True):
            try:
                path.rmdir()
            except OSError:  # what was in it has not been reaped yet
                return False
        return True

    def cut(self):
        """Take its link away; the host sees that its cable is out."""
        self.network.cut(self.name)

    def join(self):
        """Bring its link back."""
        self.network.join(self.name)

    def entering(self, *argv):
        """Return the argv that runs another one in the host as root, past ssh."""
        first = self.first_process
        assert first is not None, f"{self.name} is down; its console: {self.console}"
        return ["nsenter", f"--target={first}", "--all", "--", *argv]

    def run(self, *argv, check=True, **more):
        """Run a program in the host as root, past ssh, and return what subprocess.run does."""
        more = {"capture_output": True, "text": True, "timeout": HANG_SECONDS} | more
        done = subprocess.run(self.entering(*argv), check=False, **more)
        if check and done.returncode:
            raise RuntimeError(
                f"{self.name}: {' '.join(argv)} ended with {done.returncode}:\n"
                f"{done.stdout}{done.stderr}"
            )
        return done

    @contextlib.contextmanager
    def clock_off_by(self, offset):
        """Have what ssh and sudo start on the host in the block read a clock that is off: "+5s".

        The clock itself is the machine's, which nobody moves. Services read that one; sshd itself
        would refuse everybody if its processes disagreed.
        """
        if self.run("dpkg", "--status", "libfaketime", check=False).returncode:
            self.run("apt-get", "--quiet", "update")
            self.run("apt-get", "--quiet", "--yes", "install", "libfaketime")
        (library,) = self.root.glob("usr/lib/*/faketime/libfaketimeMT.so.1")
        environment, sudo = self.root / "etc/environment", self.root / "etc/sudoers.d/clock"
        before = environment.read_text() if environment.exists() else ""
        environment.write_text(
            f"{before}LD_PRELOAD=/{library.relative_to(self.root)}\n"
            f"FAKETIME={offset}\nFAKETIME_DONT_FAKE_MONOTONIC=1\n"
        )
        sudo.write_text("Defaults env_file=/etc/environment\n")
        try:
            yield
        finally:
            environment.write_text(before)
            sudo.unlink()

    def journal(self, *arguments):
        """Return lines of the host's journal."""
        return self.run("journalctl", "--no-pager", *arguments).stdout

    @property
    def _mounted(self):
        return self.directory / "root"

    @property
    def _changes(self):
        return self.directory / "upper"

    @property
    def _key(self):
        return self.root / "etc/ssh/ssh_host_ed25519_key"

    @property
    def _groups(self):
        return [group / self.name for group in self.ground.groups]


def _ids(pid):
    """Return the ids of a process in each process namespace that it is in, the outermost first."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return []
    return next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[1:]
