# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what a host is and has, as one JSON object; change nothing.

Ansible hands this file to the host's own Python on stdin, as root, with the options as the one
argument: ``facts`` (what the inventory says instead), ``share`` (leave a tor that is there alone),
``address`` (where others reach it, if the inventory says so), ``peer`` (the address of another
host). It needs nothing but the standard library of Python 3.7 or
later, so that it can say that a Python is too old.
"""

import glob
import grp
import hashlib
import json
import os
import platform
import pwd
import re
import shutil
import socket
import subprocess
import sys
import time

OPT = "/opt/onionrig"
LIB = "/var/lib/onionrig"
RECORD = LIB + "/provisioned.json"
STAMP = OPT + "/venv.json"
TMPFILES = "/etc/tmpfiles.d/onionrig.conf"
ACCOUNT = "onionrig"
TOR_UNITS = ("tor.service", "tor@default.service")
PACKAGES = ("tor", "python3-venv", "python3-apt")
DIRECTORIES = {
    OPT: ("root", "root", 0o755),
    LIB: (ACCOUNT, ACCOUNT, 0o750),
    LIB + "/keys": (ACCOUNT, ACCOUNT, 0o700),
    LIB + "/runs": (ACCOUNT, ACCOUNT, 0o700),
    LIB + "/frontend": (ACCOUNT, ACCOUNT, 0o700),
    "/run/onionrig": ("root", "root", 0o755),
}
MACHINES = {"amd64": ["x86_64"], "arm64": ["aarch64"], "armhf": ["armv7l", "armv8l", "aarch64"]}
"""The kernels that may run each architecture of Debian."""
UNKNOWN = ("65535", "4294967295")
"""Rates of links whose driver knows none: -1 in 16 and in 32 bits."""
OLDEST_PYTHON = (3, 11)
LEAST_DISK_BYTES = 400 * 1024 * 1024
"""The venv, the program, tor and the packages that bring them, with room for a run's records."""
BUILD_DISK_BYTES = 400 * 1024 * 1024
"""The compilers, and what they build: Python packages for 32-bit ARM."""


def main():
    began = time.time()
    if sys.argv[1:] == ["stamp"]:
        return write_stamp()
    options = json.loads(sys.argv[1]) if sys.argv[1:] else {}
    facts = machine()
    facts.update(connection(options.get("address"), options.get("peer")))
    facts["tor"] = tor()
    facts["node"] = node()
    facts["clock"] = began
    facts.update(options.get("facts") or {})
    facts["share"] = bool(
        options.get("share") and facts["tor"]["foreign"] and "tor" in facts["node"]["packages"]
    )
    facts["refusals"] = refusals(facts)
    facts["found"] = found(facts)
    print(json.dumps(facts, sort_keys=True))
    return 0


