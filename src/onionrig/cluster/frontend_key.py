"""The address's key on the balancer's host: read to be kept elsewhere, or put there.

The key passes only through a connection's standard input and output: it is in no command line, no
log, and nothing that is printed.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import msgspec

from onionrig.cluster.asking import on_all
from onionrig.engine.ansible.connection import CommandFailed
from onionrig.errors import RunDirectoryError, Unequipped, UsageError
from onionrig.experiment.hosts import GROUPS
from onionrig.node.facts import STATE
from onionrig.rig.units import USER
from onionrig.store.given_files import given_bytes
from onionrig.tor.identities import FRONTEND_KEY, address_of_key

if TYPE_CHECKING:
    from pathlib import Path

    from onionrig.engine.ansible.access import Access
    from onionrig.engine.ansible.connection import SshConnection
    from onionrig.engine.ansible.inventory import ListedHost

DIRECTORY = STATE / "frontend"
PATH = DIRECTORY / FRONTEND_KEY
MOST_BYTES = 1 << 14
"""Upper bound on the size of a key."""
READ = f"[ -e {PATH} ] || exit 0; cat {PATH}"
UNPROVISIONED = 69
"""Exit code if the user of the services is missing (sysexits.h, EX_UNAVAILABLE)."""
WRITE = f"""set -eu; umask 077
id -u {USER} >/dev/null 2>&1 && [ -d {STATE} ] || exit {UNPROVISIONED}
install -d -o {USER} -g {USER} -m 0700 {DIRECTORY}
cat >{PATH}.new
chown {USER}:{USER} {PATH}.new
chmod 0600 {PATH}.new
mv {PATH}.new {PATH}
"""


class FrontendKey(msgspec.Struct, frozen=True, kw_only=True):
    """The key of an onion address."""

    host: str
    address: str
    pem: bytes

    def __repr__(self) -> str:
        """Return a text that leaves the secret out."""
        return f"FrontendKey(host={self.host!r}, address={self.address!r})"


def balancer_host(inventory: str, hosts: tuple[ListedHost, ...]) -> ListedHost:
    """Return the balancer's host: the one in its group, or the only host there is.

    Raises UsageError if that is not exactly one host.
    """
    group = GROUPS["balancer"]
    balancers = [host for host in hosts if group in host.groups or len(hosts) == 1]
    if len(balancers) == 1:
        return balancers[0]
    names = ", ".join(host.name for host in balancers) or "no host"
    raise UsageError(
        f"{inventory}: the address's key is kept on the balancer's host, and the group {group} has "
        f"{names}; put one host into it, or name the host with --limit"
    )


async def read_key(access: Access) -> FrontendKey | None:
    """Return the key that a host has, or None if it has none yet.

    Raises HostLost, and Unequipped if the host's file is not such a key.
    """

    async def read(connection: SshConnection) -> bytes:
        return await connection.run(("sh", "-c", READ))

    answers = await on_all([access], read)
    answers.refuse_problems()
    pem = answers.found[access.name]
    if not pem:
        return None
    try:
        return FrontendKey(host=access.name, address=address_of_key(pem), pem=pem)
    except (ValueError, TypeError) as error:
        raise Unequipped(
            f"{access.name}: {PATH} is not the key of an onion address: {error}"
        ) from error


async def write_key(access: Access, pem: bytes, *, replace: bool) -> str:
    """Put a key in place on a host, and return its address.

    Raises UsageError if the host has another key that is not to be replaced.
    """
    address = address_of_key(pem)
    present_key = await read_key(access)
    if present_key is not None and present_key.address == address:
        return address
    if present_key is not None and not replace:
        raise UsageError(
            f"{access.name} has the key of {present_key.address}, and nobody could make that "
            "again; keep it with `onionrig frontend export FILE`, then give --replace"
        )

    async def write(connection: SshConnection) -> None:
        try:
            await connection.run(("sh", "-c", WRITE), stdin=pem)
        except CommandFailed as error:
            if error.output.code != UNPROVISIONED:
                raise
            raise Unequipped(
                f"{connection.host} is not provisioned: onionrig cluster provision"
            ) from error

    answers = await on_all([access], write)
    answers.refuse_problems()
    return address


def key_from(path: Path) -> bytes:
    """Return a key that is kept in a file.

    Raises UsageError for a file that holds no such key, or that others than its owner can read.
    """
    try:
        mode = path.stat().st_mode
        pem = given_bytes(path, most_bytes=MOST_BYTES)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    try:
        address_of_key(pem)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{path} is not the key of an onion address (PKCS#8 PEM)") from error
    if stat.S_ISREG(mode) and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(f"{path} can be read by others than its owner: chmod 600 {path}")
    return pem


def keep_key(path: Path, pem: bytes) -> None:
    """Write a key to a new file that only its owner can read.

    Raises UsageError if there is anything of that name, and RunDirectoryError.
    """
    if path.is_char_device() or str(path) == "-":
        raise UsageError("a key is not printed: name a file that does not exist yet")
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise UsageError(
            f"{path} is there already, and a key is never overwritten: name another file"
        ) from error
    except OSError as error:
        raise RunDirectoryError(f"{path}: {error.strerror}; name another file") from error
    with os.fdopen(file, "wb") as opened:
        opened.write(pem)
        opened.flush()
        os.fsync(opened.fileno())  # an address whose key is lost is lost for good
