"""Make the identities of a rig before anything starts: authorities' keys, onion keys.

Keys of authorities and relays take seconds to make and reveal nothing about anybody, so they are
kept in the user's cache directory and used again; onion keys are new in every run.
"""

from __future__ import annotations

import datetime
import fcntl
import hashlib
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from onionrig.errors import Unequipped
from onionrig.programs import found, run_program
from onionrig.rig.allocation import AuthorityIdentity, OnionIdentity, RelayIdentity
from onionrig.rig.keys import HostKeys, identities_from, keys_wanted
from onionrig.store.whole_files import put_in_place, write_whole
from onionrig.tor.address import address_from_key
from onionrig.tor.bootstrap import complaint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from onionrig.experiment.schema import Experiment
    from onionrig.rig.allocation import Identities
    from onionrig.rig.keys import KeysWanted

FRONTEND_KEY = "frontend.pem"
RELAY_KEYS = (
    "secret_id_key", "secret_onion_key", "secret_onion_key_ntor", "ed25519_master_id_secret_key",
    "ed25519_master_id_public_key", "ed25519_signing_cert", "ed25519_signing_secret_key",
)  # fmt: skip
VOTING_KEYS = ("authority_signing_key", "authority_certificate")
DIGESTS = "SHA256SUMS"
"""The file of a cache entry that holds the digests of its other files, as they were made."""
CERTIFICATE_MONTHS = 12
RENEWED_BEFORE = datetime.timedelta(days=2)
_SECONDS = 60
LOCK = "lock"
"""The file of a cache that is locked while keys are made there."""
ROOM_BYTES = 1 << 20
"""Space that new keys may take (a judgement: those of a smoke run take 100 KiB)."""
_LOCK_SECONDS = 30.0
"""Time after which another run is no longer waited for; it usually needs a few seconds."""
_LOCK_LOOK_SECONDS = 0.1
_MOST_LETTERS = 500
"""Upper bound on what a program printed that an error quotes."""


def make_identities(
    experiment: Experiment, *, workspace: Path, cache: Path, tor: str
) -> Identities:
    """Make all identities of a rig, which takes seconds the first time and hardly any later.

    Raises Unequipped if tor or tor-gencert cannot make keys.
    """
    keys = make_keys(keys_wanted(experiment), workspace=workspace, cache=cache, tor=tor)
    return identities_from(experiment, [keys])


def make_keys(
    wanted: KeysWanted, *, workspace: Path, cache: Path, tor: str, kept_frontend: Path | None = None
) -> HostKeys:
    """Make the keys of some services, new ones in the workspace, and return the public halves.

    The address's key is the one in the directory ``kept_frontend``, where it is made if missing;
    without such a directory it is made in the workspace. Raises Unequipped if tor or tor-gencert
    cannot make keys. If another run does not release the cache in time, all are made in the
    workspace.
    """
    made_in = workspace / "identities"
    made_in.mkdir(mode=0o700)
    with _locked(cache, otherwise=workspace / "cache") as kept, ThreadPoolExecutor() as pool:
        authorities = pool.map(lambda name: _authority(kept / name, tor=tor), wanted.authorities)
        relays = pool.map(lambda name: _relay(kept / name, tor=tor), wanted.relays)
        return HostKeys(
            authorities=dict(zip(wanted.authorities, authorities, strict=True)),
            relays=dict(zip(wanted.relays, relays, strict=True)),
            backends={name: onion_identity(made_in / name) for name in wanted.backends},
            frontend=_frontend(kept_frontend or made_in / "frontend") if wanted.frontend else None,
        )


def onion_identity(directory: Path) -> OnionIdentity:
    """Make an onion service's keys as tor keeps them (tor: src/lib/crypt_ops/crypto_ed25519.c)."""
    key = Ed25519PrivateKey.generate()
    address = address_from_key(key.public_key().public_bytes_raw())
    expanded = bytearray(hashlib.sha512(key.private_bytes_raw()).digest())
    expanded[0] &= 248
    expanded[31] = (expanded[31] & 63) | 64
    contents = {
        "hs_ed25519_secret_key": _key_file_tag(b"secret") + bytes(expanded),
        "hs_ed25519_public_key": _key_file_tag(b"public") + key.public_key().public_bytes_raw(),
        "hostname": f"{address}\n".encode(),
    }
    return OnionIdentity(address=address, key_paths=_write_keys(directory, contents))


