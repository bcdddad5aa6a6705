"""Make keys on this host and print their public halves: ``python -m onionrig.node.keys WORKSPACE``.

Standard input has the ``KeysWanted`` as JSON. Secret halves never leave the host: those of backend
instances are in the run's workspace, those of authorities and relays, which reveal nothing about
anybody, are kept for later runs, and so is the address's own.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from onionrig.errors import OnionrigError
from onionrig.node.facts import STATE
from onionrig.rig.keys import KeysWanted
from onionrig.rig.model import json_text
from onionrig.tor.identities import make_keys
from onionrig.tor.program import find_tor


def main() -> None:
    """Make the keys that standard input asks for."""
    try:
        keys_wanted = msgspec.json.decode(sys.stdin.buffer.read(), type=KeysWanted)
        keys = make_keys(
            keys_wanted,
            workspace=Path(sys.argv[1]),
            cache=STATE / "keys",
            tor=find_tor().path,
            kept_frontend=STATE / "frontend",
        )
    except OnionrigError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    sys.stdout.write(json_text(keys))


if __name__ == "__main__":
    main()
