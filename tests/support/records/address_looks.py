"""Looks at an address, made by hand: the replies of HSDirs, and what clients see."""

import hashlib

from onionrig.balancer.inspection.client_view import Looked, Subject, address_seen
from onionrig.balancer.inspection.reached_instances import Instance
from onionrig.records.descriptor import Answer
from onionrig.tor.descriptors import Descriptor, IntroductionPoint
from onionrig.tor.hash_ring import HSDir, KnownNetwork, KnownRelay, TimePeriod
from onionrig.tor.hsdirs import HSDirReply

NOW_SECONDS = 1_790_000_000.0
SRV_SECONDS = 1_789_999_000
"""When the shared random value was made: revisions count from then."""
REVISION = 900 * 32768
"""Of about a hundred seconds ago."""
HOURS = 3600
TWO_INSTANCES = {"one": ["k1", "k2"], "two": ["k3", "k4"]}
"""The keys of the introduction points of each."""


def relay(name):
    return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest().upper()


def published(*points, **more):
    """Return a descriptor; each point is written ``key@relay``."""
    pairs = [point.split("@") for point in points]
    return Descriptor(
        **{
            "revision": REVISION,
            "points": tuple(IntroductionPoint(key=key, relay=relay(name)) for key, name in pairs),
            "size_bytes": 14_000,
            "lifetime_seconds": 3 * HOURS,
            "valid_until_seconds": NOW_SECONDS + 54 * HOURS,
        }
        | more
    )


def seen(
    *held,
    instances=None,
    own=None,
    first_seen=None,
    period=7,
    random_seconds=SRV_SECONDS,
):
    """Return a look at HSDirs ``dir1``, ``dir2``, …: descriptors, or answers without one.

    ``instances`` has the keys of each, by name; ``own`` those without a descriptor of their own
    as None.
    """
    replies = tuple(
        HSDirReply(
            hsdir=HSDir(replica=1 if number <= 3 else 2, relay=known(f"dir{number}")),
            **({"answer": Answer.HELD, "descriptor": each} if isinstance(each, Descriptor)
               else {"answer": each, "reason": "NOT_FOUND"}),
        )
        for number, each in enumerate(held, start=1)
    )  # fmt: skip
    names = instances or {}
    return address_seen(
        Looked(
            subject=Subject(address="front.onion", run="a-run", instances=dict.fromkeys(names, "")),
            asked="a tor",
            now_seconds=NOW_SECONDS,
            network=network("abcdefgh"),
            period=TimePeriod(
                number=period,
                length_minutes=8,
                ends_seconds=int(NOW_SECONDS) + 60,
                random=b"",
                random_since_seconds=random_seconds,
            ),
            replies=replies,
            instances={
                name: Instance(
                    address=f"{name}.onion",
                    own_points=(own or {}).get(name, len(keys)),
                    points=tuple(IntroductionPoint(key=key, relay="") for key in keys),
                )
                for name, keys in names.items()
            },
            first_seen_seconds=first_seen or {},
        )
    )


def known(name):
    return KnownRelay(fingerprint=relay(name), nickname=name, hsdir=True, identity=b"")


def network(names):
    return KnownNetwork(
        valid_after_seconds=int(NOW_SECONDS),
        voting_interval_seconds=20,
        testing=True,
        parameters={},
        current_random=None,
        previous_random=None,
        relays=tuple(known(name) for name in names),
    )