def frontend_identity(directory: Path) -> OnionIdentity:
    """Make the frontend's key as Onionbalance reads it: PKCS#8 PEM."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return OnionIdentity(
        address=address_from_key(key.public_key().public_bytes_raw()),
        key_paths=_write_keys(directory, {FRONTEND_KEY: pem}, lasting=True),
    )


def address_of_key(pem: bytes) -> str:
    """Return the onion address of a frontend's key. Raises ValueError for any other content."""
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("not an ed25519 key")  # noqa: TRY004 - it is the file that is wrong
    return address_from_key(key.public_key().public_bytes_raw())


def _frontend(directory: Path) -> OnionIdentity:
    """Return the key that is kept in a directory; it is made now if it is missing."""
    path = directory / FRONTEND_KEY
    if not path.is_file():
        return frontend_identity(directory)
    try:
        address = address_of_key(path.read_bytes())
    except ValueError as error:
        raise Unequipped(f"{path} is not the key of an onion address: {error}") from error
    return OnionIdentity(address=address, key_paths={FRONTEND_KEY: PurePosixPath(path)})


def certificate_expires(certificate: str) -> datetime.datetime:
    """Return when an authority's certificate ends, UTC (torspec: dir-spec, dir-key-expires)."""
    (value,) = (
        line.removeprefix("dir-key-expires ")
        for line in certificate.splitlines()
        if line.startswith("dir-key-expires ")
    )
    return datetime.datetime.fromisoformat(value).replace(tzinfo=datetime.UTC)


def _authority(directory: Path, *, tor: str) -> AuthorityIdentity:
    if not _is_usable(directory):
        with _remade(directory) as fresh:
            _make_voting_keys(fresh, gencert=_gencert_beside(tor))
            _make_relay_keys(fresh, tor=tor)
    certificate = (directory / "authority_certificate").read_text(encoding="ascii")
    (v3_identity,) = (
        line.split()[1] for line in certificate.splitlines() if line.startswith("fingerprint ")
    )
    return AuthorityIdentity(
        v3_identity=v3_identity,
        fingerprint=_fingerprint(directory),
        key_paths=_paths(directory, (*VOTING_KEYS, *RELAY_KEYS)),
    )


def _relay(directory: Path, *, tor: str) -> RelayIdentity:
    if not _is_intact(directory, RELAY_KEYS):
        with _remade(directory) as fresh:
            _make_relay_keys(fresh, tor=tor)
    return RelayIdentity(
        fingerprint=_fingerprint(directory), key_paths=_paths(directory, RELAY_KEYS)
    )


def _fingerprint(directory: Path) -> str:
    return (directory / "fingerprint").read_text(encoding="ascii").split()[1]


def _paths(directory: Path, names: Iterable[str]) -> dict[str, PurePosixPath]:
    return {name: PurePosixPath(directory / name) for name in names}


@contextmanager
def _remade(directory: Path) -> Iterator[Path]:
    """Make a cache entry completely or not at all, replacing one that is unusable."""
    fresh = directory.with_name(f"{directory.name}.new")
    for old in (directory, fresh):
        if old.is_dir() and not old.is_symlink():
            shutil.rmtree(old)
        else:
            old.unlink(missing_ok=True)
    fresh.mkdir(mode=0o700)
    yield fresh
    # not lasting by itself: the whole directory is put in place
    write_whole(fresh / DIGESTS, _digests(fresh, _files(fresh)).encode(), lasting=False)
    put_in_place(fresh, directory)


def _is_intact(directory: Path, names: Iterable[str]) -> bool:
    """Return whether a cache entry has these files, each of them as it was made.

    A power cut can leave a file empty, truncated or full of zeros. An entry without digests is from
    an earlier version, which did not check for that.
    """
    try:
        needed_names = {*names, "fingerprint"}
        return needed_names <= _files(directory) and _digests(directory, _files(directory)) == (
            directory / DIGESTS
        ).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return False


def _files(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()} - {DIGESTS}


def _digests(directory: Path, names: Iterable[str]) -> str:
    """Return the digests of files as ``sha256sum --check`` reads them."""
    return "".join(
        f"{hashlib.sha256((directory / name).read_bytes()).hexdigest()}  {name}\n"
        for name in sorted(names)
    )


def _is_usable(directory: Path) -> bool:
    if not _is_intact(directory, (*VOTING_KEYS, *RELAY_KEYS)):
        return False
    certificate = (directory / "authority_certificate").read_text(encoding="ascii")
    expires = certificate_expires(certificate)
    return expires - RENEWED_BEFORE > datetime.datetime.now(datetime.UTC)


