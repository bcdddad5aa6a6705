"""Probe the boards of an inventory: each measures itself, all at the same time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from onionrig.cluster.asking import Answers, accesses_of, on_all
from onionrig.engine.ansible.found import PYTHON
from onionrig.records.probe import Probe
from onionrig.rig.units import USER

if TYPE_CHECKING:
    from onionrig.engine.ansible.connection import SshConnection

PROBE_SECONDS = 300.0
"""Deadline of a probe, which usually takes half a minute."""


def probes_of(inventory: str, limit: str | None) -> Answers[Probe]:
    """Return a probe of each host. Raises UsageError for an inventory that cannot be used."""
    return asyncio.run(on_all(accesses_of(inventory, limit), _probed))


async def _probed(connection: SshConnection) -> Probe:
    printed = await connection.run(
        ("runuser", "-u", USER, "--", PYTHON, "-m", "onionrig.node.probe"), seconds=PROBE_SECONDS
    )
    return msgspec.json.decode(printed, type=Probe)
