"""Measure what this board can do, and print it as JSON: ``python -m onionrig.node.probe``."""

from __future__ import annotations

import asyncio
import sys

import msgspec

from onionrig.errors import OnionrigError
from onionrig.probe.probe import probe


def main() -> None:
    """Print a probe of this board."""
    try:
        probed = asyncio.run(probe())
    except OnionrigError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    sys.stdout.buffer.write(msgspec.json.encode(probed))


if __name__ == "__main__":
    main()
