"""scripts/install-tor.sh: with stub commands first, then with Debian's own tor package."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.files import PROJECT, write_program
from support.waiting import HANG_SECONDS, RUN_SECONDS

SCRIPT = PROJECT / "scripts" / "install-tor.sh"
PLAIN_TOOLS = "chmod env flock grep mkdir mktemp mv realpath rm sed seq setsid sh"

# Says what it was asked and what policy-rc.d would have answered, then does what the test wants.
APT_GET = """\
policy={root}/usr/sbin/policy-rc.d
answer() {{ if [ -x "$policy" ]; then "$policy" tor start; echo $?; else echo none; fi; }}
asked=${{*#*Use-Pty=0 }}
echo "apt-get $asked: policy $(answer)" >>{log}
case $asked in
"install tor") {install} ;;
"--download-only install tor") {fetch} ;;
esac
"""
UNPACK = ": >{bin}/tor; chmod 755 {bin}/tor"
OURS = b"#!/bin/sh\n# onionrig holds every service back while it installs tor\nexit 101\n"


@dataclass
class Machine:
    """A directory that stands for /, and a PATH of stubs."""

    root: Path
    bin: Path
    log: Path

    @property
    def policy(self):
        return self.root / "usr/sbin/policy-rc.d"

    @property
    def aside(self):
        return self.policy.with_name("policy-rc.d.onionrig-aside")

    @property
    def calls(self):
        return self.log.read_text().splitlines() if self.log.exists() else []

    def stub(self, name, script):
        write_program(self.bin, name, script)

    def apt_get(self, *, install=UNPACK, fetch=":"):
        install = install.format(bin=self.bin, log=self.log)
        fetch = fetch.format(bin=self.bin, log=self.log)
        script = APT_GET.format(root=self.root, log=self.log, install=install, fetch=fetch)
        self.stub("apt-get", script)

    def running(self, pid, comm, cmdline):
        (self.root / f"proc/{pid}").mkdir(parents=True)
        (self.root / f"proc/{pid}/comm").write_text(f"{comm}\n")
        (self.root / f"proc/{pid}/cmdline").write_text("\0".join(cmdline))

    def run(self):
        return subprocess.run(
            [self.bin / "sh", SCRIPT, self.root],
            env={"PATH": str(self.bin)},
            start_new_session=True,
            capture_output=True,
            text=True,
            timeout=HANG_SECONDS,
            check=False,
        )


@pytest.fixture
def machine(tmp_path):
    machine = Machine(root=tmp_path / "root", bin=tmp_path / "bin", log=tmp_path / "calls")
    machine.policy.parent.mkdir(parents=True)
    machine.bin.mkdir()
    for tool in PLAIN_TOOLS.split():
        (machine.bin / tool).symlink_to(shutil.which(tool))
    machine.stub("id", "echo 0")
    machine.stub("systemctl", f'echo "systemctl $*" >>{machine.log}; echo disabled')
    machine.stub("update-rc.d", f'echo "update-rc.d $*" >>{machine.log}')
    machine.apt_get()
    return machine


def test_tor_is_fetched_and_installed_while_a_policy_forbids_every_start(machine):
    done = machine.run()
    assert done.returncode == 0, done.stderr
    assert machine.calls[:2] == [
        "apt-get --download-only install tor: policy 101",
        "apt-get install tor: policy 101",
    ]


def test_the_service_is_disabled_afterwards_under_both_init_systems(machine):
    machine.run()
    assert machine.calls[2:] == [
        "systemctl --quiet disable tor.service tor@default.service",
        "update-rc.d tor disable",
        "systemctl is-enabled tor.service",
    ]


def test_it_works_without_systemd_and_without_update_rc_d(machine):
    (machine.bin / "systemctl").unlink()
    (machine.bin / "update-rc.d").unlink()
    assert machine.run().returncode == 0


def test_nothing_at_all_happens_where_tor_exists(machine):
    machine.stub("tor", ":")
    machine.policy.write_text("somebody's")
    done = machine.run()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert machine.calls == []
    assert [path.name for path in machine.policy.parent.iterdir()] == ["policy-rc.d"]


# After the signal apt-get goes on, as dpkg would, and asks the policy a hundred times more.
GO_ON = "; for i in $(seq 100); do answer; done | grep -v 101 >>{log}; " + UNPACK
ENDINGS = {
    "succeeds": (UNPACK, 0),
    "fails": ("exit 100", 1),
    "fails half way": (UNPACK + "; exit 100", 1),
    "outlives SIGTERM to the script": ("kill -s TERM $PPID" + GO_ON, 143),
    "outlives SIGTERM to the whole group": ("kill -s TERM -- -$PPID" + GO_ON, 143),
}


@pytest.fixture(params=ENDINGS)
def ending(request, machine):
    install, status = ENDINGS[request.param]
    machine.apt_get(install=install)
    return status


def test_no_policy_is_left_however_apt_get_ends(machine, ending):
    assert machine.run().returncode == ending
    assert list(machine.policy.parent.iterdir()) == []


def test_an_existing_policy_comes_back_exactly_however_apt_get_ends(machine, ending):
    machine.policy.write_bytes(b"#!/bin/sh\n# mine \x00\xff\nexit 0")
    machine.policy.chmod(0o751)
    before = machine.policy.stat()
    assert machine.run().returncode == ending
    after = machine.policy.stat()
    assert machine.policy.read_bytes() == b"#!/bin/sh\n# mine \x00\xff\nexit 0"
    assert (after.st_mode, after.st_ino) == (before.st_mode, before.st_ino)
    assert after.st_mtime_ns == before.st_mtime_ns
    assert [path.name for path in machine.policy.parent.iterdir()] == ["policy-rc.d"]
    assert "apt-get install tor: policy 101" in machine.calls


def test_what_was_installed_is_disabled_however_apt_get_ends(machine, ending):
    machine.run()
    disabled = "systemctl --quiet disable tor.service tor@default.service" in machine.calls
    assert disabled == (machine.bin / "tor").exists()


def test_the_policy_forbids_starts_until_apt_get_has_ended_however_it_does(machine, ending):
    assert machine.run().returncode == ending
    assert {"0", "none"}.isdisjoint(machine.calls)


def test_a_signal_to_the_whole_group_does_not_cut_the_installation_short(machine):
    machine.apt_get(install="kill -s TERM -- -$PPID" + GO_ON)
    assert machine.run().returncode == 143
    assert (machine.bin / "tor").exists()


def test_a_policy_that_is_a_symlink_stays_one(machine):
    machine.policy.symlink_to("/etc/alternatives/policy-rc.d")
    assert machine.run().returncode == 0
    assert machine.policy.readlink() == Path("/etc/alternatives/policy-rc.d")


def test_new_package_lists_are_read_when_the_old_ones_do_not_do(machine):
    fetch = "[ -e {bin}/updated ] || {{ : >{bin}/updated; exit 100; }}"
    machine.apt_get(fetch=fetch)
    assert machine.run().returncode == 0
    assert [call.partition(":")[0] for call in machine.calls[:4]] == [
        "apt-get --download-only install tor",
        "apt-get update",
        "apt-get --download-only install tor",
        "apt-get install tor",
    ]


def test_a_failure_shows_what_apt_get_said(machine):
    machine.apt_get(fetch="echo E: no tor for you >&2; exit 100")
    done = machine.run()
    assert done.returncode == 1
    assert "could not fetch tor" in done.stderr
    assert "E: no tor for you" in done.stderr


def test_a_service_that_stays_enabled_is_an_error(machine):
    machine.stub("systemctl", "echo enabled")
    done = machine.run()
    assert done.returncode == 1
    assert "tor.service is still enabled" in done.stderr


@pytest.mark.parametrize(
    "link", ["etc/rc3.d/S01tor", "etc/systemd/system/multi-user.target.wants/tor.service"]
)
def test_a_link_that_starts_tor_at_boot_is_an_error(machine, link):
    (machine.root / link).parent.mkdir(parents=True)
    (machine.root / link).symlink_to("/nowhere")
    done = machine.run()
    assert done.returncode == 1
    assert link in done.stderr


def test_a_tor_service_that_runs_afterwards_is_an_error(machine):
    defaults = "/usr/share/tor/tor-service-defaults-torrc"
    machine.running(4711, "tor", ["/usr/bin/tor", "--defaults-torrc", defaults])
    done = machine.run()
    assert done.returncode == 1
    assert "RUNS" in done.stderr
    assert "kill 4711" in done.stderr


def test_somebodys_own_tor_process_is_none_of_its_business(machine):
    machine.running(4711, "tor", ["/opt/tor/bin/tor", "-f", "/home/me/torrc"])
    assert machine.run().returncode == 0


def test_a_run_after_a_killed_one_puts_the_owners_policy_back(machine):
    machine.stub("tor", ":")
    machine.policy.write_bytes(OURS)
    machine.policy.chmod(0o755)
    machine.aside.write_text("the owner's")
    assert machine.run().returncode == 0
    assert machine.policy.read_text() == "the owner's"
    assert not machine.aside.exists()
    assert "update-rc.d tor disable" in machine.calls


def test_a_run_after_a_killed_one_removes_a_policy_of_its_own(machine):
    machine.policy.write_bytes(OURS)
    assert machine.run().returncode == 0
    assert list(machine.policy.parent.iterdir()) == []


def test_two_policies_that_may_both_be_the_owners_are_left_alone(machine):
    machine.policy.write_text("new")
    machine.aside.write_text("old")
    done = machine.run()
    assert done.returncode == 1
    assert str(machine.aside) in done.stderr
    assert (machine.policy.read_text(), machine.aside.read_text()) == ("new", "old")
    assert machine.calls == []


def test_without_root_and_sudo_it_says_what_to_type(machine):
    machine.stub("id", "echo 1000")
    done = machine.run()
    assert done.returncode == 1
    assert f"su -c '{SCRIPT}'" in done.stderr
    assert machine.calls == []


def test_without_root_it_asks_sudo(machine):
    machine.stub("id", "echo 1000")
    machine.stub("sudo", f'echo "sudo $*" >>{machine.log}')
    assert machine.run().returncode == 0
    assert machine.calls == [f"sudo -- sh {SCRIPT} {machine.root}"]


# From here on the real package: / seen through an overlay whose changes lie in memory, in
# namespaces of its own without a network. They end, processes and mounts with them, when their
# first process does. stdout holds name=value lines.
BOX = r"""
set -eu
box=$1 script=$2 debs=$3 manager=$4
export PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
mount -t tmpfs tmpfs "$box"
mkdir "$box/upper" "$box/work" "$box/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$box/upper,workdir=$box/work" "$box/root"
cd "$box/root"
mount -t proc proc proc
mount -t tmpfs tmpfs run # hides the sockets of the machine's own systemd
mount --rbind /dev dev
ip link set lo up
cp "$script" run/install-tor.sh
rm -f var/lib/man-db/auto-update usr/sbin/policy-rc.d # the former only takes time
chroot . apt-get -qq -y purge tor >&2
rm -f run/systemctl.log
if [ "$manager" = systemd ]; then
    mkdir -p run/systemd/system # "systemd runs", say the maintainer scripts now
    mv usr/bin/systemctl usr/bin/systemctl.real
    cat >usr/bin/systemctl <<'STUB'
