"""Hosts made fit and left as they were, on a bed: one of each suite, and one that is somebody's.

The tests are one story in its order: checked, provision interrupted, healed, repeated, shared, purged.
"""

import json
import os
import signal
import subprocess
import sys

import psutil
import pytest
import yaml

from onionrig.engine.ansible.program import provisioned_version
from onionrig.errors import Interrupted, Unequipped
from support.bed import Bed, HostSpec
from support.bed.wheels import cached_wheels
from support.waiting import HANG_SECONDS

INDEXED, BARE, THEIRS = "pi1", "pi2", "pi3"
BUILT = {"onionrig_wheels": "build"}
"""Makes a host get its Python packages as one of 32-bit ARM does: compiled on the first of its kind."""
OURS = (INDEXED, BARE)
ALL = (*OURS, THEIRS)
PROGRAM = "opt/onionrig/program/onionrig/units.py"
SNAPSHOT = r"""
dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n'
systemctl list-unit-files --no-legend --plain
getent passwd; getent group
find /etc /opt /usr /var/lib /var/cache/apt -xdev \
  -not -path '/var/lib/apt/*' -not -path '/var/lib/dpkg/*' -not -path '/var/lib/systemd/*' \
  -not -path '/var/cache/apt/*' -not -name '*.pyc' -not -name __pycache__
find /root /home -xdev
find /etc -type f -not -name '*-' -not -name ld.so.cache | sort | xargs sha256sum
"""


@pytest.fixture(scope="module")
def bed():
    hosts = [HostSpec(name=INDEXED), HostSpec(name=BARE, suite="trixie", index=False)]
    with Bed([*hosts, HostSpec(name=THEIRS)]) as bed:
        theirs = bed[THEIRS]
        theirs.run("apt-get", "-qq", "update")
        theirs.run("apt-get", "-qqy", "install", "--no-install-recommends", "tor")
        (theirs.root / "etc/tor/torrc").write_text("SocksPort 9999\n")
        theirs.run("systemctl", "restart", "tor@default")
        bed[BARE].run("apt-get", "-qq", "update")
        bed[BARE].run("apt-get", "-qqy", "install", "libfaketime")  # for its clock to be off
        yield bed


@pytest.fixture(scope="module")
def before(bed):
    return {name: snapshot(bed, name) for name in ALL}


@pytest.fixture(scope="module")
def environment(bed, tmp_path_factory):
    """Return that of a controller that knows the hosts, and has the wheels and an empty cache."""
    return {
        **os.environ,
        "PIP_FIND_LINKS": str(cached_wheels()),
        "PIP_NO_INDEX": "1",
        "ANSIBLE_SSH_COMMON_ARGS": f"-F {bed.ssh_config}",
        "XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache")),
    }


@pytest.fixture(scope="module")
def inventory(bed, environment, tmp_path_factory):
    """Return the inventory that init writes."""
    path = tmp_path_factory.mktemp("init") / "inventory.yml"
    words = ("cluster", "init", INDEXED, BARE, THEIRS, "--clients", THEIRS, "-i", path)
    printed = bed.run(sys.executable, "-m", "onionrig", *words, env=environment).stdout
    assert f"init: balancer: {INDEXED}, the first host" in printed
    assert f"init: ssh does not know {INDEXED}, {BARE}, {THEIRS} yet" in printed
    variables = path.parent / "host_vars"
    variables.mkdir()
    (variables / f"{INDEXED}.yml").write_text(yaml.safe_dump(BUILT))
    return path


@pytest.fixture(scope="module")
def cluster(bed, environment, inventory):
    """Return what runs a command on the bed's hosts, for its exit code and its JSON."""

    def run(*words, inventory=inventory):
        argv = (sys.executable, "-m", "onionrig", "cluster", *words, "-i", inventory, "--json")
        done = bed.run(*argv, check=False, env=environment)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    return run


def snapshot(bed, name):
    return set(bed[name].run("sh", "-c", SNAPSHOT).stdout.splitlines())


def differences(bed, name, before):
    """Return what is not as it was before, one line each."""
    after = snapshot(bed, name)
    return sorted(f"{name} lacks {line}" for line in before[name] - after) + sorted(
        f"{name} has {line}" for line in after - before[name]
    )


def shown(bed, name, unit, *properties):
    asked = ",".join(properties)
    lines = bed[name].run("systemctl", "show", unit, f"--property={asked}").stdout.splitlines()
    return dict(line.split("=", 1) for line in lines)


def record(bed, name):
    return json.loads((bed[name].root / "var/lib/onionrig/provisioned.json").read_text())


