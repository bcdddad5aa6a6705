# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetch the locked Python packages for a host without an index, into one archive; print its path.

It runs on the controller: ``wheels.py LOCK CACHE PYTHON MACHINE LIBC``, as in ``3.11 x86_64 2.36``.
pip compares every file with the hashes of the lock. What is in the cache is not fetched again, and
hosts of one kind that ask at once wait for the first.
"""

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile


def main(lock, cache, python, machine, libc):
    digest = hashlib.sha256(pathlib.Path(lock).read_bytes()).hexdigest()[:12]
    directory = pathlib.Path(cache) / "wheels" / digest
    directory.mkdir(parents=True, exist_ok=True)
    archive = directory / f"{python}-{machine}-{libc}.tar"
    with archive.with_suffix(".lock").open("w", encoding="utf-8") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not archive.exists():
            fetch(lock, archive, python, platforms(machine, libc))
    print(archive)


def platforms(machine, libc):
    major, minor = (int(number) for number in libc.split(".")[:2])
    names = [f"manylinux_{major}_{at}_{machine}" for at in range(minor, 16, -1)]
    names += [f"manylinux2014_{machine}", f"manylinux2010_{machine}", f"manylinux1_{machine}"]
    return [*names, f"linux_{machine}"]


def fetch(lock, archive, python, names):
    folder = archive.with_suffix(".new")
    shutil.rmtree(folder, ignore_errors=True)
    arguments = [
        "--no-deps",
        "--require-hashes",
        "--implementation",
        "cp",
        "--python-version",
        python,
    ]
    arguments += [f"--platform={name}" for name in names]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
            *arguments,
            "--requirement",
            lock,
            "--dest",
            str(folder),
        ],
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        lines = [line for line in done.stderr.splitlines() if not line.startswith("WARNING")]
        sys.exit("the controller cannot fetch the Python packages: " + " ".join(lines[-3:]))
    with tarfile.open(f"{folder}.tar", "w") as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, path.name)
    with open(f"{folder}.tar", "rb") as whole:
        os.fsync(whole.fileno())  # a rename alone may leave an empty file after a power cut
    os.replace(f"{folder}.tar", archive)
    shutil.rmtree(folder)


main(*sys.argv[1:])
