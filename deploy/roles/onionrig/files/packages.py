# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask apt what it would do, as one JSON list of package names; install and remove nothing.

``install NAME...`` names every package that installing these brings along, after apt has read
what there is; one that is there already and would be upgraded is not among them. ``remove
NAME...`` names those of these that can go without taking others along.
"""

import json
import os
import subprocess
import sys
import time

LOCK_SECONDS = 300
"""How long to wait for another apt, such as the daily one that runs after a board has booted."""
PAUSE_SECONDS = 2


def main(action, names):
    if action == "install":
        apt_get("update")
        planned = simulated("Inst", "install", names)
    else:
        planned = removable(set(names) & installed())
    print(json.dumps(sorted(planned)))


def simulated(verb, action, names):
    if not names:
        return set()
    lines = apt_get("--simulate", "--no-install-recommends", action, *sorted(names)).splitlines()
    packages = [line.partition(" ")[2] for line in lines if line.startswith(verb + " ")]
    if verb == "Inst":  # apt prints the version that is there in brackets; such a one is upgraded
        packages = [text for text in packages if not text.partition(" ")[2].startswith("[")]
    return {text.partition(" ")[0].partition(":")[0] for text in packages}


def removable(names):
    """Return those that nothing else needs."""
    if simulated("Remv", "remove", names) <= names:
        return names
    kept = {name for name in names if not simulated("Remv", "remove", {name}) <= names}
    return removable(names - kept)


def installed():
    lines = subprocess.check_output(
        ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\\n"],
        encoding="utf-8",
        errors="replace",
    ).splitlines()
    # a package that was removed and has left its configuration is to be purged as well
    return {line.split()[0] for line in lines if line.split()[1] != "not-installed"}


def apt_get(*arguments):
    """Return what apt-get prints. It waits by itself for dpkg's lock, but not for the lists'."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        done = subprocess.run(
            ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=%d" % LOCK_SECONDS, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            check=False,
            env=dict(os.environ, LC_ALL="C", DEBIAN_FRONTEND="noninteractive"),
        )
        if not done.returncode:
            return done.stdout
        complaint = done.stderr.strip() or done.stdout.strip()
        if "Could not get lock" not in complaint or time.monotonic() > deadline:
            sys.exit("apt-get %s: %s" % (arguments[0], complaint))
        time.sleep(PAUSE_SECONDS)


main(sys.argv[1], sys.argv[2:])
