"""Parts of a rig that are known before anything is made for it: example torrcs, socket paths."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from onionrig.errors import UsageError
from onionrig.experiment.torrc_lines import torrc_tables
from onionrig.rig.allocation import placeholder_allocation, placeholder_identities
from onionrig.rig.layout import LOOPBACK, Programs
from onionrig.rig.model import Role
from onionrig.rig.render import render
from onionrig.tor.program import refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.experiment.schema import Experiment
    from onionrig.rig.allocation import Identities
    from onionrig.rig.model import Rig

ROLES = {
    "network": (Role.AUTHORITY, Role.RELAY),
    "backends": (Role.BACKEND,),
    "load": (Role.CLIENT,),
}
"""Roles of the services whose torrcs include the lines of each table."""
NOWHERE = PurePosixPath("/nonexistent")
"""Directory of the example torrcs; tor only checks them, so it makes nothing there."""
FINGERPRINT = "A" * 40
NEEDS_ITS_FILE = "HiddenServiceOnionBalanceInstance "
"""Option that is left out: tor reads the file beside the service at once, and there is none yet."""


def refuse_unknown_lines(experiment: Experiment, argv: Sequence[str], tor: str) -> None:
    """Raise UsageError, with tor's message, if tor does not accept lines that were added.

    ``argv`` is the command that checks a torrc (``onionrig.tor.program.verifying``), ``tor`` the
    name of the program in errors. An experiment that adds no lines costs nothing. Raises NotRun if
    tor does not answer.
    """
    if experiment.network.kind == "none":
        return
    for table, lines in torrc_tables(experiment).items():
        if not lines:
            continue
        for text in example_torrcs(experiment, table):
            if objection := refusal(argv, text):
                added = msgspec.json.encode(lines).decode()
                raise UsageError(f"{table}.torrc = {added}: {tor} does not take it: {objection}")


def example_torrcs(experiment: Experiment, table: str) -> list[str]:
    """Return the torrc of one service of each role that has the lines of a table.

    Names, ports and keys in them are placeholders that tor accepts.
    """
    rig = _example_rig(experiment)
    firsts = (rig.with_role(role)[0] for role in ROLES[table])
    return [
        "".join(
            f"{line}\n"
            for file in service.files
            if file.path.name == "torrc"
            for line in file.text.splitlines()
            if not line.startswith(NEEDS_ITS_FILE)
        )
        for service in firsts
    ]


def longest_socket(experiment: Experiment) -> str:
    """Return the longest path of a unix socket below the workspace of an experiment's rig."""
    if experiment.network.kind == "none":
        return ""
    paths = (str(path.relative_to(NOWHERE)) for path in _example_rig(experiment).socket_paths())
    return max(paths, key=len)


def _example_rig(experiment: Experiment) -> Rig:
    programs = Programs(tor="tor", onionbalance="onionbalance", python="python")
    allocation = placeholder_allocation(experiment, programs)
    layouts = {
        host: msgspec.structs.replace(layout, workspace=NOWHERE, controls=None)
        for host, layout in allocation.layouts.items()
    }
    # real hosts have no addresses yet
    hosts = tuple(msgspec.structs.replace(host, address=LOOPBACK) for host in allocation.hosts)
    return render(
        experiment,
        _with_fingerprints(placeholder_identities(experiment)),
        msgspec.structs.replace(allocation, hosts=hosts, layouts=layouts),
    )


def _with_fingerprints(identities: Identities) -> Identities:
    """Return placeholders for identities that look to tor like real ones."""
    return msgspec.structs.replace(
        identities,
        authorities=tuple(
            msgspec.structs.replace(authority, v3_identity=FINGERPRINT, fingerprint=FINGERPRINT)
            for authority in identities.authorities
        ),
    )