def compiled(bed, name):
    """Return whether the packages of a host were compiled on a host, and whether it was this one."""
    library = next((bed[name].root / "opt/onionrig/venv/lib").glob("python3*/site-packages"))
    (wheel,) = library.glob("msgspec-*.dist-info/WHEEL")
    log = (bed[name].root / "var/log/dpkg.log").read_text()
    return "-linux_" in wheel.read_text(), " status installed gcc:" in log


def changes(outcome):
    return {host["name"]: host["changed"] for host in outcome["hosts"]}


def test_check_says_what_fresh_hosts_are_and_refuses_somebodys(bed, before, cluster):
    code, checked = cluster("check")
    assert code == Unequipped.exit_code
    found = {(each["host"], each["what"]): each for each in checked["findings"]}
    for name in OURS:
        assert found[name, "provisioned"]["found"] == "not yet"
        assert found[name, "ports"]["verdict"] == found[name, "clock"]["verdict"] == "ok"
    tor = found[THEIRS, "tor"]
    assert tor["verdict"] == "missing"
    assert "tor@default.service runs" in tor["found"]
    assert "/etc/tor/torrc is not as the package ships it" in tor["found"]
    assert {each["host"] for each in checked["findings"] if each["verdict"] == "missing"} == {
        THEIRS
    }
    for name in ALL:
        assert differences(bed, name, before) == []


def test_check_names_every_trouble_of_all_hosts_at_once(bed, before, cluster, tmp_path):
    troubled = bed.inventory(
        {"balancer": ["stranger"], "backends": OURS, "clients": [THEIRS, "gone"]},
        path=tmp_path / "troubled.yml",
        host_variables={
            INDEXED: {
                "onionrig_facts": {
                    "machine": "armv6l",
                    "memory_bytes": 400 << 20,
                    "python": [3, 9, 2],
                }
            },
            "stranger": {
                "ansible_host": bed[INDEXED].address,
                "ansible_ssh_common_args": "-o UserKnownHostsFile=/dev/null",
            },
            "gone": {"ansible_host": "10.77.0.99"},
        },
    )
    sudoers = bed[THEIRS].run("sh", "-c", "ls /etc/sudoers.d/*nopasswd*").stdout.strip()
    bed[THEIRS].run("mv", sudoers, "/root/kept")
    bed[INDEXED].run("mount", "-t", "tmpfs", "-o", "size=50m", "tmpfs", "/opt")
    bed[BARE].run("ip", "route", "add", "blackhole", bed[INDEXED].address)
    try:
        with bed[BARE].clock_off_by("-5s"):
            code, checked = cluster("check", inventory=troubled)
    finally:
        bed[THEIRS].run("mv", "/root/kept", sudoers)
        bed[INDEXED].run("umount", "/opt")
        bed[BARE].run("ip", "route", "delete", "blackhole", bed[INDEXED].address)
    assert code == Unequipped.exit_code
    troubles = {
        (each["host"], each["what"]): f"{each['found']}; {each['advice']}"
        for each in checked["findings"]
        if each["verdict"] != "ok"
    }
    assert "armv6l" in troubles[INDEXED, "architecture"]
    assert "1 daemon fits" in troubles[INDEXED, "memory"]
    assert "Python 3.9.2; use a system with Python 3.11" in troubles[INDEXED, "python"]
    assert "50 MiB free for /opt/onionrig" in troubles[INDEXED, "disk"]
    assert "behind this machine's" in troubles[BARE, "clock"]
    assert "pi1 (timeout)" in troubles[BARE, "ports"]
    assert f"saddr {bed[INDEXED].address} tcp dport" in troubles[BARE, "ports"]
    assert "NOPASSWD" in troubles[THEIRS, "sudo"]
    assert "its SSH host key is not known" in troubles["stranger", "reachable"]
    assert "is it switched on" in troubles["gone", "reachable"]
    for name in ALL:
        assert differences(bed, name, before) == []


def test_what_provision_would_do_to_a_fresh_host_is_said_and_not_done(bed, before, cluster):
    code, outcome = cluster("provision", "--check", "--limit", INDEXED)
    assert (code, bool(changes(outcome)[INDEXED])) == (0, True)
    assert differences(bed, INDEXED, before) == []


def test_an_interrupted_provision_leaves_a_record_and_no_connection(bed, environment, inventory):
    words = ("cluster", "provision", "-i", inventory, "--limit", INDEXED)
    with subprocess.Popen(
        bed.controller(sys.executable, "-m", "onionrig", *words),
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment,
    ) as running:  # fmt: skip
        for line in running.stderr:
            if "Install python3-venv" in line:
                break
        running.send_signal(signal.SIGINT)
        running.stderr.read()
        assert running.wait(HANG_SECONDS) == Interrupted.exit_code
    made = record(bed, INDEXED)
    assert made["version"] == "unfinished"
    assert {"tor", "python3-venv", "gcc", "python3-dev"} <= set(made["found"]["packages"])
    # neither ansible's ssh nor a connection that it kept
    commands = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    assert not [words for words in commands if any(str(bed.ssh_config) in word for word in words)]


