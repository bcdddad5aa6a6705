"""What a bed needs of this machine."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess

TOOLS = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "ip": "iproute2",
    "tc": "iproute2",
    "nsenter": "util-linux",
    "dpkg-deb": "dpkg",
    "apt-get": "apt",
}
"""Programs, each with the Debian package that has it."""
_MAKES_NAMESPACES = ("unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", "--", "true")


@functools.cache
def why_not():
    """Explain why no bed can be made here, or return None."""
    if os.geteuid() != 0:
        return "a bed of hosts is made by root alone: systemd-nspawn and overlays need it"
    missing = sorted({package for tool, package in TOOLS.items() if not shutil.which(tool)})
    if missing:
        return f"a bed of hosts needs Debian's {', '.join(missing)}: make dev installs them"
    able = subprocess.run(_MAKES_NAMESPACES, capture_output=True, text=True, check=False)
    if able.returncode:
        return f"root may not make namespaces here ({able.stderr.strip()}), so there is no bed"
    return None