def run(*argv):
    """Return what a program prints, or nothing where it fails or is not there."""
    try:
        done = subprocess.run(
            argv,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=30,
            check=False,
            env=dict(os.environ, LC_ALL="C"),
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip()


def text(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def machine():
    memory = re.search(r"^MemTotal:\s+(\d+) kB", text("/proc/meminfo"), re.MULTILINE)
    controllers = text("/sys/fs/cgroup/cgroup.controllers").split()
    synchronized = run("timedatectl", "show", "--property=NTPSynchronized", "--value")
    release = dict(
        line.rstrip("\n").split("=", 1)
        for line in text("/etc/os-release").splitlines()
        if "=" in line
    )
    return {
        "hostname": socket.gethostname(),
        "machine": platform.machine(),
        "userland": run("dpkg", "--print-architecture"),
        "distribution": release.get("PRETTY_NAME", "").strip('"'),
        "python": list(sys.version_info[:3]),
        "libc": platform.libc_ver()[1],
        "systemd": os.path.isdir("/run/systemd/system"),
        "apt": bool(shutil.which("apt-get")),
        "cores": os.cpu_count(),
        "memory_bytes": int(memory.group(1)) * 1024 if memory else None,
        "memory_accounted": "memory" in controllers,
        "disk_free_bytes": {top: free(top) for top in (OPT, LIB)},
        "clock_synchronized": {"yes": True, "no": False}.get(synchronized),
    }


def free(path):
    """Return how many bytes are free where a directory is, or will be."""
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return None


def connection(address, peer):
    """Say who logged in, and by which address and interface others reach this host.

    By default that is the address at which the controller's SSH arrived.
    """
    login, address = os.environ.get("SUDO_USER") or os.environ.get("DOAS_USER"), address or None
    pid = os.getpid()
    while pid > 1 and address is None:
        try:
            with open("/proc/%d/environ" % pid, "rb") as file:
                environ = dict(x.split(b"=", 1) for x in file.read().split(b"\0") if b"=" in x)
            with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
                pid = int(file.read().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            break
        told = environ.get(b"SSH_CONNECTION", b"").split()
        if told:  # the client's address and port, then this host's
            address = told[2].decode()
    if address is None:
        address = towards(peer or "192.0.2.1")
    interface, ipv4_addresses = interface_of(address)
    if address and ":" in address:  # a relay of tor has to listen on an IPv4 address
        address = [*ipv4_addresses, address.partition("%")[0]][0]
    speed = text("/sys/class/net/%s/speed" % interface).strip() if interface else ""
    return {
        "login": login if login != "root" else None,
        "address": address,
        "interface": interface,
        "link_mbit": int(speed)
        if re.match(r"^[1-9]\d*$", speed) and speed not in UNKNOWN
        else None,
    }


def towards(peer):
    """Return the address that this host has on the way to another; nothing is sent."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((peer, 9))
            return probe.getsockname()[0]
    except OSError:
        return None


def interface_of(address):
    """Return the interface that has an address, and the IPv4 addresses that it has."""
    own = (address or "").partition("%")[0]
    try:
        for link in json.loads(run("ip", "-json", "address") or "[]"):
            entries = link.get("addr_info", ())
            if any(entry.get("local") == own for entry in entries):
                ipv4 = [entry["local"] for entry in entries if entry.get("family") == "inet"]
                return link["ifname"], ipv4
    except ValueError:
        pass
    return None, []


def tor():
    states = unit_states()
    masked = [unit for unit in TOR_UNITS if states.get(unit) == "masked"]
    return {"masked": masked, "foreign": foreign_tor(states)}


def unit_states():
    lines = run(
        "systemctl", "list-unit-files", "--no-legend", "--no-pager", "--plain", "tor*"
    ).splitlines()
    states = {words[0]: words[1] for words in map(str.split, lines) if len(words) > 1}
    for unit in TOR_UNITS:  # that of an instance is known for itself alone
        if os.path.realpath("/etc/systemd/system/" + unit) == "/dev/null":
            states[unit] = "masked"
    return states


def foreign_tor(states):
    """Name each sign of a tor that somebody else uses on this host."""
    signs = ["%s runs" % (unit_of(pid) or "a tor (process %d)" % pid) for pid in tor_processes()]
    enabled = [
        os.path.basename(link)
        for link in glob.glob("/etc/systemd/system/*.wants/tor*.service")
        if re.match(r"^tor(@.+)?\.service$", os.path.basename(link))
        and states.get(os.path.basename(link)) != "masked"
    ]
    signs += ["%s is enabled" % unit for unit in sorted(set(enabled))]
    signs += ["%s is an instance" % path for path in sorted(glob.glob("/etc/tor/instances/*"))]
    conffiles = dict(
        line.split()[:2]
        for line in run("dpkg-query", "--show", "--showformat=${Conffiles}", "tor").splitlines()
        if line.strip()
    )
    shipped = conffiles.get("/etc/tor/torrc")
    if shipped and shipped != digest_of("/etc/tor/torrc", hashlib.md5):
        signs.append("/etc/tor/torrc is not as the package ships it")
    elif not shipped and os.path.exists("/etc/tor/torrc"):
        signs.append("/etc/tor/torrc is no file of a package")
    return list(dict.fromkeys(signs))


def tor_processes():
    """Return the process ids of the tors of this host that no rig of ours has started."""
    own = namespace("self")
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or text("/proc/%s/comm" % entry).strip() != "tor":
            continue
        if "/onionrig-" in text("/proc/%s/cgroup" % entry) or namespace(entry) != own:
            continue
        if "ONIONRIG_RUN=" not in text("/proc/%s/environ" % entry):
            yield int(entry)


def namespace(pid):
    try:
        return os.readlink("/proc/%s/ns/pid" % pid)
    except OSError:
        return None


def unit_of(pid):
    unit = re.search(r"([^/]+\.service)\s*$", text("/proc/%d/cgroup" % pid))
    return unit.group(1) if unit else None


def digest_of(path, kind):
    try:
        with open(path, "rb") as file:
            return kind(file.read()).hexdigest()
    except OSError:
        return None


def node():
    """Say how far this host has been provisioned."""
    try:
        members = list(grp.getgrnam(ACCOUNT).gr_mem)
    except KeyError:
        members = []
    return {
        "account": exists(pwd.getpwnam, ACCOUNT),
        "tor_account": exists(pwd.getpwnam, "debian-tor"),
        "members": members,
        "packages": installed(),
        "directories": [path for path in DIRECTORIES if not as_it_should_be(path)],
        "program": program_digest(),
        "venv": venv(),
        "runs": runs(),
        "record": record(),
    }


def exists(look_up, name):
    try:
        look_up(name)
    except KeyError:
        return False
    return True


def installed():
    lines = run(
        "dpkg-query",
        "--show",
        "--showformat=${Package} ${db:Status-Status} ${Version}\\n",
        *PACKAGES,
    )
    rows = [[*line.split(), ""] for line in lines.splitlines()]
    return {row[0]: row[2] for row in rows if row[1] == "installed"}


def as_it_should_be(path):
    owner, group, mode = DIRECTORIES[path]
    try:
        status = os.stat(path)
        names = (pwd.getpwuid(status.st_uid).pw_name, grp.getgrgid(status.st_gid).gr_name)
    except (OSError, KeyError):
        return False
    return names == (owner, group) and status.st_mode & 0o7777 == mode


def program_digest():
    """Return the digest of the program's files, as the controller computes it of the archive."""
    digest, top = hashlib.sha256(), OPT + "/program"
    for name in files_below(top):
        content = digest_of(os.path.join(top, name), hashlib.sha256)
        digest.update(("%s\0%s\n" % (name, content)).encode())
    return digest.hexdigest() if os.path.isdir(top) else None


def files_below(top):
    names = []
    for directory, subdirectories, files in os.walk(top):
        subdirectories[:] = [name for name in subdirectories if name != "__pycache__"]
        names += [os.path.relpath(os.path.join(directory, name), top) for name in files]
    return sorted(names)


def venv():
    """Return what the venv was made from, or nothing where it was not finished or was changed."""
    try:
        stamp = json.loads(text(STAMP))
    except ValueError:
        return None
    whole = stamp.get("python") == platform.python_version() and stamp.get("tree") == venv_tree()
    return stamp.get("lock") if whole else None


def venv_tree():
    """Return a digest of the names, sizes and times of the venv's files."""
    digest, top = hashlib.sha256(), OPT + "/venv"
    for name in files_below(top):
        status = os.lstat(os.path.join(top, name))
        digest.update(("%s\0%d\0%d\n" % (name, status.st_size, status.st_mtime_ns)).encode())
    return digest.hexdigest()


def write_stamp():
    stamp = {
        "lock": digest_of(OPT + "/requirements-node.lock", hashlib.sha256),
        "python": platform.python_version(),
        "tree": venv_tree(),
    }
    with open(STAMP + ".new", "w", encoding="utf-8") as file:
        json.dump(stamp, file)
    os.replace(STAMP + ".new", STAMP)
    return 0


def runs():
    """Name the runs that are under way on this host: as they claimed it, else by their ids.

    Each has a timer before it has services.
    """
    listed = ("systemctl", "list-units", "--no-legend", "--no-pager", "--plain")
    units = run(*listed, "--state=active,activating", "onionrig-*")
    ids = set(re.findall(r"^onionrig-([0-9a-f]{8})[-.]", units, re.MULTILINE))
    claimed, _, who = text("/run/onionrig/lock").partition("\n")
    return sorted({who.strip() if one == claimed and who.strip() else one for one in ids})


def record():
    try:
        if os.stat(RECORD).st_uid != 0:
            return None
        return json.loads(text(RECORD))
    except (OSError, ValueError):
        return None


def refusals(facts):
    """Explain why this host cannot be provisioned, or should not be."""
    foreign, shareable = facts["tor"]["foreign"], "tor" in facts["node"]["packages"]
    fresh = facts["node"]["venv"] is None
    system = "a Debian system for " + facts["userland"] if facts["userland"] else "no Debian system"
    least = LEAST_DISK_BYTES + (BUILD_DISK_BYTES if facts["userland"] == "armhf" else 0)
    reasons = [
        foreign
        and not facts["share"]
        and (
            "tor",
            "a tor that onionrig has not set up: " + ", ".join(foreign),
            "use another host, or %sset onionrig_share_with_tor: true, which leaves that tor "
            "untouched"
            % ("" if shareable else "install tor as a package of the distribution and "),
        ),
        facts["machine"] not in MACHINES.get(facts["userland"], ())
        and (
            "architecture",
            "%s with %s" % (facts["machine"], system),
            "use a later board than a Raspberry Pi 1 or Zero: cryptography has no wheel for ARMv6"
            if facts["machine"] == "armv6l"
            else "use amd64, arm64 or armhf: for others there are no wheels of the lock",
        ),
        not facts["apt"]
        and (
            "distribution",
            "%s, without apt-get" % (facts["distribution"] or "an unknown system"),
            "use Debian or Raspberry Pi OS, from bookworm on",
        ),
        not facts["systemd"]
        and (
            "systemd",
            "a system that systemd does not run",
            "start it with systemd, which supervises what a run starts",
        ),
        tuple(facts["python"][:2]) < OLDEST_PYTHON
        and (
            "python",
            "Python " + ".".join(map(str, facts["python"])),
            "use a system with Python 3.11 or later, such as Debian 12",
        ),
    ]
    reasons += [
        (
            "disk",
            "%d MiB free for %s" % (free_bytes >> 20, top),
            "free %d MiB there" % (least >> 20),
        )
        for top, free_bytes in sorted(facts["disk_free_bytes"].items())
        if fresh and free_bytes is not None and free_bytes < least
    ]
    return [dict(zip(("what", "found", "advice"), reason)) for reason in reasons if reason]


def found(facts):
    """Return what provision makes on this host, and purge has to undo: what it was before, too."""
    node, before = facts["node"], (facts["node"]["record"] or {}).get("found") or {}
    login, units = facts["login"], [] if facts["share"] else TOR_UNITS
    masks = [unit for unit in units if unit not in facts["tor"]["masked"]]
    members = [login] if login and login not in node["members"] else []
    return {
        "account": bool(before.get("account")) or not node["account"],
        "tor_account": bool(before.get("tor_account")) or not node["tor_account"],
        "masks": sorted({*before.get("masks", ()), *masks}),
        "members": sorted({*before.get("members", ()), *members}),
        "packages": sorted(before.get("packages", ())),
    }


sys.exit(main())
