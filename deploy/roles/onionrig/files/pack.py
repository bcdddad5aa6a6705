# SPDX-License-Identifier: GPL-3.0-or-later
"""Pack wheels that were built here: ``pack.py FOLDER ARCHIVE``.

Their hashes are not those of the lock, which has the hashes of what they were built from. So the
archive also has a requirements.txt, with the hash of each wheel, for pip to compare.
"""

import hashlib
import pathlib
import sys
import tarfile


def main(folder, archive):
    wheels = sorted(pathlib.Path(folder).glob("*.whl"))
    requirements = pathlib.Path(folder) / "requirements.txt"
    requirements.write_text("".join(map(requirement, wheels)), encoding="utf-8")
    with tarfile.open(archive, "w") as tar:
        for path in [requirements, *wheels]:
            tar.add(path, path.name)


def requirement(wheel):
    name, version = wheel.name.split("-")[:2]
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


main(*sys.argv[1:])