#!/bin/sh
echo "$*" >>/run/systemctl.log
case " $* " in
*" is-active "*) exit 3 ;;
*" start "* | *" daemon-reload "*) exit 0 ;;
esac
exec systemctl.real "$@"
STUB
    chmod 755 usr/bin/systemctl
fi
cp "$debs"/*.deb var/cache/apt/archives/
echo "tor before=$(chroot . sh -c 'command -v tor' || true)"
status=0
chroot . sh /run/install-tor.sh >&2 || status=$?
echo "status=$status"
echo "network=$(sed -n 's/^ *\([^ :]*\):.*/\1/p' /proc/net/dev | xargs)"
echo "package=$(chroot . dpkg-query -W -f '${Status}' tor || true)"
echo "daemons=$(grep -lx tor proc/[0-9]*/comm | wc -l)"
echo "started=$(grep -ow 'start tor.service' run/systemctl.log || true)"
echo "enabled=$(find etc/systemd etc/rc[2-5].d -path '*wants/tor*' -o -name 'S??tor' | xargs)"
echo "policies=$(ls usr/sbin | grep policy-rc.d || true)"
"""
NAMESPACES = ["--mount", "--pid", "--net", "--ipc", "--fork", "--kill-child"]


@pytest.fixture(scope="module")
def debs(tmp_path_factory):
    """Debian's tor package, or a skip that says why there is no box to install it in."""
    directory = tmp_path_factory.mktemp("debs")
    if os.geteuid() != 0:
        pytest.skip("the real package is installed only as root, in a mount namespace")
    if not (shutil.which("apt-get") and shutil.which("unshare")):
        pytest.skip("needs apt-get and unshare")
    overlay = "mount -t tmpfs t $0 && mkdir $0/u $0/w $0/r && mount -t overlay o $0/r -o "
    overlay += "lowerdir=/,upperdir=$0/u,workdir=$0/w"
    probe = ["unshare", *NAMESPACES, "sh", "-c", overlay, directory]
    if (done := run(probe)).returncode != 0:
        pytest.skip(f"no overlay of / in a mount namespace here: {done.stderr.strip()}")
    fetch = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", "tor"]
    if (done := run(fetch, cwd=directory)).returncode != 0:
        pytest.skip(f"apt-get cannot download tor: {done.stderr.strip()}")
    return directory


