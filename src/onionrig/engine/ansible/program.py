"""Pack the programs that run on a host; the same program always gives the same bytes.

``python -m onionrig.engine.ansible.program`` makes the archive in this user's cache and prints what
the Ansible collection needs to know about it. ``provisioned_version`` is what a host then records.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import tempfile
from functools import cache
from pathlib import Path

import platformdirs

import onionrig
from onionrig.store.whole_files import put_in_place

LEFT_OUT = frozenset({"cli", "cluster", "deploy", "run", "series", "views"})
"""Packages that only a controller needs: the command line, the report, the phases of a run."""


def main() -> None:
    """Make the archive, and print as JSON what the collection needs to know about it."""
    print(json.dumps(packed()))  # noqa: T201 - this is a program that prints


def packed() -> dict[str, str]:
    """Make the archive in this user's cache; return its path, version and digest."""
    content = archive()
    path = platformdirs.user_cache_path("onionrig") / f"program-{_short_digest(content)}.tar"
    if not path.is_file() or path.read_bytes() != content:  # an earlier one may be damaged
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(content)
        put_in_place(Path(file.name), path)
    return {"archive": str(path), "version": provisioned_version(), "digest": files_digest()}


@cache
def provisioned_version() -> str:
    """Return the version that a host records when it is provisioned by this program."""
    return f"{onionrig.__version__}+{_short_digest(archive())}"


@cache
def archive() -> bytes:
    """Return a tar archive of the programs: names in order, without times and owners."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in _files().items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@cache
def files_digest() -> str:
    """Return the digest of the files, as the collection computes it on a host."""
    digest = hashlib.sha256()
    for name, content in _files().items():
        digest.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()


@cache
def _files() -> dict[str, bytes]:
    top = Path(onionrig.__file__).parent
    files = {}
    for path in top.rglob("*"):
        parts = path.relative_to(top).parts
        if parts[0] not in LEFT_OUT and "__pycache__" not in parts and path.is_file():
            files["/".join(("onionrig", *parts))] = path.read_bytes()
    return dict(sorted(files.items()))


def _short_digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


if __name__ == "__main__":
    main()