def test_provision_installs_refuses_by_name_and_never_starts_tor(bed, cluster):
    their_tor = shown(bed, THEIRS, "tor@default", "MainPID")
    code, outcome = cluster("provision")
    assert code == Unequipped.exit_code
    failures = {host["name"]: host["failure"] for host in outcome["hosts"]}
    assert failures[INDEXED] is failures[BARE] is None
    assert "pi3 is refused: a tor that onionrig has not set up" in failures[THEIRS]
    assert "onionrig_share_with_tor" in failures[THEIRS]
    for name in OURS:
        log = (bed[name].root / "var/log/dpkg.log").read_text()
        for package in ("tor", "python3-venv"):
            assert f" status installed {package}:" in log
        for unit in ("tor.service", "tor@default.service"):
            state = shown(bed, name, unit, "LoadState", "ActiveEnterTimestampMonotonic")
            assert state == {"LoadState": "masked", "ActiveEnterTimestampMonotonic": "0"}
        assert not list((bed[name].root / "var/lib/tor").iterdir())  # nothing has ever run in it
        assert record(bed, name)["version"] == provisioned_version()
        python = "/opt/onionrig/venv/bin/python"
        programs = "onionrig.node.facts, onionrig.movers.sink, onionrig.movers.sampler.program, "
        programs += "onionrig.movers.yardstick.program"
        bed.ssh(name, f"{python} -c 'import {programs}, onionrig.balancer.extended'")
        assert "onionrig" in bed.ssh(name, "id -nG").stdout.split()
    assert (compiled(bed, INDEXED), compiled(bed, BARE)) == ((True, True), (False, False))
    for left in ("build", "wheels"):
        assert not (bed[INDEXED].root / "opt/onionrig" / left).exists()
    assert not (bed[THEIRS].root / "opt/onionrig").exists()
    assert shown(bed, THEIRS, "tor@default", "MainPID") == their_tor


def test_a_second_provision_changes_nothing(cluster):
    code, outcome = cluster("provision", "--limit", ",".join(OURS))
    assert (code, changes(outcome)) == (0, dict.fromkeys(OURS, 0))


def test_files_changed_by_hand_are_found_and_mended(bed, cluster):
    program = bed[INDEXED].root / PROGRAM
    text = program.read_text()
    program.write_text(text + "# by hand\n")
    library = next((bed[BARE].root / "opt/onionrig/venv/lib").glob("python3*/site-packages/stem"))
    (library / "version.py").write_text("# by hand\n")
    code, outcome = cluster("provision", "--check", "--limit", ",".join(OURS))
    assert code == 0
    assert all(changes(outcome).values())
    assert program.read_text() == text + "# by hand\n"
    cluster("provision", "--limit", ",".join(OURS))
    assert program.read_text() == text
    assert "Version" in (library / "version.py").read_text()


def test_beside_somebodys_tor_nothing_of_it_is_touched(bed, cluster, tmp_path):
    shared = bed.inventory(
        {"clients": [THEIRS]},
        path=tmp_path / "shared.yml",
        host_variables={THEIRS: {"onionrig_share_with_tor": True} | BUILT},
    )
    properties = ("MainPID", "LoadState", "UnitFileState", "NRestarts")
    units = ("tor.service", "tor@default.service")
    theirs = [shown(bed, THEIRS, unit, *properties) for unit in units]
    code, _ = cluster("provision", inventory=shared)
    assert code == 0
    assert [shown(bed, THEIRS, unit, *properties) for unit in units] == theirs
    assert (bed[THEIRS].root / "etc/tor/torrc").read_text() == "SocksPort 9999\n"
    made = record(bed, THEIRS)["found"]
    assert made["masks"] == []
    assert "tor" not in made["packages"]
    assert compiled(bed, THEIRS) == (True, False)  # by the other host of its kind
    code, outcome = cluster("provision", inventory=shared)
    assert (code, changes(outcome)) == (0, {THEIRS: 0})


def test_purge_leaves_nothing_and_takes_nothing_else(bed, before, cluster):
    their_tor = shown(bed, THEIRS, "tor@default", "MainPID")
    code, _ = cluster("purge", "--yes")
    assert code == 0
    for name in ALL:
        assert differences(bed, name, before) == []
        assert not (bed[name].root / "run/onionrig").exists()
    assert shown(bed, THEIRS, "tor@default", "MainPID") == their_tor
    code, outcome = cluster("purge", "--yes")
    assert (code, changes(outcome)) == (0, dict.fromkeys(ALL, 0))