def run(command, **options):
    return subprocess.run(
        command, capture_output=True, text=True, timeout=RUN_SECONDS, check=False, **options
    )


def installed_in_a_box(script, debs, directory, manager):
    box = directory / "box"
    box.mkdir()
    inside = ["bash", "-c", BOX, "box", box, script, debs, manager]
    done = run(["unshare", *NAMESPACES, *inside])
    assert done.returncode == 0, done.stderr
    assert list(box.iterdir()) == []
    assert str(box) not in Path("/proc/mounts").read_text()
    facts = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert (facts["tor before"], facts["network"]) == ("", "lo")
    assert facts["package"] == "install ok installed", done.stderr
    return facts, done.stderr


@pytest.mark.process
@pytest.mark.parametrize("manager", ["sysv", "systemd"])
def test_debians_own_package_starts_nothing_and_stays_disabled(tmp_path, debs, manager):
    facts, said = installed_in_a_box(SCRIPT, debs, tmp_path, manager)
    assert facts["status"] == "0", said
    assert (facts["daemons"], facts["started"]) == ("0", "")
    assert facts["enabled"] == ""
    assert facts["policies"] == ""


@pytest.mark.process
@pytest.mark.parametrize("manager", ["sysv", "systemd"])
def test_the_same_without_policy_and_disabling_is_seen_to_start_tor(tmp_path, debs, manager):
    text = SCRIPT.read_text()
    for line, instead in [("\\nexit 101\\n'", "\\nexit 0\\n'"), ("        disable\n", "    :\n")]:
        assert text.count(line) == 1
        text = text.replace(line, instead)
    script = tmp_path / "careless.sh"
    script.write_text(text)
    facts, said = installed_in_a_box(script, debs, tmp_path, manager)
    started = {"sysv": ("1", ""), "systemd": ("0", "start tor.service")}
    assert (facts["daemons"], facts["started"]) == started[manager]
    assert "etc/systemd/system/multi-user.target.wants/tor.service" in facts["enabled"]
    assert facts["status"] == "1"
    assert "tor.service is still enabled" in said
    assert ("RUNS" in said) == (manager == "sysv")
