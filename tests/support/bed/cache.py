"""What a bed is made from is made once per user, and shared by every process that asks for it.

A directory of the cache is named by a hash of all that it is made from, made beside its place under
a lock, and renamed when it is complete.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil

import platformdirs

RECIPE = 1
"""Raise it when the same ingredients are to make something else."""


def cache_directory():
    """Return where this user's cache of beds is."""
    return platformdirs.user_cache_path("onionrig-bed")


def cached(name, ingredients, make):
    """Return the directory of a name and its ingredients; make(directory) fills it if it is missing.

    Ingredients are whatever JSON can say.
    """
    text = json.dumps([RECIPE, ingredients], sort_keys=True)
    key = f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    top = cache_directory()
    place, making = top / key, top / f"{key}.making"
    if place.is_dir():
        return place
    top.mkdir(parents=True, exist_ok=True)
    with (top / f"{key}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.is_dir():
            shutil.rmtree(making, ignore_errors=True)  # of a maker that was killed
            making.mkdir()
            make(making)
            making.rename(place)
    return place
