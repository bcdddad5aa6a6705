"""Whether this process may make network namespaces: as root, or in a user namespace of its own.

A user namespace gives what emulated hosts need and nothing beyond: in it the process is root over
the namespaces that are made there, and over nothing of the machine.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from onionrig.errors import Unequipped
from onionrig.programs import NotRun, found, run_program

if TYPE_CHECKING:
    from collections.abc import Sequence

TOOLS = {"unshare": "util-linux", "nsenter": "util-linux", "ip": "iproute2", "tc": "iproute2"}
"""The programs that emulated hosts are made with, and their Debian packages."""

ROOTS_PATH = "/usr/sbin:/sbin"

IN_USER_NAMESPACE = "ONIONRIG_IN_USER_NAMESPACE"
"""Environment variable that is set once this program runs in a user namespace of its own."""

_AS_ROOT = ("unshare", "--user", "--map-root-user", "--")
_TRIAL_SECONDS = 30
_TRIAL = ("unshare", "--net", "--", "true")
_SWITCHES = {
    "/proc/sys/kernel/unprivileged_userns_clone": (
        "0",
        "kernel.unprivileged_userns_clone is 0 (sysctl -w kernel.unprivileged_userns_clone=1)",
    ),
    "/proc/sys/user/max_user_namespaces": (
        "0",
        "user.max_user_namespaces is 0 (sysctl -w user.max_user_namespaces=1000)",
    ),
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": (
        "1",
        "AppArmor restricts them (sysctl -w kernel.apparmor_restrict_unprivileged_userns=0)",
    ),
}
"""Settings with which an administrator may have restricted user namespaces, and what to report."""


def tool(name: str) -> str:
    """Return the path of a program; Debian keeps some where only root's PATH leads."""
    return found(name, elsewhere=ROOTS_PATH) or name


def enter_user_namespace_if_needed() -> None:
    """Make sure that network namespaces can be made; if necessary, enter a user namespace.

    To enter it, this program is started again there and the call does not return, so nothing
    lasting may have been made before. Process id, command line and files are the same, and the
    process still sees the machine's own network. Raises Unequipped if neither way works.
    """
    _refuse_missing(TOOLS)
    if _works(_TRIAL):
        return
    if IN_USER_NAMESPACE in os.environ or not _works((*_AS_ROOT, *_TRIAL)):
        raise Unequipped(_explained())
    os.environ[IN_USER_NAMESPACE] = "1"
    sys.stdout.flush()
    sys.stderr.flush()
    os.execvp(_AS_ROOT[0], again())  # noqa: S606 - our own command line, from its own argv


def again() -> list[str]:
    """Return this program's own command line, in a user namespace."""
    return [*_AS_ROOT, sys.executable, *sys.orig_argv[1:]]


def _refuse_missing(tools: dict[str, str]) -> None:
    missing = {name: package for name, package in tools.items() if not shutil.which(tool(name))}
    if missing:
        packages = " ".join(sorted(set(missing.values())))
        raise Unequipped(
            f"emulated hosts are made with {', '.join(missing)}, not found here: "
            f"apt-get install {packages}"
        )


def _works(argv: Sequence[str]) -> bool:
    try:
        return run_program(argv, seconds=_TRIAL_SECONDS).code == 0
    except NotRun:
        return False


def _explained() -> str:
    reasons = [reason for path, (value, reason) in _SWITCHES.items() if _reads(path) == value]
    if os.geteuid() == 0:
        reasons.append("this root has no CAP_SYS_ADMIN (in a container: --cap-add SYS_ADMIN)")
    why = "; ".join(reasons) or "the kernel refuses them, in a container perhaps by its seccomp"
    return (
        f"emulated hosts need network namespaces, and this user may not make any: {why}. "
        "Run it as root, or allow user namespaces; without [[hosts]] no privileges are needed"
    )


def _reads(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return None