def _make_voting_keys(directory: Path, *, gencert: str) -> None:
    _run_key_program(
        [
            gencert,
            "--create-identity-key",
            "--passphrase-fd", "0",
            "-m", str(CERTIFICATE_MONTHS),
            "-i", str(directory / "authority_identity_key"),
            "-s", str(directory / "authority_signing_key"),
            "-c", str(directory / "authority_certificate"),
        ],
        makes=[directory / name for name in ("authority_identity_key", *VOTING_KEYS)],
        stdin=b"onionrig\n",
    )  # fmt: skip
    # it signs new signing keys, which we never ask for: keep no secret that nobody needs
    (directory / "authority_identity_key").unlink()


def _make_relay_keys(directory: Path, *, tor: str) -> None:
    data = directory / "data"
    data.mkdir(mode=0o700)
    torrc = directory / "torrc"
    torrc.touch(mode=0o600)  # empty: tor would look for the system's own without one
    _run_key_program(
        [
            tor, "--list-fingerprint", "-f", str(torrc), "--defaults-torrc", "/dev/null",
            "--DataDirectory", str(data), "--ORPort", "9001", "--Address", "127.0.0.1",
            "--Nickname", directory.name.removesuffix(".new").replace("-", ""),
            "--DirAuthority", f"none 127.0.0.1:1 {'f' * 40}",
        ],
        makes=[data / "fingerprint", *(data / "keys" / name for name in RELAY_KEYS)],
    )  # fmt: skip
    for name in RELAY_KEYS:
        (data / "keys" / name).rename(directory / name)
    (data / "fingerprint").rename(directory / "fingerprint")
    shutil.rmtree(data)
    torrc.unlink()


def _gencert_beside(tor: str) -> str:
    beside = Path(tor).with_name("tor-gencert")
    path = str(beside) if beside.is_file() else found("tor-gencert")
    if path is None:
        raise Unequipped("tor-gencert was not found: it comes with tor (Debian: package tor)")
    return path


def _run_key_program(argv: list[str], *, makes: Sequence[Path], stdin: bytes = b"") -> None:
    """Run a program that makes keys. Raises Unequipped if it fails, or does not make the files."""
    completed = run_program(argv, seconds=_SECONDS, given=stdin)
    if completed.code or not all(path.is_file() for path in makes):
        printed = (completed.out + completed.err).strip()[-_MOST_LETTERS:]
        raise Unequipped(
            f"{argv[0]} could not make keys (exit code {completed.code}): "
            f"{complaint(completed.out) or printed or 'it printed nothing'}"
        )


def _write_keys(
    directory: Path, contents: dict[str, bytes], *, lasting: bool = False
) -> dict[str, PurePosixPath]:
    """Write keys that only their owner can read; those that outlive the run are ``lasting``."""
    directory.mkdir(mode=0o700, exist_ok=True)
    paths = {}
    for name, content in contents.items():
        path = directory / name
        write_whole(path, content, lasting=lasting)
        paths[name] = PurePosixPath(path)
    return paths


def _key_file_tag(kind: bytes) -> bytes:
    return b"== ed25519v1-" + kind + b": type0 ==\x00\x00\x00"


@contextmanager
def _locked(cache: Path, *, otherwise: Path) -> Iterator[Path]:
    """Keep a second run out of the cache while keys are made, and return where to make them.

    A run that was stopped may hold the lock for ever; then it is the other directory.
    """
    until = time.monotonic() + _LOCK_SECONDS
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    cache.chmod(0o700)
    with (cache / LOCK).open("w", encoding="utf-8") as lock:
        while not _is_taken(lock):
            if time.monotonic() > until:
                otherwise.mkdir(mode=0o700)
                yield otherwise
                return
            time.sleep(_LOCK_LOOK_SECONDS)
        yield cache


def _is_taken(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unusable_cache(cache: Path) -> str | None:
    """Explain why keys cannot be kept in a directory, which is made if missing, or return None.

    A run as root, or a restored backup, may have left files there that this user cannot replace.
    """
    try:
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        if cache.stat().st_uid != os.geteuid():
            return f"{cache} belongs to another user"
        cache.chmod(0o700)
        if shutil.disk_usage(cache).free < ROOM_BYTES:
            return f"{cache} has no room for keys"
        with (cache / LOCK).open("w", encoding="utf-8") as lock:
            _is_taken(lock)
        shut = [
            entry for entry in cache.iterdir()
            if entry.is_dir() and not os.access(entry, os.R_OK | os.W_OK | os.X_OK)
        ]  # fmt: skip
    except OSError as error:
        return f"{error.filename or cache} cannot be written ({error.strerror})"
    return f"{shut[0]} cannot be replaced" if shut else None
