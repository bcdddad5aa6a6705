"""What a host of one Debian suite is made from: a base tree, and the packages that it can install.

The tree has what a fresh Debian or Raspberry Pi OS Lite has, and neither tor nor venv. The packages
are fetched in the same breath, so that they fit the tree however long both are cached.
"""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING

from support.bed.cache import cached
from support.bed.ground import run
from support.bed.sources import debian_sources

if TYPE_CHECKING:
    from pathlib import Path

FRESH = (
    "systemd", "systemd-sysv", "systemd-timesyncd", "libpam-systemd", "dbus", "udev", "kmod",
    "openssh-server", "sudo", "python3", "python3-apt", "iproute2", "iputils-ping", "nftables",
    "procps", "util-linux", "adduser", "ca-certificates", "netbase", "tzdata", "less",
)  # fmt: skip
"""What is installed on a fresh host."""
INSTALLABLE = (
    "tor", "python3-venv",
    # what a host compiles Python packages with
    "gcc", "libc6-dev", "libffi-dev", "python3-dev",
    # for tests of clocks
    "libfaketime",
)  # fmt: skip
"""What a host can install, and with it all that these depend on."""
USER = "pi"

_OWN_CHILD = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--")
"""So that nothing of mmdebstrap goes on after this process."""
_DOWNLOAD = (
    'APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get --yes --no-install-recommends --download-only '
    "-o Dir::Cache::archives={packages} install {names} >&2"
)
_FINISH = """\
chroot "$1" useradd --create-home --shell /bin/bash {user}
echo "{user} ALL=(ALL) NOPASSWD: ALL" >"$1/etc/sudoers.d/010_{user}-nopasswd"
rm -f "$1"/etc/ssh/ssh_host_* "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/*
"""


@dataclass(frozen=True, kw_only=True)
class Suite:
    """Directories of the cache, which nobody writes to."""

    tree: Path
    packages: Path
    """A flat APT repository."""


def cached_suite(name):
    """Return what hosts of a suite are made from; make it if it is not in the cache."""
    ingredients = {
        "suite": name,
        "machine": platform.machine(),
        "fresh": FRESH,
        "installable": INSTALLABLE,
        "download": _DOWNLOAD,
        "finish": _FINISH,
    }
    directory = cached(name, ingredients, lambda making: _make(name, making))
    return Suite(tree=directory / "tree", packages=directory / "packages")


def _make(name, directory):
    packages, sources = directory / "packages", directory / "debian.sources"
    (packages / "partial").mkdir(parents=True)
    sources.write_text(debian_sources(name))
    run(
        *_OWN_CHILD,
        "mmdebstrap",
        "--mode=root",
        "--variant=minbase",
        f"--include={','.join(FRESH)}",
        f"--customize-hook={_DOWNLOAD.format(packages=packages, names=' '.join(INSTALLABLE))}",
        f"--customize-hook={_FINISH.format(user=USER)}",
        name,
        directory / "tree",
        sources,
    )
    _index(name, packages)


def _index(name, packages):
    stanzas = []
    for package in sorted(packages.glob("*.deb")):
        fields = run("dpkg-deb", "--field", package).rstrip("\n")
        content = package.read_bytes()
        stanzas.append(
            f"{fields}\nFilename: ./{package.name}\nSize: {len(content)}\n"
            f"SHA256: {hashlib.sha256(content).hexdigest()}\n"
        )
    index = "\n".join(stanzas).encode()
    (packages / "Packages").write_bytes(index)
    (packages / "Release").write_text(
        f"Origin: bed\nSuite: {name}\nCodename: {name}\nDate: {formatdate(usegmt=True)}\n"
        f"SHA256:\n {hashlib.sha256(index).hexdigest()} {len(index)} Packages\n"
    )
